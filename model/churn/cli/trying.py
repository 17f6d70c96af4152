"""One create, list, start, list, stop, list of a described manager, shown step by step as it was understood."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.markup import escape

from churn.assembly import Target, assembled
from churn.cli.settings import FAILED, PASSED
from churn.lifecycle.observation import Container, Listed
from churn.lifecycle.operations import Create, Operation, Start, Step, Stop
from churn.lifecycle.outcome import Ok, Outcome, Rejected
from churn.session.budget import Budget
from churn.session.reset import preflight
from churn.session.run import Record
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.understood import acquainted
from churn.session.violation import Violation

_ROUND: tuple[Operation, ...] = (Create("a"), Start("a"), Stop("a"))
"""After each of them, the manager is asked for its list."""


def tried_out(target: Target, console: Console) -> int:
    """Do the round, and show it; the exit code. Raises `UsageError` where the file does not fit what the manager does."""
    with assembled(target) as whole:
        preflight(whole.system.manager, whole.system.engine)
        session = Session(whole.system, whole.reset, Trace(), Budget(whole.system.clock))
        try:
            with acquainted(session) as looked:
                try:
                    _round(session, console)
                finally:
                    _advise(looked.better if looked is not None else (), console)
        except Violation as violation:
            console.print("\n[bold red]not as expected[/]")
            for one in violation.objections:
                console.print(
                    f"  {escape(f'{one.invariant}: expected {one.expected}; seen: {one.seen}')}", soft_wrap=True
                )
            if isinstance(violation.record.outcome, Rejected):
                console.print("  it was refused: is the command in the file the right one?")
            console.print("  what each of these means: churn explain NAME; what managers may promise: churn explain")
            return FAILED
    console.print("\n[bold green]all of it was understood[/], and as expected")
    return PASSED


def _advise(lines: Iterable[str], console: Console) -> None:
    """Tell how the file could say more of the manager's containers."""
    if lines:
        _list(console, "its containers could be told better: write in the file", ("[containers]", *lines))


def _round(session: Session, console: Console) -> None:
    session.begin("check", ("a",))
    for operation in _ROUND:
        try:
            session.step(Step(operation))
        finally:
            _show(session.current.last, console)


def _show(record: Record | None, console: Console) -> None:
    if record is None or record.outcome is None:
        return
    _list(console, str(record.step.operation), (*_printed(record.outcome), _ended(record.outcome)))
    judged = record.judgement
    if judged is None:
        return
    if judged.listing is not None and judged.listing.evidence.ran:
        _list(console, "its list", _printed(judged.listing))
        _list(console, "was read as", map(_entry, judged.observation.listed or ()) if isinstance(judged.listing, Ok)
              else (_ended(judged.listing),))  # fmt: skip
    _list(console, "its containers", map(_container, judged.observation.containers.values()))


def _printed(outcome: Outcome) -> Iterator[str]:
    yield f"$ {outcome.evidence.command}" if outcome.evidence.ran else outcome.evidence.command
    if outcome.evidence.ran:
        yield from outcome.evidence.output.splitlines() or ["(no output)"]


def _ended(outcome: Outcome) -> str:
    if isinstance(outcome, Ok):
        return f"ended well, after {outcome.took:.2f} s"
    told = "refused" if isinstance(outcome, Rejected) else "not known how it ended"
    return f"{told}: {getattr(outcome, 'reason', '')}"


def _entry(entry: Listed) -> str:
    meaning = " or ".join(one.value for one in entry.meanings) or "a word that the file does not give a meaning"
    return f"service {entry.service}: {entry.word!r} ({meaning}), port {entry.port or 'not told'}"


def _container(found: Container) -> str:
    whose = f"of service {found.service}" if found.service else "told by its port alone"
    ports = ", ".join(map(str, found.ports)) or "none"
    return f"{found.name} is {found.state}, {whose}, with port {ports}"


def _list(console: Console, heading: str, lines: Iterable[str]) -> None:
    console.print(f"\n[bold]{heading}[/]")
    for line in tuple(lines) or ("none",):
        console.print(f"  {escape(line)}", soft_wrap=True)
