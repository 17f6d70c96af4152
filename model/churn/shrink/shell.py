"""A reproducer as a plain shell script of the manager's and docker's commands, for people who don't have its finder."""

import shlex
from collections.abc import Iterator

from churn.errors import UsageError
from churn.lifecycle.operations import (
    Behave,
    Behaviour,
    Crash,
    Disturb,
    HoldPort,
    Kill,
    Operation,
    ReleasePort,
    Remove,
    RestartEngine,
    Wait,
)
from churn.shrink.reproducer import Reproducer

_SECONDS = {"short": 5, "long": 30}

_HEAD = """\
#!/bin/sh
# {title}
# expected: {expected}
# seen:     {seen}
set -u
work=$(mktemp -d)
manager() {{ echo "+ $*"; churn reference --db "$work/services.db" --session shell-$$ {flags}"$@"; }}
look() {{ docker ps -a --filter label=churn.session=shell-$$; manager list; }}
behave() {{ echo "$2" > "$work/$1/behaviour" && sleep 1; }}
container() {{ docker ps -q --filter label=churn.session=shell-$$ --filter label=churn.service="$1"; }}
hold() {{
  port=$(manager status "$1" | sed -n 's/.*"port": *\\([0-9]*\\).*/\\1/p')
  python3 -m http.server "$port" >/dev/null 2>&1 & holder=$!
  sleep 1
}}
"""

_BEHIND = """\
# It was found behind other bugs: some of these steps may show them, and what they leave is not cleared here.
"""

_TAIL = """\
# clean up
kill "${holder:-}" 2>/dev/null
docker ps -aq --filter label=churn.session=shell-$$ | xargs -r docker rm -f
rm -rf "$work"
"""


def as_shell(reproducer: Reproducer) -> str:
    """The script. It needs a shell, docker, and the manager's own command.

    Raises `UsageError` for a manager that a file describes: how its ids are read is nothing for a shell.
    """
    if reproducer.manager.endswith(".toml"):
        raise UsageError(
            f"expected a reproducer of the reference manager, got one of {reproducer.manager}; replay it without --as-shell"
        )
    flags = "".join(f"--defect {shlex.quote(name)} " for name in reproducer.defects)
    head = _HEAD.format(
        title=f"{reproducer.signature}", expected=reproducer.expected, seen=reproducer.seen, flags=flags
    )
    if reproducer.behind.marks:
        head = head.replace("set -u\n", _BEHIND + "set -u\n", 1)
    return head + "\n" + "\n".join(_lines(reproducer)) + "\n\n" + _TAIL


def _lines(reproducer: Reproducer) -> Iterator[str]:
    for name in reproducer.names:
        yield f'mkdir -p "$work/{name}" && chmod 755 "$work" "$work/{name}"'
    for step in reproducer.sequence.steps:
        yield _line(step.operation, reproducer)
        if not step.hurried:
            yield "look"
    if reproducer.sequence.steps and reproducer.sequence.steps[-1].hurried:
        yield "look"


def _line(operation: Operation, reproducer: Reproducer) -> str:
    if isinstance(operation, Wait):
        return f"sleep {_SECONDS[operation.length.value]}"
    if isinstance(operation, Behave):
        return f"behave {operation.name} {'slow=1' if operation.how is Behaviour.SLOW else operation.how.value}"
    if isinstance(operation, Disturb | RestartEngine):
        return f"# by hand: {operation} (the engine fails the manager in its next step)"
    if operation.service is None:
        return f"manager {operation.kind}"
    real = shlex.quote(reproducer.sequence.naming.real(operation.service))
    match operation:
        case Crash(name):
            return f"behave {name} crash; behave {name} healthy"
        case Kill():
            return f"docker kill $(container {real})"
        case Remove():
            return f"docker rm -f $(container {real})"
        case HoldPort():
            return f"hold {real}"
        case ReleasePort():
            return 'kill "${holder:-}" 2>/dev/null; holder='
    folder = f' --folder "$work/{operation.service}"' if operation.kind == "create" else ""
    return f"manager {operation.kind} {real}{folder}"
