"""Command lines of anything: each is run in a process of its own, in a folder of its own."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import rich_click as click
from mutating import TEXTS, Mutations

from churn.cli import churn, line
from churn.system.clock import RealClock

SOON, _BOUND, _LOOK_EVERY = 4.0, 15.0, 0.02
"""Seconds after which a command is interrupted, and within which it has then to end; and between two looks at it."""
_CODES = (0, 1, 2, 3, 130)
_WORDS = (
    "x",
    "reference",
    "aima",
    "mine.toml",
    "none.toml",
    "docker",
    "emulated",
    "1",
    "0.5",
    "5s",
    "yes",
    ".",
    "sub/dir",
    "file",
    "engine.sock",
    "none",
)
_MINE = '[start]\nargv = ["true"]\n[stop]\nargv = ["true"]\n[list]\nargv = ["echo", "[]"]\nentries = "@"\n'


class Lines:
    """`churn`, with any arguments. None of them reaches an engine, or leaves the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._commands = tuple(_commands(churn, ()))
        self._told = folder / "told"
        (folder / "place").mkdir()
        (folder / "place" / "file").write_text("x")
        (folder / "place" / "mine.toml").write_text(_MINE)

    def close(self) -> None:
        """Nothing is left."""

    def draw(self, mutations: Mutations) -> list[str]:
        """As `Subject.draw`."""
        names, command = mutations.one(self._commands)
        words = list(names)
        if command.name in ("run", "explore"):
            words += ["--max-operations", "5"]
        for _ in range(mutations.one((0, 1, 1, 2, 3, 5))):
            words += _argument(mutations.one(command.params), mutations) if command.params else []
        if mutations.often(0.2):
            words.insert(mutations.chance.randrange(len(words) + 1), mutations.one((*TEXTS, "--x", "-h", "--version")))
        if mutations.often(0.1):
            words = [mutations.text(word, _WORDS) if mutations.often(0.3) else word for word in words]
        words = [_typed(word) for word in words if not word.startswith("/") and ".." not in word]
        return [*words, "--dry-run"] if "clean" in words else words

    def feed(self, drawn: list[str]) -> bool:
        """As `Subject.feed`. Raises `Fault` for a traceback, another exit code, and a command that does not end."""
        from fuzz import Fault

        child = os.fork()
        if not child:
            self._run(drawn)
        code = _ended(child)
        told = self._told.read_text(errors="replace")
        for sign in ("Traceback", "a mistake in Churn"):
            if sign in told:
                raise Fault(f"{sign}{told.partition(sign)[2].strip()[:200]}")
        if code is None:
            raise Fault("it did not end")
        if code not in _CODES:
            raise Fault(f"exit code {code}")
        return code in (0, 1, 3)

    def _run(self, words: list[str]) -> None:
        """In the child, to its end."""
        os.setsid()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(self._folder / "place")
        home = str(self._folder)
        tempfile.tempdir = home
        os.environ.update(HOME=home, TMPDIR=home, DOCKER_HOST=f"unix://{home}/none", NO_COLOR="1")
        output = os.open(self._told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number, end in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
            os.dup2(end, number)
        sys.stdin, sys.stdout, sys.stderr = open(0), *(open(one, "w", errors="backslashreplace") for one in (1, 2))  # noqa: SIM115 -- for good
        code = 99
        try:
            code = line(words)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _ended(child: int) -> int | None:
    """The exit code; None where it does not end even when it is interrupted. What it has started ends with it."""
    clock = RealClock()
    began, interrupted, code = clock.now(), False, None
    while code is None and clock.now() < began + SOON + _BOUND:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
        elif not interrupted and clock.now() > began + SOON:
            interrupted = True
            os.kill(child, signal.SIGINT)
        else:
            clock.sleep(_LOOK_EVERY)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if code is None:
        os.waitpid(child, 0)
    return code


def _commands(group: click.Group, before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All commands, with the words that name them."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*before, name))
        else:
            yield (*before, name), command


def _typed(word: str) -> str:
    """The word as a shell can give it: without a null, and with bytes that are no UTF-8 as Python reads them."""
    return word.replace("\0", "").replace("\ud800", "\udcff")


def _argument(param: Any, mutations: Mutations) -> list[str]:
    value = mutations.one(getattr(param.type, "choices", None) or _WORDS)
    value = (
        mutations.one(TEXTS)
        if mutations.often(0.3)
        else mutations.text(str(value))
        if mutations.often(0.2)
        else str(value)
    )
    if isinstance(param, click.Argument):
        return [value]
    name = mutations.one((*param.opts, *param.secondary_opts))
    return [name] if param.is_flag else [name, value]
