"""Replaying a reproducer: the same operations again, and what came of it."""

from enum import Enum
from math import ceil, log

from attrs import frozen

from churn.errors import EnvironmentFault
from churn.session.known import Known, NothingNew
from churn.session.session import Session
from churn.session.trace import Record
from churn.session.verdict import Signature, Violation
from churn.shrink.reproducer import Reproducer

PART = "replay"
_MISSED = 0.01
"""The chance of calling a flaky failure fixed while it is still there."""


class Verdict(Enum):
    """What a replay came to."""

    FIXED = "FIXED"
    """It passes: as often as it takes to be sure."""
    FAILED = "FAILED"
    """It fails with the invariant that the file names."""
    CHANGED = "CHANGED"
    """It fails, but otherwise."""
    ENVIRONMENT = "ENVIRONMENT"
    """It could not be told: the environment failed."""


@frozen
class Replayed:
    """A replay's verdict, the signature it failed with (None: it did not), and the steps of its last run.

    `drift` has a line for each step that was done in another state than when the file was made, or not at all.
    """

    verdict: Verdict
    signature: Signature | None
    records: tuple[Record, ...]
    drift: tuple[str, ...]
    runs: int
    reason: str = ""


def replay(reproducer: Reproducer, session: Session) -> Replayed:
    """Run the file's operations again, more than once where they fail with a rate only."""
    runs = needed(reproducer.rate)
    session.known = Known.of(reproducer.behind)
    for run in range(1, runs + 1):
        try:
            session.run(PART, reproducer.names, reproducer.sequence)
        except Violation as violation:
            same = violation.signature.invariant == reproducer.signature.invariant
            verdict = Verdict.FAILED if same else Verdict.CHANGED
            return Replayed(verdict, violation.signature, _records(session), _drift(reproducer, session), run)
        except NothingNew as ended:
            records = _records(session)
            return Replayed(Verdict.CHANGED, None, records, _drift(reproducer, session), run, str(ended))
        except EnvironmentFault as fault:
            records = _records(session)
            return Replayed(Verdict.ENVIRONMENT, None, records, _drift(reproducer, session), run, str(fault))
    return Replayed(Verdict.FIXED, None, _records(session), _drift(reproducer, session), runs)


def needed(rate: float | None) -> int:
    """Passing runs after which a failure of that rate counts as fixed; one for a failure that always came."""
    if rate is None or not 0 < rate < 1:
        return 1
    return ceil(log(_MISSED) / log(1 - rate))


def _records(session: Session) -> tuple[Record, ...]:
    return tuple(session.trace.chapters[-1].records) if session.trace.chapters else ()


def _drift(reproducer: Reproducer, session: Session) -> tuple[str, ...]:
    records = _records(session)
    done = len(records)
    missed = reproducer.sequence.steps[done:]
    moved = [
        f"step {place}, {record.step}: done in {' '.join(record.before)}, was in {' '.join(before)}"
        for place, (record, before) in enumerate(zip(records, reproducer.befores, strict=False), 1)
        if record.before != before
    ]
    return (*moved, *(f"step {done + place}, {step}: not reached" for place, step in enumerate(missed, 1)))
