"""Whether the file that describes a manager fits what the manager does: what it lacks is a mistake in the file, and no bug.

Only what a line in the file would mend is one; all else is judged as ever. So this is for the first cycle, in which a manager
shows everything for the first time.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from attrs import frozen

from churn.errors import UsageError
from churn.lifecycle.observation import Container, Listed, Status
from churn.lifecycle.operations import Interrupt, Restart, Start, Stop
from churn.lifecycle.outcome import Garbled, Ok, Outcome, Unknown
from churn.lifecycle.patterns import fits
from churn.lifecycle.state import State
from churn.session.run import Record
from churn.session.session import Session
from churn.session.system import System
from churn.session.verdict import Judgement, Verdict
from churn.system.managers.command import CommandManager
from churn.system.managers.command.guessing import guessed, identifying, skipping, with_nothing
from churn.system.managers.command.reading import Json
from churn.system.protocols import ListedContainer, carries

_OTHERS = ("churn.", "com.docker.")
"""How labels begin that are not the manager's own."""
_NOT_FOUND = (404, 405, 501)


@frozen
class Mistake:
    """What the file does not know, in words, and what to write in which of its tables (empty: at its top)."""

    told: str
    table: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        heading = f"[{self.table}]" if self.table else "# at the top of the file"
        return f"{self.told}; write there:\n  " + "\n  ".join((heading, *self.lines))


@contextmanager
def acquainted(session: Session) -> Iterator["Acquaintance | None"]:
    """While this lasts, the first cycle of a described manager is looked at for mistakes in its file. Raises `UsageError`.

    Yields who looks; None where the manager is not described by a file.
    """
    manager, watch = session.system.manager, session.watch
    if not isinstance(manager, CommandManager):
        yield None
        return
    acquaintance = Acquaintance(session.system, manager)
    acquaintance.empty()

    def looked(state: State, record: Record) -> None:
        acquaintance.step(record)
        if watch is not None:
            watch(state, record)

    session.watch = looked
    try:
        yield acquaintance
    finally:
        session.watch = watch


