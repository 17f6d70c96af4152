"""A reproducer as a plain shell script of the manager's and docker's commands, for people who don't have its finder.

The script does the steps, looks at what was objected to, and says whether the bug is there. Whatever stands in the file, the
script runs no other command: each text of it is quoted, or a comment on one line.
"""

import shlex
from collections.abc import Iterator
from typing import Any

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined

from churn.assembly import Target, contract_of
from churn.errors import UsageError
from churn.lifecycle.contract import Contract
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import Pace, RestartManager, Step
from churn.reproducers.described import described
from churn.reproducers.file import Reproducer
from churn.reproducers.lines import BEYOND, LINES
from churn.reproducers.looks import look_of, succeeding
from churn.system.managers.aima import STAND_IN_TIMEOUT, AimaSettings
from churn.system.managers.command import Description, read
from churn.system.managers.gallery import description_path
from churn.system.managers.reference.contract import UPDATES
from churn.visible import on_one_line

MANAGERS = ("reference", "aima", "described")
"""Each has a template that asks it: a shell function for each operation that the manager offers, called as its kind."""
_PROGRAMS = ("docker", "python3", "timeout")
"""What every script needs. Some looks, and some managers, need more."""
_REFERENCE_TIMEOUT = 6
"""Seconds that the reference manager waits in a script for a server, which is up in well under one."""
_LIMIT = 120
"""Seconds after which a script cuts a command of the reference manager off."""


def description_of(manager: str) -> Description | None:
    """The manager's description; None for one that no file describes. Raises `UsageError`."""
    path = description_path(manager)
    return read(path) if path is not None else None


@frozen
class Line:
    """A step as a line of a script.

    `must`: whether it has to succeed; `looked`: whether somebody looks after it, `asked`: and asks the manager then.
    """

    line: str
    must: bool
    looked: bool
    asked: bool


def as_shell(reproducer: Reproducer, description: Description | None = None) -> str:
    """The script. It needs a shell, docker, Python 3, and the manager's own command.

    `description` is the manager's, where a file describes it. Raises `UsageError` where no shell can show the bug.
    """
    kind = "described" if description_path(reproducer.manager) is not None else reproducer.manager
    if kind not in MANAGERS:
        raise UsageError(
            f"expected a reproducer of reference, aima, the gallery's or FILE.toml, got one of {reproducer.manager}"
        )
    contract, own = _asked_of(reproducer, description)
    return _ENVIRONMENT.get_template("script.sh.jinja").render(
        manager=kind,
        told=str(reproducer.signature),
        behind=bool(reproducer.behind.bugs),
        names=reproducer.names,
        steps=list(_lines(reproducer, contract)),
        programs=_PROGRAMS,
        late=max(1, int(own["start_timeout"]) * 2 // 3),
        **{"unlisted": False, **look_of(reproducer, contract), **own},
    )


def _asked_of(reproducer: Reproducer, description: Description | None) -> tuple[Contract, dict[str, Any]]:
    """What is expected of the manager, and what the template for it needs."""
    if description_path(reproducer.manager) is not None:
        if description is None:
            raise UsageError(f"expected the description {reproducer.manager}, which the script needs, got nothing")
        loading = description.contract.bounds.loading
        return description.contract, {"start_timeout": int(loading), **described(description)}
    settings = AimaSettings.of(reproducer.settings) if reproducer.manager == "aima" else AimaSettings()
    target = Target(manager=reproducer.manager, engine="docker", defects=reproducer.defects, aima=settings)
    own = _of_aima(settings) if reproducer.manager == "aima" else _of_reference(reproducer)
    return contract_of(target), own


def _of_reference(reproducer: Reproducer) -> dict[str, Any]:
    return {
        "image": "churn/stand-in:1",
        "other": UPDATES[Setting.IMAGE],
        "limit": _LIMIT,
        "start_timeout": _REFERENCE_TIMEOUT,
        "defects": reproducer.defects,
    }


def _of_aima(settings: AimaSettings) -> dict[str, Any]:
    contract = contract_of(Target(manager="aima", engine="docker", aima=settings))
    return {
        "image": settings.images[0],
        "model_type": settings.model_type,
        "start_timeout": settings.start_timeout or STAND_IN_TIMEOUT,
        "asynchronous": settings.asynchronous,
        "grace": int(contract.bounds.grace),
        "health": settings.kind.health_path,
    }


def _lines(reproducer: Reproducer, contract: Contract) -> Iterator[Line]:
    for step, must in zip(reproducer.sequence.steps, succeeding(reproducer, contract), strict=True):
        yield Line(_line(step, reproducer), must, not step.hurried, step.pace is not Pace.ENGINE_ONLY)


def _line(step: Step, reproducer: Reproducer) -> str:
    operation = step.operation
    line = LINES.get(type(operation))
    lonely = isinstance(operation, RestartManager) and description_path(reproducer.manager) is None
    if line is None or type(operation) in BEYOND or lonely:
        raise UsageError(f"expected operations that a shell can do, got {operation}; replay it without --as-shell")
    name = operation.service
    return line(operation, shlex.quote(reproducer.sequence.naming.real(name)) if name is not None else "")


def _comment(text: str) -> str:
    """The text as a comment, which ends with its line."""
    return f"# {on_one_line(text)}"


def _quoted(text: object) -> str:
    return shlex.quote(str(text))


_ENVIRONMENT = Environment(
    loader=PackageLoader("churn.reproducers", "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 -- a shell script, not HTML; what others said goes through the filters below
)
_ENVIRONMENT.filters |= {"comment": _comment, "quote": _quoted}
