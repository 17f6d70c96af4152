"""The first draft of a description: guesses from what a manager's ``--help`` shows, and the file with its comments."""

import json
import re
import shlex
from collections.abc import Mapping

from attrs import Factory, frozen

from churn.lifecycle.observation import Status

_CALLED = {
    "create": ("create", "add", "new", "init", "define", "register", "deploy"),
    "start": ("start", "up", "run", "launch", "serve", "on"),
    "stop": ("stop", "down", "halt", "kill", "off"),
    "list": ("list", "ls", "ps", "services"),
    "status": ("status", "show", "inspect"),
    "remove": ("remove", "rm", "delete", "destroy", "undeploy"),
    "restart": ("restart", "reload"),
}
"""What managers call their operations, the likeliest first."""
_WORDS = {
    Status.CREATED: ("created", "new", "added", "defined", "registered"),
    Status.RUNNING: ("running", "up", "active", "started", "ready", "healthy", "online"),
    Status.STOPPED: ("stopped", "down", "inactive", "exited", "offline", "idle"),
    Status.FAILED: ("failed", "error", "crashed", "unhealthy", "dead"),
}
"""What managers call a status."""
_COMMAND_LINE = re.compile(r"^ {1,8}([a-z][a-z0-9_-]*)(?:[ ,<\[].*)?$", re.MULTILINE)
_CHOICE = re.compile(r"\{([a-z0-9_-]+(?:,[a-z0-9_-]+)+)\}")
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*_(?:HOME|DIR|STATE|DATA|DB|ROOT)\b")


def offered(text: str) -> dict[str, str]:
    """Which of a program's commands does which operation, as far as its help tells."""
    words = [*_COMMAND_LINE.findall(text), *(word for found in _CHOICE.findall(text) for word in found.split(","))]
    found = {kind: next((one for one in called if one in words), "") for kind, called in _CALLED.items()}
    return {kind: word for kind, word in found.items() if word}


def explains_commands(text: str) -> bool:
    """Whether a program's help says that it knows ``--help``: only then may its commands be asked for theirs."""
    return "--help" in text


def taking(word: str, text: str, own: str) -> str:
    """The arguments that a command on a service takes, by the program's help and its own: its name, and its port."""
    line = re.search(rf"^ {{1,8}}(?:\S+ )*?{re.escape(word)} (\S.*?)(?: {{2,}}.*)?$", text, re.MULTILINE)
    flag = re.search(r"(?<![\w-])--(?:name|service)\b", own)
    name = f"{flag[0]} {{service}}" if flag else "{service}"
    if re.search(r"(?<![\w-])--port\b", own or (line[1] if line is not None else "")):
        return f"{name} --port {{port}}"
    words = re.findall(r"[a-z]+", line[1].lower()) if line is not None and not own else []
    usage = re.search(r"^usage: .*\bport\b", own, re.IGNORECASE | re.MULTILINE)
    return f"{name} {{port}}" if usage or "port" in words else name


def keeping(text: str) -> str:
    """The environment variable that says where it keeps its services, as far as its help tells; empty if it does not."""
    found = _VARIABLE.search(text)
    return found[0] if found else ""


@frozen
class Draft:
    """What is known of a manager: the command line of each operation, with placeholders, and the variable for its files."""

    commands: Mapping[str, str]
    variable: str = ""
    inside: frozenset[str] = Factory(frozenset)
    """Files that lie beside the description."""

    def text(self) -> str:
        """The description, with comments that say what each part is, and what else could be there."""
        parts = (_HEAD, self._environ(), *(self._call(kind) for kind in _CALLED), _words(), _CONTAINERS, _CONTRACT)
        return "\n".join(parts)

    def _environ(self) -> str:
        comment = "# Where it keeps what it knows. {state} is a folder that is new for each sequence."
        lines = ("[env]", f'{self.variable} = "{{state}}"') if self.variable else _UNKNOWN_VARIABLE
        return "\n".join((comment, *lines, ""))

    def _call(self, kind: str) -> str:
        command = self.commands.get(kind, "")
        lines = [f"[{kind}]", f"argv = {json.dumps(self._argv(command), ensure_ascii=False)}", *_FURTHER.get(kind, ())]
        if not command:
            lines = [f"# {line}" if not line.startswith("#") else line for line in lines]
            lines[1] = '# argv = ["…"]'
        return "\n".join((_SAYS[kind], *lines, ""))

    def _argv(self, command: str) -> list[str]:
        return [f"{{dir}}/{word.removeprefix('./')}" if word in self.inside else word for word in shlex.split(command)]


def _words() -> str:
    lines = (f"{status.value} = {json.dumps(words)}" for status, words in _WORDS.items())
    return "\n".join(
        ("# Its words for a status. A word may stand at several: then it means any of them.", "[words]", *lines, "")
    )


_HEAD = """\
# How Churn tests a service manager. What each key means: churn guide managers
# Is it right? churn manager check THIS_FILE --run
#
# Placeholders: {service} its name, {port} a free port, {id} what create printed, {dir} this file's folder, {run} this run,
# {state} the manager's own folder, {folder} a folder to mount at /behaviour in its container, so that its server can misbehave.
"""
_UNKNOWN_VARIABLE = ("# [env]", '# MINE_HOME = "{state}"')
_SAYS = {
    "create": "# Makes a service known. Without it, the first start makes the service.",
    "start": "# Starts a service, and waits until it answers.",
    "stop": "# Stops a service.",
    "list": "# Lists all services.",
    "status": "# Tells of one service; it is read as the list is.",
    "remove": "# Makes the manager forget a service, and frees what it has.",
    "restart": "# Stops and starts a service, in one.",
}
_FURTHER = {
    "create": ('# id = "id"  # where services have an id that create prints: where in its JSON (JMESPath)',),
    "start": ("timeout = 60  # seconds",),
    "stop": ("timeout = 60",),
    "list": (
        'entries = "[].{service: name, status: status, port: port}"  # JMESPath, for JSON',
        "# json_lines = true  # each line is a JSON document of its own",
        "# pattern = '^(?P<service>\\S+) +(?P<status>\\S+) +(?P<port>\\d+)$'  # in place of entries, for text",
    ),
    "status": ('entries = "{service: name, status: status, port: port}"',),
}
_CONTAINERS = """\
# Which containers are the manager's. Churn marks those that are made through DOCKER_HOST by itself.
# [containers]
# labels = { "mine.run" = "{run}" }  # labels that your manager gives them: then bugs get a shell script that needs no Churn
# service_label = "mine.service"  # the label whose value is the service's name
"""
_CONTRACT = """\
# What it promises, where that is not the usual: churn explain lists the keys.
[contract]
second_start = "either"  # a start of what runs: refused, ignored, or either of them
# failed_container = "kept"  # a start that failed may leave its container

[contract.bounds]
start = 60  # seconds that a start may take
settling = 2  # seconds until all is as it should be after an operation
"""
