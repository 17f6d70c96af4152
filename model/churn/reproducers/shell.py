"""A reproducer as a plain shell script of the manager's and docker's commands, for people who don't have its finder.

Whatever stands in the file, the script runs no other command: each text of it is quoted, or a comment on one line.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from churn.errors import UsageError
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.form import Setting
from churn.lifecycle.operations import (
    Calls,
    Crash,
    Create,
    Disturb,
    HoldPort,
    Interrupt,
    Kill,
    Length,
    List,
    Operation,
    ReleasePort,
    Remove,
    RemoveContainer,
    Restart,
    RestartEngine,
    RestartManager,
    SetBehaviour,
    Start,
    Status,
    Stop,
    Update,
    Wait,
)
from churn.reproducers.file import Reproducer
from churn.system.managers.aima import STAND_IN_TIMEOUT
from churn.system.managers.reference.contract import UPDATES
from churn.visible import on_one_line

_SECONDS = {Length.SHORT: 5, Length.LONG: 30}

_FIRST = "#!/bin/sh\n"

_REFERENCE = """\
set -u
work=$(mktemp -d)
manager() {{ echo "+ $*"; churn reference --db "$work/services.db" --session shell-$$ {flags}"$@"; }}
create() {{ manager create "$1" --folder "$work/$2"; }}
start() {{ manager start "$1"; }}
stop() {{ manager stop "$1"; }}
remove() {{ manager remove "$1"; }}
restart() {{ manager restart "$1"; }}
update() {{ manager update "$1" "$2" "$3"; }}
status() {{ manager status "$1"; }}
list() {{ manager list; }}
look() {{ docker ps -a --filter label=churn.session=shell-$$; list; }}
container() {{ docker ps -q --filter label=churn.session=shell-$$ --filter label=churn.service="$1"; }}
port() {{ status "$1" | sed -n 's/.*"port": *\\([0-9]*\\).*/\\1/p'; }}
ours() {{ docker ps -aq --filter label=churn.session=shell-$$; }}
"""

_AIMA = """\
# It needs docker, AIMA's program (AIMA_BIN, by default aima on PATH), and on the engine an image that AIMA looks for. Churn's
# stand-in does: churn image build && docker tag churn/stand-in:1 qujing-qwen3-tts-real:latest
# Nobody else's AIMA may use the engine meanwhile: at the end every container that is labelled as AIMA's is removed.
set -u
[ -n "${{MODEL_TYPE:-}}" ] || MODEL_TYPE={model_type}
[ -n "${{START_TIMEOUT:-}}" ] || START_TIMEOUT={start_timeout}
work=$(mktemp -d)
mkdir "$work/home" "$work/data"
export HOME="$work/home" AIMA_DATA_DIR="$work/data" AIMA_LLM_API_KEY=x
aima() {{ "${{AIMA_BIN:-aima}}" -o json "$@" 2>"$work/log"; }}
manager() {{
  echo "+ aima $*"
  began=$(date +%s)
  aima "$@"
  code=$?
  echo
  [ $code = 0 ] || grep '"message"' "$work/log" || tail -n 1 "$work/log"
  echo "(exit code $code after $(($(date +%s) - began)) s)"
}}
field() {{ sed -n "s/.*\\"$1\\": *\\"\\([^\\"]*\\)\\".*/\\1/p" | tail -n 1; }}
id() {{ cat "$work/$1.id" 2>/dev/null || echo svc-tts-model-00000000; }}
create() {{
  [ -f "$work/$1.model" ] ||
    aima model create "$1" --type "$MODEL_TYPE" --path "$work/$2" | field model_id >"$work/$1.model"
  manager service create --model "$(cat "$work/$1.model")" | tee "$work/made"
  made=$(field service_id <"$work/made")
  [ -z "$made" ] || echo "$made" >"$work/$1.id"
}}
start() {{ manager service start "$(id "$1")" --wait --timeout "$START_TIMEOUT"; }}
stop() {{ manager service stop "$(id "$1")"; }}
remove() {{ echo "AIMA has no command that removes a service"; }}
restart() {{ echo "AIMA has no command that restarts a service"; }}
update() {{ echo "AIMA has no command that changes a service"; }}
status() {{ manager service status "$(id "$1")"; }}
list() {{ manager service list; }}
look() {{ docker ps -a --filter label=aima.managed=true; list; }}
port() {{ aima service status "$(id "$1")" | sed -n 's/.*localhost:\\([0-9]*\\).*/\\1/p'; }}
container() {{ docker ps -q --filter label=aima.managed=true --filter "publish=$(port "$1")"; }}
ours() {{ docker ps -aq --filter label=aima.managed=true; }}
"""

_HANDS = """\
behave() { echo "$2" > "$work/$1/behaviour" && sleep 1; }
hold() {
  python3 -m http.server --bind "$2" "$(port "$1")" >/dev/null 2>&1 & holder=$!
  sleep 1
}
"""

_FREE_PORT = 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'
_USUAL: dict[str, str | int] = {"model_type": "tts", "start_timeout": STAND_IN_TIMEOUT}
MANAGERS = {"reference": _REFERENCE, "aima": _AIMA}
"""How a script asks each manager: a shell function for each operation that the manager offers, called as its kind."""

_BEHIND = """\
# It was found behind other bugs: some of these steps may show them, and what they leave is not cleared here.
"""

_TAIL = """\
# clean up
kill "${holder:-}" 2>/dev/null
ours | xargs -r docker rm -f
rm -rf "$work"
"""


def has_shell(reproducer: Reproducer) -> bool:
    """Whether there is a script of that manager's commands."""
    return reproducer.manager in MANAGERS


def as_shell(reproducer: Reproducer) -> str:
    """The script. It needs a shell, docker, and the manager's own command.

    Raises `UsageError` for a manager that a file describes: how its ids are read is nothing for a shell.
    """
    commands = MANAGERS.get(reproducer.manager)
    if commands is None:
        raise UsageError(
            f"expected a reproducer of {' or '.join(MANAGERS)}, got one of {reproducer.manager}; replay it without --as-shell"
        )
    flags = "".join(f"--defect {shlex.quote(name)} " for name in reproducer.defects)
    settings = {key: shlex.quote(str(value)) for key, value in {**_USUAL, **reproducer.settings}.items()}
    head = _FIRST + "".join(map(_comment, _told(reproducer)))
    behind = _BEHIND if reproducer.behind.bugs else ""
    functions = commands.format_map({**settings, "flags": flags})
    return "\n".join((head + behind + functions + _HANDS, *_lines(reproducer), "", _TAIL))


def _told(reproducer: Reproducer) -> tuple[str, ...]:
    return str(reproducer.signature), f"expected: {reproducer.expected}", f"seen:     {reproducer.seen}"


def _comment(text: str) -> str:
    """The text as a comment, which ends with its line."""
    return f"# {on_one_line(text)}\n"


def _lines(reproducer: Reproducer) -> Iterator[str]:
    for name in map(shlex.quote, reproducer.names):
        yield f'mkdir -p "$work"/{name} && chmod 755 "$work" "$work"/{name}'
    for step in reproducer.sequence.steps:
        yield _line(step.operation, reproducer)
        if not step.hurried:
            yield "look"
    if reproducer.sequence.steps and reproducer.sequence.steps[-1].hurried:
        yield "look"


def _line(operation: Operation, reproducer: Reproducer) -> str:
    line = LINES.get(type(operation))
    if line is None:
        raise UsageError(f"expected operations that a shell can do, got {operation}; replay it without --as-shell")
    name = operation.service
    return line(operation, shlex.quote(reproducer.sequence.naming.real(name)) if name is not None else "")


def _asked(operation: Operation, real: str) -> str:
    return f"{operation.kind} {real}".rstrip()


def _created(operation: Create, real: str) -> str:
    return f"create {real} {shlex.quote(operation.name)}"


def _updated(operation: Update, real: str) -> str:
    port = f"$(python3 -c {shlex.quote(_FREE_PORT)})"
    value = port if operation.what is Setting.PORT else shlex.quote(UPDATES[operation.what])
    return f"update {real} {operation.what.value} {value}"


def _waited(operation: Wait, _: str) -> str:
    return f"sleep {_SECONDS[operation.length]}"


def _behaving(operation: SetBehaviour, _: str) -> str:
    word = "slow=1" if operation.how is Behaviour.SLOW else operation.how.value
    return f"behave {shlex.quote(operation.name)} {word}"


def _crashed(operation: Crash, _: str) -> str:
    name = shlex.quote(operation.name)
    return f"behave {name} crash; behave {name} healthy"


def _by_hand(operation: Operation, _: str) -> str:
    return _comment(f"by hand: {operation} (the engine fails the manager in its next step)").rstrip("\n")


def _ended_by_hand(operation: Interrupt, _: str) -> str:
    calls = "calls" if operation.among is Calls.ALL else "calls that change something"
    which = f"{operation.side.value} number {operation.call} of its {calls}"
    return f"# by hand: the manager's next command gets SIG{operation.how.name} {which}"


LINES: Mapping[type[Operation], Callable[[Any, str], str]] = {
    Start: _asked,
    Stop: _asked,
    Remove: _asked,
    Restart: _asked,
    Update: _updated,
    Create: _created,
    Status: _asked,
    List: _asked,
    RestartManager: lambda operation, _: f"# by hand: {operation.kind} (its daemon is stopped and started again)",
    Wait: _waited,
    SetBehaviour: _behaving,
    Crash: _crashed,
    Kill: lambda _, real: f"docker kill $(container {real})",
    RemoveContainer: lambda _, real: f"docker rm -f $(container {real})",
    HoldPort: lambda operation, real: f"hold {real} {operation.where.value}",
    ReleasePort: lambda _, __: 'kill "${holder:-}" 2>/dev/null; holder=',
    Disturb: _by_hand,
    Interrupt: _ended_by_hand,
    RestartEngine: _by_hand,
}
"""What each operation is in the script: a function of the operation and the quoted real name of its service."""
