"""The networks and volumes of an emulated engine."""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from churn.system.clock import Clock
from churn.system.engines.emulated.files import Tree
from churn.system.engines.emulated.identity import Identities, identity
from churn.system.engines.emulated.journal import Journal
from churn.system.refusals import refusal


@frozen(kw_only=True)
class EmulatedResource:
    """A network or a volume."""

    name: str
    id: str
    labels: Mapping[str, str]
    driver: str
    created: float
    options: Mapping[str, str] = Factory(dict)
    body: Mapping[str, Any] = Factory(dict)
    """What it was asked for with."""


_BRIDGE = "com.docker.network.bridge"
_OPTIONS = {
    "bridge": {
        f"{_BRIDGE}.default_bridge": "true",
        f"{_BRIDGE}.enable_icc": "true",
        f"{_BRIDGE}.enable_ip_masquerade": "true",
        f"{_BRIDGE}.host_binding_ipv4": "0.0.0.0",  # noqa: S104 -- told, not bound
        f"{_BRIDGE}.name": "docker0",
        "com.docker.network.driver.mtu": "1500",
    }
}
BUILT_IN = {
    name: EmulatedResource(
        name=name, id=identity("network", name), labels={}, driver=driver, created=0.0, options=_OPTIONS.get(name, {})
    )
    for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null"))
}
"""The networks that every engine has."""


class Resources:
    """The networks and volumes that somebody made, by their names."""

    def __init__(self, clock: Clock, identities: Identities, journal: Journal) -> None:
        self._clock = clock
        self._identities = identities
        self._journal = journal
        self.networks: dict[str, EmulatedResource] = {}
        self.volumes: dict[str, EmulatedResource] = {}
        self.contents: dict[str, Tree] = {}
        """The files in each volume, by their paths there; what is in it is replaced, never changed."""

    def add_volume(self, name: str, labels: Mapping[str, str], **settings: Any) -> EmulatedResource:
        """The volume of that name, made where it is not there."""
        if name not in self.volumes:
            made = EmulatedResource(
                name=name, id=name, labels=labels, created=self._clock.now(), **{"driver": "local", **settings}
            )
            self.volumes[name] = made
        self._journal.note("volume", "create", name, driver=self.volumes[name].driver)
        return self.volumes[name]

    def add_network(self, name: str, labels: Mapping[str, str], **settings: Any) -> EmulatedResource:
        """A new network."""
        if name in self.networks or name in BUILT_IN:
            raise refusal(409, f"network with name {name} already exists")
        made = EmulatedResource(
            name=name,
            id=self._identities.new(),
            labels=labels,
            created=self._clock.now(),
            **{"driver": "bridge", **settings},
        )
        self.networks[name] = made
        self._journal.note("network", "create", made.id, name=name, type=made.driver)
        return made

    def discard_volume(self, name: str) -> None:
        """Let that volume be gone, where it is there."""
        self.contents.pop(name, None)
        if (volume := self.volumes.pop(name, None)) is not None:
            self._journal.note("volume", "destroy", volume.name, driver=volume.driver)
