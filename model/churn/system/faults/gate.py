"""The gate between a client and an engine, where faults strike: calls, what may happen to one, and the faults that are on.

The same gate stands in front of the emulated engine, whatever its face, and in the proxy in front of a real one. Only the
manager's calls pass it: what looks at the system does not, so that what is seen is true.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from math import inf
from typing import ClassVar, Protocol
from urllib.parse import parse_qs

from attrs import asdict, define, field, frozen

from churn.errors import NotFound
from churn.system.clock import Clock, RealClock
from churn.system.refusals import Trouble, trouble

MILLI = 1000


@frozen
class Call:
    """One call of an engine: what is asked (`verb`), and of which container, by id or name (empty: of none)."""

    verb: str
    reference: str = ""

    @classmethod
    def of(cls, method: str, target: str) -> "Call":
        """The call that an HTTP request makes. The path's version is left out; of the query a create's name counts."""
        path, _, query = target.partition("?")
        path = _VERSION.sub("", path)
        if (method, path) == ("POST", "/containers/create"):
            return cls("create", parse_qs(query).get("name", [""])[0])
        if method == "DELETE" and (found := re.fullmatch(r"/containers/([^/]+)", path)):
            return cls("remove", found[1])
        if found := re.fullmatch(r"/containers/([^/]+)/(\w+)", path):
            return cls(_VERBS.get(found[2], found[2]), found[1])
        return cls(_PATHS.get((method, path), path.lstrip("/")))


_VERSION = re.compile(r"\A/v\d+\.\d+(?=/)")
_VERBS = {"json": "inspect"}
_PATHS = {
    ("GET", "/containers/json"): "list",
    ("GET", "/_ping"): "ping",
    ("HEAD", "/_ping"): "ping",
}
CHANGING = frozenset({"create", "start", "stop", "kill", "restart", "remove", "pause", "unpause", "rename"})
"""The verbs that change a container."""


class Lost(Enum):
    """How a reply gets lost."""

    CLOSED = "closed"
    """The connection is closed in order, with no reply."""
    RESET = "reset"
    """The connection is reset."""
    HANG = "hang"
    """No reply comes for as long as the fault is on, or until the client gives up."""
    TRUNCATED = "truncated"
    """The reply ends in the middle of its body."""
    CUT = "cut"
    """Nobody waits for a reply any more: the client has been ended."""


@frozen
class Refused:
    """The engine answers with this status and text, and does nothing."""

    status: int
    message: str


@frozen
class Late:
    """The reply comes so many seconds later."""

    seconds: float


@frozen
class Struck:
    """A call that a fault has struck, both by name: ``hang on create``."""

    fault: str
    call: str

    def __str__(self) -> str:
        return f"{self.fault} on {self.call}"


class EngineHooks(Protocol):
    """What faults can do to an engine beyond its replies. Each raises `EngineError` where that cannot be done."""

    def end(self, reference: str, code: int, *, oom: bool = False) -> None:
        """Let a running container's main process end by itself with that exit code; `oom`: as the kernel would for memory."""

    def restart(self, *, live: bool, seconds: float) -> None:
        """Restart the engine, which takes so many seconds; `live`: containers run on meanwhile."""

    def occupy(self, name: str, port: int) -> str:
        """A container of somebody else with that name (empty: any), running on that port (0: none). Its id."""

    def vacate(self, container: str) -> None:
        """Remove what `occupy` made; nothing happens where it is gone."""

    def instruct(self, reference: str, word: str) -> None:
        """Let the container's server behave as that word says, from now on (empty: as it would)."""


@define(kw_only=True)
class Fault:
    """One fault. It strikes calls that it is for, until it has struck often enough, its time is over, or it is healed.

    A subclass says in its docstring what a client sees, and what the model then allows.
    """

    name: ClassVar[str] = ""
    lasts_from_strike: ClassVar[bool] = False
    """Whether its milliseconds begin when it strikes, not when it is switched on."""
    misleads: ClassVar[bool] = False
    """Whether it tells a client something of the engine that is not so, on which an honest one may build."""
    only_delays: ClassVar[bool] = False
    """Whether a client gets every reply of the engine's, only later."""
    upsets: ClassVar[bool] = False
    """Whether it changes the engine itself, not only its replies."""
    times: int = 1
    """How many calls it strikes; 0: all."""
    milliseconds: float = 0.0
    """How long it lasts; 0: its time has no end."""

    def begin(self, hooks: EngineHooks) -> None:
        """Do what it does to the engine itself."""

    def heal(self, hooks: EngineHooks) -> None:
        """Undo that."""

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return False

    def __str__(self) -> str:
        """Its name and settings, as on the command line."""
        settings = (f"{key}={value}" for key, value in asdict(self).items() if value not in ("", 0, False))
        return " ".join((self.name, *settings))

    def on_strike(self, gate: "Gate") -> None:
        """Do what else belongs to it when it strikes a call."""

    def before(self, call: Call) -> Refused | Lost | None:
        """What becomes of a call that it is for, before the engine has it; None: the engine gets it."""
        return None

    def after(self, call: Call) -> Lost | Late | None:
        """What becomes of the reply to such a call; None: the client gets it."""
        return None


