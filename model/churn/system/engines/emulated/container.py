"""A container of the emulated engine, and how long things take there."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import Factory, define, frozen

from churn.lifecycle.form import Form
from churn.system.engines.emulated.files import Tree
from churn.system.engines.emulated.images import Image
from churn.system.forms import form_of
from churn.system.protocols import Inspected, ListedContainer, Mount, MountedVolume, Spec


@define(kw_only=True)
class Timing:
    """Seconds that the emulated engine takes, as medians of a real one on a small machine."""

    create: float = 0.015
    start: float = 0.3
    terminate: float = 0.21
    """From SIGTERM to the exit of a server that obeys it; its port is held until then."""
    kill: float = 0.2
    remove: float = 0.019
    free_name: float = 0.002
    """The name is freed last, after the container has left the list."""
    crash: float = 0.1
    """From start, or from reading the word, to the exit of a server that crashes."""
    load: float = 5.0
    """From start to the first healthy answer."""
    backoff: float = 0.1
    """Before the first restart by policy; doubled each time, up to `backoff_limit`, anew after `backoff_reset` up."""
    backoff_limit: float = 60.0
    backoff_reset: float = 10.0


_ON_BRIDGE: Mapping[str, Mapping[str, Any]] = MappingProxyType({"bridge": MappingProxyType({})})


@frozen(kw_only=True)
class MountPoint:
    """A place in a container where something is mounted: a folder of the host (`bind`), a `volume`, or memory (`tmpfs`)."""

    kind: str
    source: str
    target: str
    mode: str = ""
    read_only: bool = False
    nameless: bool = False
    """Whether nobody gave the volume a name: it belongs to its container."""


@define(eq=False, kw_only=True)
class EmulatedContainer:
    """One container. `life` counts its starts: an event planned for an earlier life is void."""

    id: str
    spec: Spec
    name: str
    image: str = ""
    """The image's id."""
    state: str = "created"
    exit_code: int = 0
    error: str = ""
    life: int = 0
    restart_count: int = 0
    restarts_in_row: int = 0
    stopped_by_hand: bool = False
    removing: bool = False
    stops: int = 0
    """How many clients wait for it to be stopped; each is told of once it has ended."""
    started_at: float = 0.0
    ready_at: float = 0.0
    finished_at: float | None = None
    created_at: float = 0.0
    oom: bool = False
    auto_remove: bool = False
    word: str = ""
    """How its server behaves whatever its file says; empty: as the file says."""
    published: tuple[int, ...] = ()
    """Host ports that the engine chose, for those that were left to it."""
    wanted: int = 0
    """How many it is to choose at each start."""
    body: Mapping[str, Any] = Factory(dict)
    """What it was asked for with, in the words of the API; empty where it was asked for by a direct call."""
    logs: tuple[tuple[float, int, bytes], ...] = ()
    """What its process wrote: when, to which stream (1 or 2), one line."""
    files: Tree = Factory(dict)
    """What was put into its layer."""
    origin: Image | None = None
    """The image itself, which its containers outlive."""
    mounted: tuple[MountPoint, ...] = ()
    """What is mounted in it, where it was asked for by an API."""
    joined: Mapping[str, Mapping[str, Any]] = _ON_BRIDGE
    """The networks that it is on, or will be, and what was asked for of its place there."""
    network_ids: Mapping[str, str] = Factory(dict)
    """Those of the networks that it has been on: another network of the same name is not the same."""
    networked: bool = False
    """Whether its last start got as far as its network."""
    takes_volumes: bool = False
    """Whether its nameless volumes go with it."""
    doomed: int = -1
    """The life for which its end is planned, since it has read that it is to end."""
    listed: ListedContainer | None = None
    formed: tuple[Spec, Mapping[str, Any], Form] | None = None
    """What it is made from, and of what that was read: it is asked for again and again, and mostly stays."""

    @property
    def alive(self) -> bool:
        """Whether it has a process, or is about to have one again."""
        return self.state in ("running", "paused", "restarting")

    @property
    def behaviour_folders(self) -> tuple[str, ...]:
        """The mounted folders that its server reads its behaviour from."""
        return tuple(mount.source for mount in self.spec.mounts)

    @property
    def reachable(self) -> bool:
        """Whether it is on a network on which ports can be published."""
        return self.joined is _ON_BRIDGE or any(name not in ("host", "none") for name in self.joined)

    @property
    def ports(self) -> tuple[int, ...]:
        """The host ports that it holds, or last held."""
        return self.spec.ports + self.published if self.published else self.spec.ports

    @property
    def layer(self) -> tuple[str, ...]:
        """The paths changed in its layer."""
        return tuple(sorted(self.files)) if self.files else ()

    @property
    def stop_signal(self) -> str:
        """The signal that asks its process to end."""
        own = self.body.get("StopSignal")
        base = self.origin.config.get("StopSignal") if self.body and self.origin is not None else None
        return str(own or base or "TERM").removeprefix("SIG")

    def become(self, state: str) -> None:
        """Be in that state; its row in the list is made anew."""
        self.state, self.listed = state, None

    def summary(self) -> ListedContainer:
        """Its row in the list, made anew after each change."""
        if self.listed is None:
            ports = self.ports if self.state in ("running", "paused") and self.reachable else ()
            self.listed = ListedContainer(
                id=self.id,
                name=self.name,
                state=self.state,
                image=self.spec.image,
                labels=self.spec.labels,
                ports=ports,
            )
        return self.listed

    def detail(self) -> Inspected:
        """What inspect tells."""
        return Inspected(
            id=self.id,
            name=self.name,
            state=self.state,
            exit_code=self.exit_code,
            restart_policy=self.spec.restart_policy,
            restart_count=self.restart_count,
            labels=self.spec.labels,
            ports=self.spec.ports,
            error=self.error,
            form=self.form,
            volumes=tuple(
                [
                    MountedVolume(mount.source, mount.target, mount.nameless, mount.read_only)
                    for mount in self.mounted
                    if mount.kind == "volume"
                ]
            )
            if self.mounted
            else (),
        )

    @property
    def form(self) -> Form:
        """What it is made from."""
        if self.formed is None or self.formed[0] is not self.spec or self.formed[1] is not self.body:
            self.formed = (self.spec, self.body, _form(self))
        return self.formed[2]


