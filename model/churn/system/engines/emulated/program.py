"""What the process in an emulated container does: it serves, or it is one of a few small programs that end by themselves."""

import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from attrs import evolve, frozen

from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.files import resolved
from churn.system.engines.emulated.images import STAND_IN_LABEL, Image


@frozen
class Program:
    """How a process goes on when it has started. By default it serves until it is ended."""

    lasts: float | None = None
    """Seconds until it ends by itself; None: it does not."""
    code: int = 0
    """The exit code that it ends with by itself."""
    lines: tuple[tuple[float, str], ...] = ()
    """What it prints, each line with how many seconds after its start."""
    obeys: bool = True
    """Whether SIGTERM ends it: a first process without a handler is not reached by it."""


SERVES = Program()
CRASHING = "stand-in: crashing, as told"
"""What the stand-in writes to its standard error where it reads that it is to crash."""
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Where a program is looked for that is named without a folder."""


def argv_of(container: EmulatedContainer, image: Image | None) -> tuple[str, ...]:
    """What is run in the container: the entrypoint and the command, its own or its image's."""
    body = container.body
    entrypoint = tuple(_words(body.get("Entrypoint")))
    command = tuple(_words(body.get("Cmd"))) or container.spec.command
    if image is not None and not entrypoint:
        entrypoint, command = image.entrypoint, command or image.command
    return (*entrypoint, *command)


def is_stand_in(container: EmulatedContainer, image: Image | None) -> bool:
    """Whether its process is the stand-in server, as far as it was asked for by an API."""
    own = container.body.get("Entrypoint") or not container.body
    return image is not None and STAND_IN_LABEL in image.labels and not own


def program_of(container: EmulatedContainer, image: Image | None, word: str = "healthy") -> Program:
    """What its process does, by what is run in it and by the word that it reads at its start."""
    if not container.body:
        return SERVES
    argv = argv_of(container, image)
    if is_stand_in(container, image):
        return Program(lines=((0.0, f"stand-in: port {_port(argv)}, {word}"),))
    return _small(argv) or SERVES


def missing(container: EmulatedContainer, image: Image | None) -> str:
    """How the engine says that its image has not the program that it is to run; empty where it may have it."""
    argv = argv_of(container, image)
    if not argv or image is None or not image.files:
        return ""
    program = argv[0]
    if "/" not in program:
        found = any(resolved(image.files, f"{folder}/{program}") in image.files for folder in _PATH)
        return "" if found else f'exec: "{program}": executable file not found in $PATH'
    place = resolved(image.files, str(PurePosixPath("/") / program))
    return "" if place in image.files else f'exec: "{program}": stat {program}: no such file or directory'


def gpus_of(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """The driver (empty: any) and the capabilities of the GPUs that a request asks for; None where it asks for none."""
    for device in (body.get("HostConfig") or {}).get("DeviceRequests") or ():
        groups = device.get("Capabilities") or ()
        if device.get("Driver") or any("gpu" in group for group in groups):
            told = " ".join(f"[{' '.join(group)}]" for group in groups)
            return str(device.get("Driver") or ""), f"[{told}]"
    return None


def _words(value: object) -> list[str]:
    """The API takes a command as a list of words, or as one line."""
    if isinstance(value, str):
        return _split(value)
    return [str(word) for word in value] if isinstance(value, list) else []


def _port(argv: tuple[str, ...]) -> str:
    for place, word in enumerate(argv):
        if word == "--port" and place + 1 < len(argv):
            return argv[place + 1]
        if word.startswith("--port="):
            return word.partition("=")[2]
    return "8000"


def _split(text: str) -> list[str]:
    """The words of a command line; one word where its quotes do not close."""
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


def _small(argv: tuple[str, ...]) -> Program | None:
    """The program where it is one of those that end by themselves."""
    name = PurePosixPath(argv[0]).name if argv else ""
    match name, argv[1:]:
        case "true", _:
            return Program(0.0)
        case "false", _:
            return Program(0.0, 1)
        case "echo", words:
            return Program(0.0, lines=((0.0, " ".join(words)),))
        case "exit", [code] if code.isdecimal():
            return Program(0.0, int(code))
        case "sleep", [seconds] if seconds.replace(".", "", 1).isdecimal():
            return Program(float(seconds), obeys=False)
        case (("sh" | "bash" | "ash"), ["-c", script]):
            return _script(script)
    return None


def _script(script: str) -> Program | None:
    """Commands with ``;`` between, as far as each is known."""
    whole = Program(0.0)
    for line in script.split(";"):
        step = _small(tuple(_split(line)))
        if step is None or step.lasts is None or whole.lasts is None:
            return None
        whole = evolve(
            whole,
            lasts=whole.lasts + step.lasts,
            code=step.code,
            lines=(*whole.lines, *((whole.lasts + after, text) for after, text in step.lines)),
            obeys=whole.obeys and step.obeys,
        )
    return whole