@define
class ReplyFault(Fault):
    """A fault that strikes the replies to calls, or the calls themselves."""

    call: str = ""
    """The only call that it strikes, such as `start`; empty: every call that changes a container."""

    def concerns(self, call: Call) -> bool:
        """Whether it is for that call."""
        return call.verb == self.call if self.call else call.verb in CHANGING


@define(kw_only=True)
class Gate:
    """The faults that are on, and a journal of what each has struck."""

    hooks: EngineHooks | None = None
    clock: Clock = field(factory=RealClock)
    faults: list[Fault] = field(factory=list)
    struck: list[Struck] = field(factory=list)
    held: float = 0.0
    """Seconds by which replies have come later, all in all."""
    upsets: int = 0
    """How often a fault has changed the engine itself."""
    troubles: list[Trouble] = field(factory=list)
    """What the engine itself answered, no fault of these, when it could not do what it was asked."""
    images_removed: int = 0
    """How many images were removed by who asks here."""
    signalled: Callable[[str], bool] = field(default=lambda _: False)
    """Sends that signal (``KILL``) to the program that asks here; whether there is one."""
    changes: int = 0
    """How many calls came that change a container."""
    _hanging: list[Fault] = field(factory=list)
    _ends: dict[int, float] = field(factory=dict)
    _lock: threading.RLock = field(factory=threading.RLock, init=False, repr=False)
    """A server asks in its thread while the session switches in its own."""

    def switch_on(self, fault: Fault) -> None:
        """Let a fault begin. Raises `EngineError` where the engine does not let it."""
        if self.hooks is not None:
            fault.begin(self.hooks)
            self.upsets += fault.upsets
        with self._lock:
            if fault.milliseconds and not fault.lasts_from_strike:
                self._ends[id(fault)] = self.clock.now() + fault.milliseconds / MILLI
            self.faults.append(fault)

    def switch_off(self, fault: Fault) -> None:
        """End one fault, if it is on still."""
        with self._lock:
            was_on = any(one is fault for one in self._all())
            self._forget(fault)
        if was_on:
            self._healed((fault,))

    def heal(self) -> None:
        """End every fault."""
        with self._lock:
            healed = self._all()
            self.faults.clear()
            self._hanging.clear()
            self._ends.clear()
        self._healed(healed)

    def answered(self, status: int, body: bytes) -> None:
        """The engine itself has answered so: keep it if it is in trouble, and no fault that is on may be why."""
        if self.on():
            return
        try:
            found = trouble(status, str(json.loads(body)["message"]))
        except (ValueError, TypeError, KeyError):
            return
        if found is not None:
            self.troubles.append(found)

    def before(self, call: Call) -> Refused | Lost | None:
        """What becomes of a call before the engine has it."""
        self.changes += call.verb in CHANGING
        if not self.faults:
            return None
        with self._lock:
            for fault in self._concerned(call):
                if (told := fault.before(call)) is not None:
                    self._strike(fault, call, told)
                    return told
        return None

    def after(self, call: Call) -> Lost | Late | None:
        """What becomes of the reply to a call that the engine has carried out."""
        if not self.faults:
            return None
        with self._lock:
            for fault in self._concerned(call):
                if (told := fault.after(call)) is not None:
                    self._strike(fault, call, told)
                    return told
        return None

    def hanging(self) -> bool:
        """Whether calls that hang still have to."""
        with self._lock:
            self._expire()
            return bool(self._hanging)

    def on(self) -> tuple[Fault, ...]:
        """The faults that strike, or hold what they have struck."""
        with self._lock:
            self._expire()
            return tuple(self._all())

    def _concerned(self, call: Call) -> list[Fault]:
        self._expire()
        return [fault for fault in self.faults if fault.concerns(call)]

    def _expire(self) -> None:
        now = self.clock.now()
        over = [fault for fault in self._all() if self._ends.get(id(fault), inf) <= now]
        for fault in over:
            self._forget(fault)
        self._healed(over)

    def _healed(self, faults: Iterable[Fault]) -> None:
        """Undo what they did, as far as what they did it to is there still."""
        for fault in faults:
            if self.hooks is not None:
                with suppress(NotFound):
                    fault.heal(self.hooks)

    def _all(self) -> list[Fault]:
        return [*self.faults, *(fault for fault in self._hanging if not any(one is fault for one in self.faults))]

    def _forget(self, fault: Fault) -> None:
        self.faults[:] = [one for one in self.faults if one is not fault]
        self._hanging[:] = [one for one in self._hanging if one is not fault]
        self._ends.pop(id(fault), None)

    def _strike(self, fault: Fault, call: Call, told: Refused | Lost | Late) -> None:
        self.struck.append(Struck(fault.name, call.verb))
        fault.on_strike(self)
        if isinstance(told, Late):
            self.held += told.seconds
        if told is Lost.HANG and not any(one is fault for one in self._hanging):
            self._hanging.append(fault)  # until it is healed, even if it strikes no more
            if fault.milliseconds:
                self._ends[id(fault)] = self.clock.now() + fault.milliseconds / MILLI
        if fault.times > 0:
            fault.times -= 1
            if not fault.times:
                self.faults[:] = [one for one in self.faults if one is not fault]
