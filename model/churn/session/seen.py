"""What a look showed, as plain data: what the manager says, which containers there are, and who has which port."""

from collections.abc import Mapping
from typing import Any

from churn.lifecycle.observation import Listed, Observation, Port

_FREE, UNTRIED = "free", "not tried"


def as_data(seen: Observation) -> dict[str, Any]:
    """The look as a line of the trace has it.

    ``listed`` are the manager's own words, and ``told`` its answer to a `status`; each is left out where it was not asked.
    ``containers`` are by their names in reports, ``ports`` by their numbers.
    """
    said = {
        name: _entries(entries)
        for name, entries in (("listed", seen.listed), ("told", seen.told))
        if entries is not None
    }
    containers = {
        one.alias: {"service": one.service, "state": one.state, "ports": list(one.ports)}
        for one in seen.containers.values()
    }
    ports = {str(number): _port(holder, seen.ports.get(number)) for number, holder in holders(seen).items()}
    return {**said, "containers": containers, "ports": ports}


def holders(seen: Observation) -> Mapping[int, str]:
    """Who has each port that was looked at, or that a running container publishes: a container, somebody else, or nobody."""
    found = {number: _holder(port) for number, port in seen.ports.items()}
    return found | {number: one.alias for one in seen.containers.values() if one.running for number in one.ports}


def _holder(port: Port) -> str:
    if port.holder is not None:
        return port.holder.value
    return UNTRIED if port.bindable is None else _FREE


def _port(holder: str, probe: Port | None) -> dict[str, Any]:
    """Its holder, and the HTTP status of its health path where that was asked (0: no answer)."""
    asked = {"health": probe.health} if probe is not None and probe.health is not None else {}
    return {"holder": holder, **asked}


def _entries(entries: tuple[Listed, ...]) -> list[dict[str, Any]]:
    return [{"service": one.service, "word": one.word, "port": one.port} for one in entries]
