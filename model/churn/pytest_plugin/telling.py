"""Failures told well: where, by which steps, as code to paste, and where they are kept."""

import inspect
from collections.abc import Iterable
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

import pytest

import churn
from churn.errors import ChurnError

_OURS = (str(Path(churn.__file__).parent), "/hypothesis/", "/unittest/", "/_pytest/", "/pluggy/")
_SHRINKING = 300.0
"""Seconds that shrinking may take on a real engine, where no budget is given."""


def narrow(call: pytest.CallInfo[None]) -> bool:
    """Leave only what is the user's of a violation's traceback; whether that was done."""
    from churn.session.violation import Violation

    error = call.excinfo.value if call.excinfo is not None else None
    if not isinstance(error, Violation):
        return False
    theirs: TracebackType | None = None
    for frame, line in reversed(tuple(walk_tb(error.__traceback__))):
        if not any(part in frame.f_code.co_filename for part in _OURS):
            theirs = TracebackType(theirs, frame, frame.f_lasti, line)
    if theirs is not None:
        call.excinfo = pytest.ExceptionInfo.from_exception(error.with_traceback(theirs))
    return theirs is not None


def place(machine: Any, violation: Any) -> str:
    """Where a machine failed: the line of its own rule, else its class."""
    if violation.where:
        return str(violation.where)
    lines = inspect.getsourcelines(machine)[1]
    return f"{inspect.getsourcefile(machine)}:{lines}: {machine.__name__}"


def told(session: Any, violation: Any, choice: Any) -> str:
    """The sequence that failed as code, shrunk if that is wanted, and where it is kept."""
    from churn.assembly import Target
    from churn.keeping import reproducer_of
    from churn.report.code import as_code
    from churn.reproducers.file import save
    from churn.reproducers.trust import replaying
    from churn.shrink.shrinker import Shrinker

    part, failing = session.current.part, violation.failing
    whole = f"{_listed(failing.steps)}\n\n{as_code(part, failing.names, failing.sequence)}"
    if not choice.shrink:
        return whole
    seconds = None if session.system.clock.virtual else choice.seconds or _SHRINKING
    try:
        with session.budget.uncounted():
            bug = Shrinker(session=session, most_seconds=seconds).shrink(failing)
    except ChurnError as error:
        return f"{whole}\n\nnot shrunk: {error}"
    if bug.once and bug.rate is not None:
        return f"{whole}\n\nit came in none of {bug.rate.runs} repeats, so it is no bug: the verdict is UNKNOWN"
    code = as_code(part, bug.failing.names, bug.failing.sequence)
    target = session.target if isinstance(session.target, Target) else choice.target()
    try:
        path = save(reproducer_of(bug, target, "pytest"), choice.reproducers)
    except OSError as error:
        return f"{code}\n\nnot kept: {error}"
    size = f"shrunk from {len(failing.steps)} to {len(bug.steps)} steps ({bug.said}); {bug.signature}"
    return f"{size}:\n\n{_listed(bug.steps)}\n\n{code}\n\nkept: {replaying(path, target.manager, target.aima.binary)}"


def _listed(steps: Iterable[Any]) -> str:
    return "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1))