class Acquaintance:
    """Looks at a described manager's first cycle, step by step."""

    def __init__(self, system: System, manager: CommandManager) -> None:
        self.system = system
        self.manager = manager
        self.over = False
        """Whether the first cycle is through."""
        self.better: tuple[str, ...] = ()
        """Lines by which its containers would tell their service, where only their port does, and whose they are."""

    def empty(self) -> None:
        """Look at how its list is read where it has no service. Raises `UsageError`."""
        if "list" in self.manager.description.calls:
            self._expect_none(self._of_nothing(self.manager.list()))

    def step(self, record: Record) -> None:
        """Look at what came of a step. Raises `UsageError` that names all that the file lacks."""
        if self.over or record.outcome is None:
            return
        self.over = isinstance(record.step.operation, Stop) or record.verdict is Verdict.FAIL
        self._expect_none(self._mistakes(record, record.outcome))

    def _expect_none(self, mistakes: Iterator[Mistake]) -> None:
        found = tuple(dict.fromkeys(map(str, mistakes)))
        if found:
            raise UsageError(f"{self.manager.description.path}: " + "\n".join(found))

    def _mistakes(self, record: Record, outcome: Outcome) -> Iterator[Mistake]:
        yield from self._identity(outcome)
        judged = record.judgement
        if judged is None:
            return
        for kind, answer in (("list", judged.listing), (record.step.operation.kind, outcome)):
            yield from self._shape(kind, answer, judged)
        for kind, entries in (("list", judged.observation.listed), ("status", judged.observation.told)):
            for entry in entries or ():
                yield from self._entry(kind, entry, judged)
        yield from self._name(judged)
        if isinstance(record.step.operation, Start | Restart) and isinstance(outcome, Ok):
            contract = self.system.manager.contract
            rows = [row for row in self.system.engine.list(self.system.marks) if not contract.helped_by(row.name)]
            yield from self._containers(rows)
            yield from self._calls(rows)
            yield from self._health(judged)
            self.better = next(filter(None, map(self._better, rows)), ())

    # -- how its output is read ---------------------------------------------------------------------------------------

    def _of_nothing(self, outcome: Outcome) -> Iterator[Mistake]:
        if isinstance(outcome, Unknown) and outcome.garbled is not None:
            printed, reading = self.manager.memory.printed["list"], self.manager.description.readings["list"]
            lines = with_nothing(reading, printed) or skipping(reading, printed)
            if lines:
                yield Mistake(f"list, of no service: {_unread(outcome.garbled)}", "list", lines)

    def _shape(self, kind: str, outcome: Outcome | None, judged: Judgement) -> Iterator[Mistake]:
        """An answer that cannot be read as the file says, but otherwise."""
        if not isinstance(outcome, Unknown) or outcome.garbled is None or kind not in self.manager.description.readings:
            return
        for name in judged.nearest.services:
            lines = self._reading(kind, name, judged)
            if lines:
                yield Mistake(f"{kind}: {_unread(outcome.garbled)}", kind, lines)

    def _reading(self, kind: str, name: str, judged: Judgement) -> tuple[str, ...]:
        """The lines by which the service would be found in what was printed."""
        real, port = self.system.real_names[name], self._port(name, judged)
        guess = guessed(self.manager.memory.printed.get(kind, ""), self.manager.memory.called(real), port)
        if guess is None:
            return ()
        before = self.manager.description.readings[kind].source
        other = (
            "" if type(guess.reading.source) is type(before) else "entries" if isinstance(before, Json) else "pattern"
        )
        return (*((f"# without {other}",) if other else ()), *guess.lines)

    def _port(self, name: str, judged: Judgement) -> int | None:
        """The port that its container publishes, else the one that Churn has for it."""
        found = _container_of(name, judged)
        return (
            next(iter(found.ports), None)
            if found is not None
            else self.manager.memory.ports.get(self.system.real_names[name])
        )

    def _entry(self, kind: str, entry: Listed, judged: Judgement) -> Iterator[Mistake]:
        service = judged.nearest.services.get(entry.service)
        if service is None or service.unsettled is not None:
            return
        idly = service.status is Status.CREATED and entry.meanings == (Status.STOPPED,)
        if entry.status is None or idly:
            word, meant = entry.word, service.status
            known = [one for one in self.manager.contract.words if meant in self.manager.contract.meanings(one)]
            words = ", ".join(f'"{one}"' for one in (*known, word))
            told = (
                f"words: service {entry.service} is {meant.value}; its {kind} says {word!r}, which does not mean that"
            )
            yield Mistake(told, "words", (f"{meant.value} = [{words}]",))
        found = _container_of(entry.service, judged)
        if entry.port is None and found is not None and found.running:
            lines = self._reading(kind, entry.service, judged)
            if any("port" in line for line in lines):
                told = f"{kind}: it tells the port of service {entry.service}, which is not read"
                yield Mistake(told, kind, lines)

    def _name(self, judged: Judgement) -> Iterator[Mistake]:
        """A list that has one service, by another name than the one that was created."""
        listed = judged.observation.listed or ()
        missing = judged.nearest.services.keys() - {entry.service for entry in listed}
        if len(missing) != 1 or len(listed) != 1:
            return
        name, told = next(iter(missing)), listed[0].service
        real = self.system.real_names[name]
        if lines := self._reading("list", name, judged):
            yield Mistake(f"list: service {real} is read as {told!r}", "list", lines)
        elif lines := identifying(self.manager.memory.printed.get("create", ""), told):
            yield Mistake(
                f"create: the list calls service {real} {told!r}, an id that create has printed", "create", lines
            )

    def _identity(self, outcome: Outcome) -> Iterator[Mistake]:
        garbled = outcome.garbled if isinstance(outcome, Unknown) else None
        if garbled is not None and garbled.promised.startswith("an id by"):
            lines = identifying(self.manager.memory.printed.get("create", ""))
            if lines:
                yield Mistake(f"create: {_unread(garbled)}", "create", lines)

    def _calls(self, rows: Sequence[ListedContainer]) -> Iterator[Mistake]:
        """Containers that were made and started by no call that was seen, where the manager is to be ended at one."""
        gate, ended = self.system.gate, Interrupt.kind in self.system.contract.possible
        if rows and ended and gate is not None and not gate.changes:
            told = "engine_calls: container {} was made by no call of Docker's API at the address in DOCKER_HOST"
            yield Mistake(told.format(rows[0].name), "contract", ('engine_calls = "unseen"',))

    # -- whose its containers are -------------------------------------------------------------------------------------

    def _containers(self, rows: Sequence[ListedContainer]) -> Iterator[Mistake]:
        """What the file says of the manager's containers, and what is so of none of those that this run has made."""
        for look in (self._labels, self._service_label, self._pattern):
            found = [look(row) for row in rows]
            if found and all(found):
                told, line = found[0]
                yield Mistake(f"containers.{told}", "containers", (line,))

    def _own(self, row: ListedContainer) -> dict[str, str]:
        """The labels that the manager has given it."""
        return {key: value for key, value in row.labels.items() if key not in self.system.marks}

    def _service_label(self, row: ListedContainer) -> tuple[str, ...]:
        """What is wrong with the label that tells its service, and the line for it; nothing where it has that."""
        label, has = self.manager.description.service_label, self._own(row)
        if not label or label in row.labels:
            return ()
        mine = self._telling_label(row)
        line = f'service_label = "{mine}"' if mine else f'# no service_label = "{label}": its port tells whose it is'
        return f"service_label: expected {label} on container {row.name}, which has {_told(has)}", line

    def _labels(self, row: ListedContainer) -> tuple[str, ...]:
        """The same of its labels; nothing where it is known by them, or by its name."""
        contract, has = self.manager.contract, self._own(row)
        by_name = bool(contract.name_pattern) and fits(contract.name_pattern, row.name)
        if by_name or carries(row.labels, contract.labels):
            return ()
        mine = ", ".join(f'"{key}" = "{{run}}"' for key, value in has.items() if value == self.manager.session)
        line = f"labels = {{ {mine} }}" if mine else "# no labels: those that Churn's proxy adds are enough"
        return f"labels: expected {_told(contract.labels)} on container {row.name}, which has {_told(has)}", line

    def _pattern(self, row: ListedContainer) -> tuple[str, ...]:
        """The same of the pattern of its name."""
        pattern = self.manager.contract.name_pattern
        if not pattern or fits(pattern, row.name):
            return ()
        told = self._telling_pattern(row)
        line = f"name_pattern = '{told}'" if told else f"# no name_pattern = '{pattern}'"
        return f"name_pattern: it does not match the whole of {row.name}", line

    def _better(self, row: ListedContainer) -> tuple[str, ...]:
        """The lines by which it would tell its service, and whose it is; those that the file lacks, and that there are."""
        label, pattern = self._telling_label(row), self._telling_pattern(row)
        telling = f'service_label = "{label}"' if label else f"name_pattern = '{pattern}'" if pattern else ""
        untold = self.manager.service_of(row) is None
        marking = "" if self.manager.description.contract.labels else self._marking(row)
        return tuple(filter(None, (telling if untold else "", marking)))

    def _marking(self, row: ListedContainer) -> str:
        """The labels by which it is the manager's: those of one run, else those that are always the same."""
        own = {key: value for key, value in self._own(row).items() if not key.startswith(_OTHERS)}
        of_run = {key: "{run}" for key, value in own.items() if value == self.manager.session}
        marks = of_run or {key: value for key, value in own.items() if value not in self._names()}
        told = ", ".join(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in marks.items())
        alone = "" if of_run else "; say global = true at the top, too, as two runs at once would mix them up"
        return f"labels = {{ {told} }}  # then a bug gets a shell script{alone}" if marks else ""

    def _telling_label(self, row: ListedContainer) -> str:
        """The label of it that has its service's name; empty where none has."""
        return next((key for key, value in self._own(row).items() if value in self._names()), "")

    def _telling_pattern(self, row: ListedContainer) -> str:
        """A pattern for its name that finds its service's name there; empty where that is not in it."""
        inside = next((one for one in self._names() if one in row.name), "")
        told = re.escape(row.name).replace(re.escape(inside), "(?P<service>.+)", 1).replace(r"\-", "-")
        return told.replace(self.manager.session, ".+") if inside else ""

    def _names(self) -> tuple[str, ...]:
        """What the services of the sequence may be called, the longest first."""
        real = tuple(self.system.real_names.values())
        return tuple(sorted({*real, *map(self.manager.memory.called, real)}, key=len, reverse=True))

    def _health(self, judged: Judgement) -> Iterator[Mistake]:
        for name, service in judged.nearest.services.items():
            port = judged.observation.ports.get(service.port) if service.port is not None else None
            path = self.manager.contract.health_path
            if port is not None and port.health in _NOT_FOUND and path != "/":
                told = f"health_path: the server of service {name} answers {path} with HTTP status {port.health}"
                yield Mistake(told, "", ('health_path = "/"',))


def _told(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" if value else key for key, value in labels.items()) or "no label"


def _unread(garbled: Garbled) -> str:
    return f"expected {garbled.promised}, it printed {garbled.printed}"


def _container_of(name: str, judged: Judgement) -> Container | None:
    found = (
        one for one in judged.observation.containers.values() if one.service == name or name in one.alias.split("#")
    )
    return next((one for one in found if one.ports), None)
