"""What a check tells, and how checks are run: one that breaks is a finding, too."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum

from attrs import evolve, frozen

from churn.errors import ChurnError

_MOST = 6
"""How many things of a kind a line names."""


class CheckVerdict(Enum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    """Good to know; it keeps no run from being right."""
    PROBLEM = "problem"


@frozen
class CheckFinding:
    """A check's answer: what was found, and what to do about it (empty: nothing). `name` is the check's."""

    verdict: CheckVerdict
    found: str
    fix: str = ""
    name: str = ""


def ok(found: str) -> CheckFinding:
    """All is well."""
    return CheckFinding(CheckVerdict.OK, found)


def note(found: str, fix: str = "") -> CheckFinding:
    """Good to know."""
    return CheckFinding(CheckVerdict.NOTE, found, fix)


def problem(found: str, fix: str) -> CheckFinding:
    """A run would fail, or blame the manager for what is not its fault."""
    return CheckFinding(CheckVerdict.PROBLEM, found, fix)


@frozen
class Check:
    """Something to look at. `look` may raise whatever it likes; its finding needs no name."""

    name: str
    look: Callable[[], CheckFinding]


def examine(checks: Iterable[Check]) -> Iterator[CheckFinding]:
    """The findings, in order. None raises: a check that breaks is a problem that says so."""
    for check in checks:
        yield evolve(_looked(check), name=check.name)


def _looked(check: Check) -> CheckFinding:
    try:
        return check.look()
    except Exception as error:  # noqa: BLE001 -- whatever it is: the other checks go on, and their reader wants no traceback
        return problem(f"the check itself failed: {told(error)}", "put right what it says, and run churn doctor again")


def told(error: Exception) -> str:
    """An exception as a line: its words, and its kind where it is not one that Churn raises on purpose."""
    return str(error) if isinstance(error, ChurnError) else f"{type(error).__name__}: {error}".strip().removesuffix(":")


def listing(names: Sequence[str]) -> str:
    """The first few of them, and how many more there are."""
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {more} more" if more > 0 else "")
