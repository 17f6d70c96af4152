"""Replaying a reproducer: the same operations again, and what came of it."""

from enum import Enum
from math import ceil, log

from attrs import frozen

from churn.errors import EnvironmentFault
from churn.lifecycle.condition import spelled
from churn.lifecycle.operations import Create, InterruptAt, Start, Step, Stop
from churn.lifecycle.outcome import Overlapped
from churn.lifecycle.sequence import Sequence
from churn.reproducers.file import Reproducer
from churn.session.known import Known, NothingNew
from churn.session.run import Record
from churn.session.session import Session
from churn.session.verdict import Signature
from churn.session.violation import Violation

PART, USUAL = "replay", "how long operations take"
_MISSED = 0.01
"""The chance of calling a flaky failure fixed while it is still there."""


class ReplayVerdict(Enum):
    """What a replay came to."""

    FIXED = "FIXED"
    """It passes: as often as it takes to be sure."""
    FAILED = "FAILED"
    """It fails with the invariant that the file names."""
    CHANGED = "CHANGED"
    """It fails, but otherwise."""
    ENVIRONMENT = "ENVIRONMENT"
    """It could not be told: the environment failed."""


@frozen(kw_only=True)
class Replayed:
    """A replay's verdict, the signature it failed with (None: it did not), and the steps of its last run.

    `drift` has a line for each step that was done in another state than when the file was made, or not at all.
    """

    verdict: ReplayVerdict
    signature: Signature | None
    records: tuple[Record, ...]
    drift: tuple[str, ...]
    runs: int
    reason: str = ""


def replay(reproducer: Reproducer, session: Session) -> Replayed:
    """Run the file's operations again, more than once where they fail with a rate only."""
    runs = needed(reproducer.rate)
    session.known = Known.of(reproducer.behind)
    if reproducer.usual is not None:
        session.durations.assume(reproducer.signature.operation, reproducer.signature.condition.word, reproducer.usual)
    _get_to_know(reproducer, session)
    for run in range(1, runs + 1):
        try:
            session.run(PART, reproducer.names, reproducer.sequence)
        except Violation as violation:
            same = violation.signature.invariant == reproducer.signature.invariant
            verdict = ReplayVerdict.FAILED if same else ReplayVerdict.CHANGED
            return _replayed(verdict, session, reproducer, run, signature=violation.signature)
        except NothingNew as ended:
            return _replayed(ReplayVerdict.CHANGED, session, reproducer, run, reason=str(ended))
        except EnvironmentFault as fault:
            return _replayed(ReplayVerdict.ENVIRONMENT, session, reproducer, run, reason=str(fault))
    if not session.current.records:
        return _replayed(ReplayVerdict.ENVIRONMENT, session, reproducer, runs, reason="no step was done")
    return _replayed(ReplayVerdict.FIXED, session, reproducer, runs)


def _get_to_know(reproducer: Reproducer, session: Session) -> None:
    """Learn how long the manager's operations take here, where one of the file's is ended after a part of that."""
    if any(isinstance(step.operation, InterruptAt) for step in reproducer.sequence.steps):
        name = reproducer.names[0]
        session.attempt(USUAL, (name,), Sequence(tuple(map(Step, (Create(name), Start(name), Stop(name))))))


def _replayed(
    verdict: ReplayVerdict,
    session: Session,
    reproducer: Reproducer,
    runs: int,
    *,
    signature: Signature | None = None,
    reason: str = "",
) -> Replayed:
    records = tuple(session.current.records)
    drift = _drift(reproducer, records)
    return Replayed(verdict=verdict, signature=signature, records=records, drift=drift, runs=runs, reason=reason)


def needed(rate: float | None) -> int:
    """Passing runs after which a failure of that rate counts as fixed; one for a failure that always came."""
    if rate is None or not 0 < rate < 1:
        return 1
    return ceil(log(_MISSED) / log(1 - rate))


def _drift(reproducer: Reproducer, records: tuple[Record, ...]) -> tuple[str, ...]:
    done = len(records)
    missed = reproducer.sequence.steps[done:]
    moved = [
        f"step {place}, {record.step}: done in {spelled(record.before)}, was in {spelled(before)}"
        for place, (record, before) in enumerate(zip(records, reproducer.befores, strict=False), 1)
        if record.before != before
    ]
    untaken = [
        f"step {place}, {record.step}: nobody took the turn: {turn}"
        for place, record in enumerate(records, 1)
        if isinstance(record.outcome, Overlapped)
        for turn in record.outcome.points.missed
    ]
    return (*moved, *untaken, *(f"step {done + place}, {step}: not reached" for place, step in enumerate(missed, 1)))
