"""A bug: what a failure came to, and how sure that is."""

from attrs import field, frozen

from churn.lifecycle.invariants import Trait
from churn.lifecycle.operations import Step
from churn.session.done import Done
from churn.session.failing import Failing
from churn.session.fingerprint import Fingerprint
from churn.session.known import Behind
from churn.session.run import Record
from churn.session.verdict import Signature
from churn.shrink.rate import Rate


@frozen(kw_only=True)
class Bug:
    """What a failure came to. `minimal`: nothing smaller that seemed worth a run fails.

    `rate` counts the runs that were made of it once it had been found, None where the budget did not allow any. `doubted`: the
    system was seen to disagree with itself meanwhile.
    """

    failing: Failing
    minimal: bool
    runs: int
    rate: Rate | None = None
    record: Record | None = None
    """The failing step of the last run in which it failed, with its evidence, that of its discovery included."""
    symptoms: frozenset[Signature] = frozenset()
    """Other signatures whose failures were found to be cases of it."""
    looks: frozenset[Fingerprint] = frozenset()
    """What failures look like that are cases of it."""
    consequences: frozenset[Fingerprint] = frozenset()
    """What failures look like that do not come once what it does is put right."""
    paced: frozenset[Fingerprint] = frozenset()
    """Those of its cases that were taken for it since the same steps, done calmly, met it: they may hide something."""
    doubted: bool = False
    companions: tuple[Fingerprint, ...] = ()
    """What else was objected to when it failed last."""
    behind: Behind = field(factory=Behind)
    """The bugs that were known when it was found: it is met behind them."""

    work: object = field(default=None, eq=False, repr=False)
    """What the shrinker knows of it, where it can be gone on with."""

    @property
    def unfinished(self) -> bool:
        """Whether it may get smaller, or surer, if it is gone on with."""
        return self.work is not None

    @property
    def signature(self) -> Signature:
        """What tells it from others."""
        return self.failing.signature

    @property
    def steps(self) -> tuple[Step, ...]:
        """The smallest failing sequence's steps."""
        return self.failing.steps

    @property
    def cause(self) -> Done:
        """What makes it: the operations of the smallest failing sequence."""
        return Done.of(self.failing.names, self.steps, self.failing.sequence.naming)

    @property
    def usual(self) -> float | None:
        """Seconds that its last operation takes elsewhere, where its taking longer is what fails; else None."""
        slow = self.record.slow if self.record is not None and self.failing.fingerprint.has(Trait.COMPARED) else None
        return slow.elsewhere if slow is not None else None

    @property
    def flaky(self) -> bool:
        """Whether it does not always fail."""
        return self.doubted or (self.rate is not None and self.rate.value < 1)

    @property
    def once(self) -> bool:
        """Whether it was run again, and failed in none of these runs: so it is no bug, but something that was seen once."""
        return self.rate is not None and self.rate.runs > 0 and not self.rate.failures

    @property
    def confirmed(self) -> bool:
        """Whether it failed again, each time that it was run, and nothing speaks against its always doing so."""
        return self.rate is not None and not self.flaky

    @property
    def share(self) -> float | None:
        """Of a flaky one: in what part of its runs it is expected to fail, above 0 and below 1; else None."""
        counted = self.rate or Rate(0, 0)
        return (counted.failures + 1) / (counted.runs + 2) if self.flaky else None

    @property
    def said(self) -> str:
        """How sure it is, in words."""
        size = "minimal" if self.minimal else "not minimal: the budget ended"
        size += "; found behind the bugs before it" if self.behind.bugs else ""
        if self.flaky:
            return f"flaky, fails in {self.rate or 'no run that was made again'}; {size}"
        return f"{size}; {'failed each time' if self.confirmed else 'not run again'}; {self.runs} runs"
