"""The host ports that containers are published on, and who else holds ports there."""

import os
from errno import EADDRINUSE
from typing import Protocol

from attrs import define, field

from churn.errors import EngineError
from churn.system.engines.emulated.agenda import Calendar
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.identity import identity
from churn.system.refusals import refusal

_FIRST_CHOSEN = 49153
"""The first host port that the engine chooses by itself."""
_PORTS = 2**16


class PortBinder(Protocol):
    """Where published ports are really bound, if they are."""

    def bind(self, port: int, container: EmulatedContainer) -> None:
        """Take a host port for a container that is about to start. Raises `OSError` where it cannot be had."""

    def release(self, port: int) -> None:
        """Let go of it; nothing happens where it is not held."""

    def address(self, container: EmulatedContainer, port: int) -> str:
        """The address of the host that the port is to be bound at."""


@define
class Neighbours:
    """Who else is on the host."""

    processes: dict[str, int] = field(factory=dict)
    """Processes that the manager left running, and the port that each holds (0: none)."""
    strangers: dict[int, str] = field(factory=dict)
    """Ports held by processes that are nobody's here, and who they are."""


class PublishedPorts:
    """Which container has which host port. Where there is a `binder`, they are bound for real."""

    def __init__(self, neighbours: Neighbours, calendar: Calendar, binder: PortBinder | None) -> None:
        self._neighbours = neighbours
        self._calendar = calendar
        self._binder = binder
        self.owners: dict[int, str] = {}
        """Ids of containers by the ports that they have."""

    def publish(self, container: EmulatedContainer) -> None:
        """Take the host ports that it is to have, where it is on a network for that. Raises `PortTaken`."""
        container.published = ()
        if container.reachable:
            before: set[int] = set()
            for port in container.spec.ports:
                self._admit(port, container, twice=port in before)
                before.add(port)
            self._take(container)

    def unpublish(self, container: EmulatedContainer) -> None:
        """Let go of its host ports."""
        for port in container.ports:
            if self.owners.get(port) == container.id:
                del self.owners[port]
                if self._binder is not None:
                    self._binder.release(port)

    def _admit(self, port: int, container: EmulatedContainer, *, twice: bool) -> None:
        if port in self.owners or twice:
            reason = f"Bind for 0.0.0.0:{port} failed: port is already allocated"
            raise refusal(500, f"{self._connectivity(container)}{reason}")
        if port in self._neighbours.strangers or port in self._neighbours.processes.values():
            raise self._in_use(port, container)

    def _in_use(self, port: int, container: EmulatedContainer) -> EngineError:
        return self._unbound(port, container, OSError(EADDRINUSE, ""))

    def _unbound(self, port: int, container: EmulatedContainer, error: OSError) -> EngineError:
        """What is told of a port that cannot be bound."""
        address = self._binder.address(container, port) if self._binder is not None else "0.0.0.0"  # noqa: S104 -- told, not bound
        reason = os.strerror(error.errno or EADDRINUSE).lower()
        proxy = f"Error starting userland proxy: listen tcp4 {address}:{port}: bind: {reason}"
        return refusal(500, f"{self._connectivity(container)}{proxy}")

    def _connectivity(self, container: EmulatedContainer) -> str:
        endpoint = identity("endpoint", container.id, self._calendar.nanoseconds())
        return f"driver failed programming external connectivity on endpoint {container.name} ({endpoint}): "

    def _take(self, container: EmulatedContainer) -> None:
        try:
            for port in container.spec.ports:
                if (error := self._bind(port, container)) is not None:
                    raise self._unbound(port, container, error)
            self._choose(container)
        except EngineError:
            self.unpublish(container)
            container.published = ()
            raise

    def _choose(self, container: EmulatedContainer) -> None:
        """Take as many ports as are left to the engine: each the next that is free. Raises where they cannot be had."""
        free = (port for port in range(_FIRST_CHOSEN, _PORTS) if self._is_free(port))
        while len(container.published) < container.wanted:
            if (port := next(free, None)) is None:
                raise refusal(500, f"{self._connectivity(container)}all ports are allocated")
            error = self._bind(port, container)
            if error is None:
                container.published = (*container.published, port)
            elif error.errno != EADDRINUSE:  # no other port would do better
                raise self._unbound(port, container, error)

    def _is_free(self, port: int) -> bool:
        return port not in self.owners and port not in self._neighbours.strangers

    def _bind(self, port: int, container: EmulatedContainer) -> OSError | None:
        """Take a host port, really where ports are; why not, where that did not go well."""
        if self._binder is not None:
            try:
                self._binder.bind(port, container)
            except OSError as error:
                return error
        self.owners[port] = container.id
        return None
