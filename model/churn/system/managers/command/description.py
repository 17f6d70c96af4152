"""What a description file says of a manager, as values; and the placeholders in its templates.

A placeholder is a word in braces: ``{service}``. Braces that stand in braces or after a dollar (``{{json .}}``, ``${x}``),
and those with anything but one lower-case word in them, are left alone.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import Factory, frozen

from churn.lifecycle.contract import Contract
from churn.lifecycle.patterns import Pattern
from churn.system.managers.command.reading import Identity, Reading

OPERATIONS = ("create", "start", "stop", "remove", "restart", "update", "list", "status", "reset")
"""What a file may tell how to do."""

COMMON = ("dir", "state", "run")
"""Placeholders that every operation has: the file's folder, a folder of the sequence's own, the run's id."""
OF_SERVICE = ("service", "port", "folder")
"""Those of operations on a service: its name, the port and the folder that Churn has for it."""
OF_UPDATE = ("setting", "value")
"""Those of an update: what is changed, by the word of a `Setting`, and to what."""
ID = "id"
"""That of operations on a service that was created, if the output of create yields an id."""

PLACEHOLDER = re.compile(r"(?<![{$])\{([a-z_]+)\}(?!\})")

Values = Mapping[str, str]
"""What stands for each placeholder."""


def placeholders(template: str) -> Iterator[str]:
    """The words of the placeholders in a template."""
    return (found[1] for found in PLACEHOLDER.finditer(template))


def filled(template: str, values: Values) -> str:
    """The template with its placeholders' values; every one of them has to be there."""
    return PLACEHOLDER.sub(lambda found: values[found[1]], template)


@frozen
class CommandCall:
    """How an operation is asked for: the templates of its argv, and the seconds after which it is cut off."""

    argv: tuple[str, ...]
    timeout: float
    promised: bool = False
    """Whether the contract promises that it has ended by then, its grace included."""

    def filled(self, values: Values) -> list[str]:
        """The argv with these values."""
        return [filled(template, values) for template in self.argv]


@frozen(kw_only=True)
class About:
    """What a file says of itself, for people: nothing is checked by it."""

    summary: str = ""
    manual: str = ""
    """Where the manager's manual is, which promises what the contract says."""
    versions: tuple[str, ...] = ()
    """The versions that the file was tried with."""
    cannot: tuple[str, ...] = ()
    """What the file cannot say of the manager, a sentence each."""
    probe: tuple[str, ...] = ()
    """A command that succeeds where the manager is there, and prints its version. Its program is what has to be on PATH."""


@frozen(kw_only=True)
class Description:
    """A manager, as a file describes it.

    `calls` has an entry for each operation that it offers; `readings` for ``list`` and ``status`` if it offers them.
    `contract` is what it promises; the values of its labels are templates. `environ` are templates of variables.
    """

    path: Path
    name: str
    contract: Contract
    calls: Mapping[str, CommandCall]
    environ: Mapping[str, str] = Factory(dict)
    readings: Mapping[str, Reading] = Factory(dict)
    identity: Identity | None = None
    """How an id is read from the output of create; None where services are called by their names."""
    service_label: str = ""
    """The label whose value is the name or id of a container's service; empty: no label tells it."""
    service_pattern: Pattern | None = None
    """What the names of containers match whole, with the name or id of the service as its group called service."""
    daemon: tuple[CommandCall, CommandCall] | None = None
    """How its daemon is started, and how it is stopped; None where it has none."""
    forgets_idle: bool = False
    """Whether its list leaves out services that do not run, which is then no lie."""
    about: About = About()
    image: str = ""
    """The image that its servers have, by the name that it asks for; empty: the stand-in, by its own name."""
    alone: bool = False
    """Whether only one run at a time may have it, because its names, labels, ports or files are the same for all runs."""

    @property
    def folder(self) -> Path:
        """Where the file is: ``{dir}``."""
        return self.path.parent.absolute()

    @property
    def templates(self) -> tuple[str, ...]:
        """Everything that placeholders may stand in, labels aside."""
        return (
            *self.environ.values(),
            *(word for call in (*self.calls.values(), *(self.daemon or ())) for word in call.argv),
        )

    def uses(self, placeholder: str) -> bool:
        """Whether any of its commands has that placeholder."""
        return any(placeholder in placeholders(template) for template in self.templates)

    def variables(self, values: Values) -> dict[str, str]:
        """Its own environment variables; one that needs a value which this operation does not have is left out."""
        return {
            name: filled(template, values)
            for name, template in self.environ.items()
            if all(word in values for word in placeholders(template))
        }
