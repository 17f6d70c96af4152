"""The containers that an emulated engine has, and the names that they are known by."""

import re

from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.refusals import refusal

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


class Register:
    """Containers by their ids, and whose each name is: a name may outlast its container for a moment."""

    def __init__(self) -> None:
        self.containers: dict[str, EmulatedContainer] = {}
        self.names: dict[str, str] = {}

    def find(self, reference: str) -> EmulatedContainer:
        """The container of that id, name, or unambiguous beginning of an id."""
        name = reference.removeprefix("/")
        container = self.containers.get(reference) or self.containers.get(self.names.get(name, ""))
        if container is not None:
            return container
        starts = [found for identity, found in self.containers.items() if reference and identity.startswith(reference)]
        if len(starts) == 1:
            return starts[0]
        raise refusal(404, f"No such container: {reference}")

    def add(self, container: EmulatedContainer) -> None:
        """Let a container be known by its id and its name."""
        self.containers[container.id] = container
        self.names[container.name] = container.id

    def rename(self, container: EmulatedContainer, name: str) -> None:
        """Let it be known by another name."""
        self.names.pop(container.name, None)
        self.names[name] = container.id
        container.name = name

    def free_names(self, identity: str) -> None:
        """Let others have the names that were that container's."""
        self.names = {name: owner for name, owner in self.names.items() if owner != identity}

    def admit_name(self, name: str) -> None:
        """Raises where a container cannot be called so; one without a name gets one."""
        if not name:
            return
        if not _NAME.fullmatch(name):
            raise refusal(400, f"Invalid container name ({name}), only {_NAME.pattern[:-1]} are allowed")
        if owner := self.names.get(name):
            raise refusal(
                409,
                f'Conflict. The container name "/{name}" is already in use by container "{owner}". '
                "You have to remove (or rename) that container to be able to reuse that name.",
            )
