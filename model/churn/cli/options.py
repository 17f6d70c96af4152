"""Options that several commands have, each in one place: what it is called, what it takes, and how a shell completes it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import rich_click as click
from click.shell_completion import CompletionItem

from churn.nearest import nearest
from churn.system.engines import ENGINES
from churn.system.managers import MANAGERS
from churn.system.managers.gallery import gallery

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class OneOf(click.Choice[str]):
    """One of some words; a mistyped one is refused with what was probably meant."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """As click has it."""
        question = nearest(str(value), map(str, self.choices))
        return f"{super().get_invalid_choice_message(value, ctx)}{' ' if question else ''}{question}"


def _managers(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    known = (*MANAGERS, *gallery())
    files = [CompletionItem(begun, type="file")] if not any(one.startswith(begun) for one in known) else []
    return [*_beginning(begun, known), *_described(begun), *files]


def _described(begun: str) -> Iterator[CompletionItem[str]]:
    """The descriptions that lie in the working folder."""
    found = (str(path) for path in sorted(Path().glob("*.toml")) if path.name != "pyproject.toml")
    return (CompletionItem(name) for name in found if name.startswith(begun))


def _defects(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    from churn.system.managers.defects import DEFECTS  # only where a shell asks: many commands come by here

    return [CompletionItem(name, help=one.symptom) for name, one in DEFECTS.items() if name.startswith(begun)]


def _beginning(begun: str, words: Sequence[str]) -> Iterator[CompletionItem[str]]:
    return (CompletionItem(word) for word in words if word.startswith(begun))


def completing(words: Callable[[], Iterable[str]]) -> Callable[..., list[CompletionItem[str]]]:
    """How a shell completes an argument that is one of these words, which are asked for only then."""
    return lambda _, __, begun: list(_beginning(begun, tuple(words())))


def manager_option(default: str | None = None, words: str = "") -> Decorator:
    """``--manager``."""
    said = (
        words or "The service manager under test: reference, aima, one of the gallery (churn managers), or a TOML file."
    )
    return click.option("--manager", default=default, show_default=default is not None, metavar="NAME|FILE",
                        shell_complete=_managers, help=said)  # fmt: skip


def engine_option(default: str | None = "emulated", words: str = "") -> Decorator:
    """``--engine``."""
    said = words or "The container engine: emulated, with virtual time, or a real Docker."
    return click.option("--engine", type=OneOf(ENGINES), default=default, show_default=default is not None, help=said)


def defect_option(words: str = "Plant a known bug; see: churn defects.") -> Decorator:
    """``--defect``, as often as you like."""
    return click.option("--defect", "defects", multiple=True, metavar="NAME", shell_complete=_defects, help=words)


def format_option() -> Decorator:
    """``--format``, as often as you like."""
    return click.option(
        "--format", "formats", multiple=True, type=OneOf(FORMATS), metavar="|".join(FORMATS),
        help="A further format of the report: junit.xml, report.sarif, or what GitHub Actions shows, which is told there anyway.",
    )  # fmt: skip


FORMATS = ("junit", "sarif", "github")
"""The formats that a report has beside those that it always has."""


def baseline_option() -> Decorator:
    """``--baseline``."""
    return click.option(
        "--baseline", type=click.Path(path_type=Path, exists=True), metavar="FILE|DIR",
        help="An earlier report: its bugs are known. The exit code is 0 where no other was found.",
    )  # fmt: skip


def exclude_option() -> Decorator:
    """``--exclude``, as often as you like."""
    from churn.lifecycle.invariants import INVARIANTS  # only for the commands that have this option

    return click.option(
        "--exclude", "excluded", multiple=True, metavar="INVARIANT", type=OneOf([one.name for one in INVARIANTS]),
        help="A rule that is not asked for, by its name; churn explain lists them.",
    )  # fmt: skip


def services_option(words: str) -> Decorator:
    """``--services``."""
    return click.option("--services", type=click.IntRange(1, 3), default=2, show_default=True, help=words)


def reproducers_option(words: str) -> Decorator:
    """``--reproducers``."""
    return click.option("--reproducers", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help=words)


def in_panels(
    panels: Mapping[str, Sequence[str]], panel: Callable[..., Any] = click.option_panel, what: str = "options"
) -> Decorator:
    """Group a command's options (or a group's commands) in its help, by their names; the others come last."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for name, members in reversed(tuple(panels.items())):
            command = panel(name, **{what: list(members)})(command)
        return command

    return decorated
