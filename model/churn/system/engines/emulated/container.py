"""A container of the emulated engine, and how long things take there."""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, define, frozen

from churn.system.protocols import Inspected, Listed, Spec


@frozen
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


@define(eq=False)
class Container:
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
    files: Mapping[str, bytes | None] = Factory(dict)
    """What was put into its layer; None is a folder."""
    doomed: int = -1
    """The life for which its end is planned, since it has read that it is to end."""
    listed: Listed | None = None

    @property
    def alive(self) -> bool:
        """Whether it has a process, or is about to have one again."""
        return self.state in ("running", "paused", "restarting")

    @property
    def behaviour_folders(self) -> tuple[str, ...]:
        """The mounted folders that its server reads its behaviour from."""
        return tuple(mount.source for mount in self.spec.mounts)

    @property
    def ports(self) -> tuple[int, ...]:
        """The host ports that it holds, or last held."""
        return self.spec.ports + self.published if self.published else self.spec.ports

    @property
    def layer(self) -> tuple[str, ...]:
        """The paths changed in its layer."""
        return tuple(sorted(self.files)) if self.files else ()

    def summary(self) -> Listed:
        """Its row in the list, made anew after each change."""
        if self.listed is None:
            ports = self.ports if self.state in ("running", "paused") else ()
            self.listed = Listed(self.id, self.name, self.state, self.spec.image, self.spec.labels, ports)
        return self.listed

    def detail(self) -> Inspected:
        """What inspect tells."""
        return Inspected(
            self.id,
            self.name,
            self.state,
            self.exit_code,
            self.spec.restart_policy,
            self.restart_count,
            self.spec.labels,
            self.spec.ports,
            self.error,
        )