def _form(container: EmulatedContainer) -> Form:
    spec, body = container.spec, container.body
    base = container.origin.config if container.origin is not None and body else {}
    entrypoint, command = body.get("Entrypoint") or base.get("Entrypoint"), body.get("Cmd") or spec.command
    argv = [*_words(entrypoint), *_words(command or base.get("Cmd"))]
    given = [*(body.get("Env") or ()), *(f"{name}={value}" for name, value in spec.environment.items())]
    named = {one.partition("=")[0] for one in given}
    environment = [*given, *(one for one in base.get("Env") or () if one.partition("=")[0] not in named)]
    host = {**(body.get("HostConfig") or {}), **({"Memory": spec.memory} if spec.memory else {})}
    return form_of(spec.image, argv, environment, spec.labels, map(_told, places_of(container)), host)


def _words(value: object) -> list[str]:
    return (
        [value] if isinstance(value, str) else [str(word) for word in value] if isinstance(value, (list, tuple)) else []
    )


def places_of(container: EmulatedContainer) -> tuple[MountPoint, ...]:
    """What is mounted in it, however it was asked for."""
    return container.mounted or tuple(map(_mount_point, container.spec.mounts))


def _mount_point(mount: Mount) -> MountPoint:
    kind = "bind" if mount.source.startswith("/") else "volume"
    return MountPoint(
        kind=kind,
        source=mount.source,
        target=mount.target,
        mode="ro" if mount.read_only else "",
        read_only=mount.read_only,
    )


def _told(mount: MountPoint) -> dict[str, Any]:
    return {
        "Type": mount.kind,
        "Name": mount.source,
        "Source": mount.source,
        "Destination": mount.target,
        "RW": not mount.read_only,
    }
