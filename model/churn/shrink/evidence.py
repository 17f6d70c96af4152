"""How often a failure has to come again before it is called certain.

Each failure on the way down counts, for it had the smallest sequence's steps in it: four in all, the first one included, and two
of them runs of the smallest again. Where some run did the same steps to a service in the same state and passed, six runs of
the smallest in a row have to fail: a failure that comes every other time does so once in 64.
"""

from collections.abc import Sequence as Sequenced

from churn.lifecycle.condition import ABSENT, Abstract
from churn.lifecycle.invariants import Trait
from churn.lifecycle.operations import Pace
from churn.lifecycle.sequence import Sequence
from churn.session.failing import Failing
from churn.session.run import Record, Run
from churn.session.verdict import Verdict
from churn.shrink.cases import contains

_FAILURES, _REPEATS, _AGAINST = 4, 2, 6
_RECENT = 200
"""Runs that are asked for one that speaks against it."""


def repeats(failing: Failing, failures: int, runs: Sequenced[Run]) -> int:
    """How many runs of it have to fail again. `failures` were seen by now; `runs` are all that were made."""
    if any(_passed_in(failing, run) for run in runs[-_RECENT:]):
        return _AGAINST
    return max(_REPEATS, _FAILURES - failures)


def _passed_in(failing: Failing, run: Run) -> bool:
    """Whether the same was done in a run, and passed there. Of what needs a pace of its own no other run says anything."""
    calm = all(step.pace is Pace.CALM for step in failing.steps)
    if not calm or run.naming is not failing.sequence.naming or len(run.records) < len(failing.steps):
        return False
    return any(_did(failing, run, place) for place, one in enumerate(run.records) if _is_like(failing, one))


def _is_like(failing: Failing, record: Record) -> bool:
    """Whether it is the same step as the failing one, looked at in full."""
    same = (record.step.operation.kind, record.condition) == (failing.signature.operation, failing.signature.condition)
    return same and record.verdict is Verdict.PASS and record.step.pace is Pace.CALM


def _did(failing: Failing, run: Run, place: int) -> bool:
    done = run.records[: place + 1]
    befores = tuple(record.before for record in done)
    if failing.fingerprint.has(Trait.BELATED) and _services(befores) > _services(failing.befores):
        return False  # others that are there may keep it from being noticed
    so_far = Failing(run.names, Sequence(tuple(one.step for one in done), run.naming), failing.fingerprint, befores)
    return contains(so_far, failing, at_the_end=True)


def _services(befores: tuple[Abstract, ...]) -> int:
    """How many services are there at most."""
    return max((sum(one != ABSENT for one in before) for before in befores), default=0)
