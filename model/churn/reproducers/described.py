"""How a shell script asks a manager that a file describes: its command lines, with shell variables for the placeholders."""

import json
import shlex
from typing import Any

from attrs import frozen

from churn.errors import UsageError
from churn.lifecycle.contract import Reply
from churn.system.managers.command import CommandCall, Description
from churn.system.managers.command.description import COMMON, ID, OF_SERVICE, OF_UPDATE, PLACEHOLDER, placeholders
from churn.system.managers.command.reading import Json, Text

_ON_NONE = ("list", "reset")


@frozen
class ShellCall:
    """A command line as words of a shell: the seconds that it may take, its own variables, and its words."""

    seconds: int
    environ: tuple[tuple[str, str], ...]
    argv: tuple[str, ...]


def described(description: Description) -> dict[str, Any]:
    """What the template for such managers needs. Raises `UsageError` where no script can tell its containers."""
    labels = description.contract.labels
    if not labels:
        raise UsageError(
            f"{description.path}: containers.labels: expected the labels of the manager's containers, got nothing; without them "
            "no shell script can tell its containers from those of others"
        )
    readings = {kind: _source(reading.source, reading.port) for kind, reading in description.readings.items()}
    if description.identity is not None:
        readings["create"] = _source(description.identity.source)
    return {
        "dir": str(description.folder),
        "calls": {kind: _call(description, kind, call) for kind, call in description.calls.items()},
        "daemon": [_call(description, "reset", call) for call in description.daemon or ()],
        "images": [value for value in description.contract.updates.values() if value and "=" not in value],
        "identified": description.identity is not None,
        "ignored": description.contract.second_create is Reply.IGNORED,
        "readings": json.dumps(readings),
        "query": any("query" in one for one in readings.values()),
        "labels": [(name, _word(value)) for name, value in labels.items()],
        "service_label": description.service_label,
        "first_port": description.contract.port_range[0],
        "last_port": description.contract.port_range[1],
        "health": description.contract.health_path,
        "unlisted": description.forgets_idle,
    }


def _call(description: Description, kind: str, call: CommandCall) -> ShellCall:
    known = (*COMMON, *(() if kind in _ON_NONE else (*OF_SERVICE, ID)), *(OF_UPDATE if kind == "update" else ()))
    environ = tuple(
        (name, _word(template))
        for name, template in description.environ.items()
        if all(one in known for one in placeholders(template))
    )
    return ShellCall(int(call.timeout) + 1, environ, tuple(_word(template) for template in call.argv))


def _word(template: str) -> str:
    """The template as one word of a shell: what is in it is quoted, but for the variables in place of the placeholders."""
    parts = PLACEHOLDER.split(template)
    words = (f'"${part}"' if place % 2 else shlex.quote(part) for place, part in enumerate(parts) if place % 2 or part)
    return "".join(words) or "''"


def _source(source: Any, port: Any = None) -> dict[str, Any]:
    """How the script's Python reads what is printed."""
    if isinstance(source, Json):
        found: dict[str, Any] = {"query": source.query.expression, "lines": source.lines}
    elif isinstance(source, Text):
        found = {"pattern": source.pattern.pattern, "skip": source.skip.pattern if source.skip is not None else None}
    else:
        found = {"pattern": source.pattern}
    return {**found, "port": port.pattern if port is not None else None}
