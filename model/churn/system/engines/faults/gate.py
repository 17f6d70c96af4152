"""The gate between a client and an engine, where faults strike: calls, what may happen to one, and the faults that are on.

The same gate stands in front of the emulated engine, whatever its face, and in the proxy in front of a real one. Only the
manager's calls pass it: what looks at the system does not, so that what is seen is true.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import ClassVar, Protocol

from attrs import define, field, frozen


@frozen
class Call:
    """One call of an engine: what is asked (`verb`), and of which container, by id or name (empty: of none)."""

    verb: str
    reference: str = ""

    @classmethod
    def of(cls, method: str, path: str) -> "Call":
        """The call that an HTTP request makes; `path` has no query, its version prefix is left out."""
        path = _VERSION.sub("", path)
        if method == "DELETE" and (found := re.fullmatch(r"/containers/([^/]+)", path)):
            return cls("remove", found[1])
        if found := re.fullmatch(r"/containers/([^/]+)/(\w+)", path):
            return cls(_VERBS.get(found[2], found[2]), found[1])
        return cls(_PATHS.get((method, path), path.lstrip("/")))


_VERSION = re.compile(r"\A/v\d+\.\d+(?=/)")
_VERBS = {"json": "inspect"}
_PATHS = {
    ("POST", "/containers/create"): "create",
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


@frozen
class Refused:
    """The engine answers with this status and text, and does nothing."""

    status: int
    message: str


class Ground(Protocol):
    """What faults can do to an engine beyond its replies. Each raises `EngineError` where that cannot be done."""

    def end(self, reference: str, code: int, *, oom: bool = False) -> None:
        """Let a running container's main process end by itself with that exit code; `oom`: as the kernel would for memory."""

    def restart(self, *, live: bool, seconds: float) -> None:
        """Restart the engine, which takes so many seconds; `live`: containers run on meanwhile."""

    def occupy(self, name: str, port: int) -> str:
        """A container of somebody else with that name (empty: any), running on that port (0: none). Its id."""

    def vacate(self, container: str) -> None:
        """Remove what `occupy` made; nothing happens where it is gone."""

    def behave(self, reference: str, word: str) -> None:
        """Let the container's server behave as that word says, from now on (empty: as it would)."""


@define
class Fault:
    """One fault. It strikes `times` calls that it is for (0: all), and lasts until its heal.

    A subclass says in its docstring what a client sees, and what the model then allows.
    """

    name: ClassVar[str] = "noop"
    times: int = field(default=1, kw_only=True)

    def begin(self, ground: Ground) -> None:
        """Do what it does to the engine itself."""

    def heal(self, ground: Ground) -> None:
        """Undo that."""

    def concerns(self, call: Call) -> bool:  # noqa: ARG002 -- a seam
        """Whether it is for that call."""
        return False

    def before(self, call: Call) -> Refused | Lost | None:  # noqa: ARG002 -- a seam
        """What becomes of a call that it is for, before the engine has it; None: the engine gets it."""
        return None

    def after(self, call: Call) -> Lost | None:  # noqa: ARG002 -- a seam
        """What becomes of the reply to such a call; None: the client gets it."""
        return None


@define
class Gate:
    """The faults that are on, and a journal of what each has struck: ``reset on create``."""

    ground: Ground | None = None
    faults: list[Fault] = field(factory=list)
    struck: list[str] = field(factory=list)

    def switch_on(self, fault: Fault) -> None:
        """Let a fault begin."""
        if self.ground is not None:
            fault.begin(self.ground)
        self.faults.append(fault)

    def heal(self) -> None:
        """End every fault."""
        while self.faults:
            fault = self.faults.pop()
            if self.ground is not None:
                fault.heal(self.ground)

    def before(self, call: Call) -> Refused | Lost | None:
        """What becomes of a call before the engine has it."""
        for fault in self._concerned(call):
            if (told := fault.before(call)) is not None:
                self._strike(fault, call)
                return told
        return None

    def after(self, call: Call) -> Lost | None:
        """What becomes of the reply to a call that the engine has carried out."""
        for fault in self._concerned(call):
            if (told := fault.after(call)) is not None:
                self._strike(fault, call)
                return told
        return None

    def holds(self, fault_name: str) -> bool:
        """Whether a fault of that name is on still."""
        return any(fault.name == fault_name for fault in self.faults)

    def _concerned(self, call: Call) -> Iterator[Fault]:
        return (fault for fault in self.faults if fault.concerns(call))

    def _strike(self, fault: Fault, call: Call) -> None:
        self.struck.append(f"{fault.name} on {call.verb}")
        if fault.times:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
