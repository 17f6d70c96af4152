"""What is known of the services of a described manager, as long as one sequence lasts."""

from attrs import define, field

from churn.lifecycle.observation import Status
from churn.system.managers.command.reading import Identity, Unreadable


@define(kw_only=True)
class Memory:
    """What is known of the services of one sequence, by their names.

    `statuses` is what one that is not listed must be, as far as the manager said how its operations ended.
    """

    folders: dict[str, str] = field(factory=dict)
    ports: dict[str, int] = field(factory=dict)
    ids: dict[str, str] = field(factory=dict)
    statuses: dict[str, Status] = field(factory=dict)
    started: set[str] = field(factory=set)
    asked: dict[str, dict[str, str]] = field(factory=dict)
    """What the last update of each was asked to change."""

    printed: dict[str, str] = field(factory=dict)
    """What the last command of each kind printed that reported success."""

    def forget(self, service: str) -> None:
        """The service was removed. Its port is kept: a later one of that name finds it free."""
        self.started.discard(service)
        for known in (self.folders, self.ids, self.statuses, self.asked):
            known.pop(service, None)

    def identify(self, service: str, identity: Identity | None, output: str) -> None:
        """Learn the id of a service; one that is known already, and was created again, need not be told again."""
        if identity is None:
            return
        try:
            self.ids[service] = identity.read(output)
        except Unreadable:
            if service not in self.ids:
                raise

    def values(self, service: str, port: int) -> dict[str, str]:
        """What stands for each placeholder of an operation on that service, which has that port."""
        identity, folder = self.ids.get(service, f"no-such-{service}"), self.folders.get(service, "")
        own = {"service": service, "port": str(port), "folder": folder, "id": identity}
        return {**own, **self.asked.get(service, {})}

    def called(self, service: str) -> str:
        """What the manager calls the service: by the id that create printed, if it did, else by its name."""
        return self.ids.get(service, service)

    def name(self, told: str) -> str:
        """The name of the service that is called so, by its id or name."""
        return next((name for name, identity in self.ids.items() if identity == told), told)
