"""A container's place on its networks, as the API tells it."""

from churn.system.engines.emulated.api.message import Json
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.identity import identity
from churn.system.engines.emulated.resources import BUILT_IN, EmulatedResource


def endpoint(container: EmulatedContainer, network: EmulatedResource) -> Json:
    """The container's place on one of its networks; without addresses where it does not run."""
    lives = container.state in ("running", "paused")
    place = int(container.id[:4], 16)
    address = (
        f"{_subnet(network)}.{place // 256 % 256}.{place % 253 + 2}" if lives and network.driver == "bridge" else ""
    )
    asked = container.joined.get(network.name) or {}
    return {
        "IPAMConfig": asked.get("IPAMConfig"),
        "Links": asked.get("Links"),
        "Aliases": _aliases(container, network, asked.get("Aliases")),
        "NetworkID": container.network_ids.get(network.name, ""),
        "EndpointID": identity("endpoint", container.id, container.life, network.id) if lives else "",
        "Gateway": f"{_subnet(network)}.0.1" if address else "",
        "IPAddress": address,
        "IPPrefixLen": 16 if address else 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "MacAddress": "02:42:" + ":".join(f"{int(part):02x}" for part in address.split(".")) if address else "",
        "DriverOpts": asked.get("DriverOpts"),
    }


def _aliases(container: EmulatedContainer, network: EmulatedResource, asked: list[str] | None) -> list[str] | None:
    """A network of one's own knows a container by its short id too, from the moment that it is on it."""
    if network.name in BUILT_IN or network.name not in container.network_ids:
        return asked
    return list(dict.fromkeys((*(asked or ()), container.id[:12])))


def _subnet(network: EmulatedResource) -> str:
    """The first half of the addresses of a network; that of the engine's own is always the same."""
    return f"172.{17 if network.name in BUILT_IN else 18 + int(network.id[:2], 16) % 13}"


def addresses(network: EmulatedResource) -> list[Json]:
    """Where the network's addresses come from."""
    if network.driver != "bridge":
        return []
    gateway = {} if network.name in BUILT_IN else {"Gateway": f"{_subnet(network)}.0.1"}
    return [{"Subnet": f"{_subnet(network)}.0.0/16", **gateway}]


def endpoints(core: Core, container: EmulatedContainer) -> Json:
    """Its places on all of its networks, by their names."""
    return {network.name: endpoint(container, network) for network in core.connections.networks_of(container)}
