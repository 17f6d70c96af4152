"""What came of a sequence, as values: shrinking begins with them, the memo keeps them, and bugs are made of them."""

from attrs import frozen

from churn.lifecycle.condition import Abstract
from churn.lifecycle.operations import Step
from churn.lifecycle.sequence import Sequence
from churn.session.fingerprint import Fingerprint
from churn.session.verdict import Signature

Steps = tuple[Step, ...]


@frozen
class Failing:
    """A sequence whose last step fails, and what the failure looks like.

    `befores` are the abstract states in which its steps were done, one for each; empty if that is not known.
    """

    names: tuple[str, ...]
    sequence: Sequence
    fingerprint: Fingerprint
    befores: tuple[Abstract, ...] = ()

    @property
    def steps(self) -> Steps:
        """Its steps."""
        return self.sequence.steps

    @property
    def signature(self) -> Signature:
        """What tells its failure from others."""
        return self.fingerprint.signature


@frozen
class Result:
    """How a run of a sequence ended: the steps that were done, and the failure that it ended with.

    `failing` is None where it passed. `met` are the known bugs that the run met and could go on behind, `involved` those
    that its last step met.
    """

    steps: Steps
    failing: Failing | None = None
    met: tuple[Fingerprint, ...] = ()
    involved: tuple[Fingerprint, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return self.failing is not None

    @property
    def signature(self) -> Signature | None:
        """What tells its failure from others, None where it passed."""
        return self.failing.signature if self.failing is not None else None
