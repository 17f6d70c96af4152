"""A job that is being done, and what failed so far."""

from attrs import define, field

from churn.farm.job import Job
from churn.session.failing import Failing
from churn.session.fingerprint import Fingerprint
from churn.session.session import Session
from churn.session.violation import Violation


@define(eq=False)
class Work:
    """A job that is being done, in its session, and what failed so far."""

    job: Job
    session: Session
    failures: dict[Fingerprint, Failing] = field(init=False, factory=dict)
    """The shortest failing sequence of each look."""

    def violated(self, violation: Violation) -> bool:
        """Note what failed; whether it is the first that looks so."""
        return self.met(violation.failing)

    def met(self, failing: Failing) -> bool:
        """Note a failing sequence; whether it is the first that looks so."""
        known = self.failures.get(failing.fingerprint)
        if known is None or len(failing.steps) < len(known.steps):
            self.failures[failing.fingerprint] = failing
        return known is None
