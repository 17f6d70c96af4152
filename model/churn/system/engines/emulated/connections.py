"""What a container of an emulated engine is connected to: its networks, and the volumes that are mounted in it."""

from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.engines.emulated.journal import Journal
from churn.system.engines.emulated.resources import BUILT_IN, EmulatedResource, Resources
from churn.system.refusals import refusal


class Connections:
    """Connects containers with networks and volumes, and tells the API's clients: they alone name networks."""

    def __init__(self, resources: Resources, journal: Journal) -> None:
        self._resources = resources
        self._journal = journal

    def networks_of(self, container: EmulatedContainer) -> list[EmulatedResource]:
        """The networks that it is on, or will be; of one that is not there nothing but the name is known."""
        return [self._network(container, name) for name in container.joined]

    def _network(self, container: EmulatedContainer, name: str) -> EmulatedResource:
        found = self._resources.networks.get(name) or BUILT_IN.get(name)
        known = container.network_ids.get(name)
        return (
            found
            if found is not None and known in (None, found.id)
            else EmulatedResource(name=name, id="", labels={}, driver="", created=0.0)
        )

    def existing_networks(self, container: EmulatedContainer) -> list[EmulatedResource]:
        """The networks that it is to be on. Raises `NotFound` where one is not there."""
        if self._journal.log is None:
            return []
        networks = self.networks_of(container)
        for network in networks:
            if not network.id:
                known = container.network_ids.get(network.name, network.name)
                raise refusal(404, f"network {known} not found")
        return networks

    def plug(self, container: EmulatedContainer, networks: list[EmulatedResource]) -> None:
        """Connect it to these networks, as it starts."""
        if self._journal.log is None:
            return
        container.network_ids = {**container.network_ids, **{network.name: network.id for network in networks}}
        for network in networks:
            self.attach("connect", container, network)

    def unplug(self, container: EmulatedContainer) -> None:
        """Take it off its networks, and its volumes off it, as it ends."""
        if self._journal.log is None:
            return
        for network in self.networks_of(container):
            self.attach("disconnect", container, network)
        self.unmount(container)

    def attach(self, action: str, container: EmulatedContainer, network: EmulatedResource) -> None:
        """Tell the API's clients that a container was connected to a network, or disconnected."""
        told = {"name": network.name, "type": network.driver}
        self._journal.note("network", action, network.id, container=container.id, **told)

    def mount(self, container: EmulatedContainer) -> None:
        """Tell the API's clients that its volumes are in use."""
        for mount in container.mounted:
            if mount.kind == "volume":
                how = {"read/write": str(not mount.read_only).lower(), "propagation": ""}
                told = {"container": container.id, "destination": mount.target, "driver": "local", **how}
                self._journal.note("volume", "mount", mount.source, **told)

    def unmount(self, container: EmulatedContainer) -> None:
        """Tell the API's clients that its volumes are in use no more."""
        for mount in container.mounted:
            if mount.kind == "volume":
                self._journal.note("volume", "unmount", mount.source, container=container.id, driver="local")
