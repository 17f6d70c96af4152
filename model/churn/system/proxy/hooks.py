"""What faults can do to a real engine behind a proxy: its containers that are ours, and what clients see of it."""

from collections.abc import Mapping
from contextlib import suppress

from churn.errors import Conflict, EngineError, NotFound
from churn.system.protocols import Engine, ListedContainer, Spec
from churn.system.proxy.proxy import Proxy

_NOT_HERE = 501
_ALIVE = ("running", "paused", "restarting")


class ProxyHooks:
    """The `EngineHooks` over an engine and the proxy before it. Only containers with `labels` are ever struck."""

    def __init__(self, engine: Engine, proxy: Proxy, labels: Mapping[str, str], image: str) -> None:
        self._engine = engine
        self._proxy = proxy
        self._labels = dict(labels)
        self._image = image

    def end(self, reference: str, code: int, *, oom: bool = False) -> None:  # noqa: ARG002 -- the engine decides the code
        """As `EngineHooks.end`: it is killed, whatever the code; no restart policy acts on that."""
        self._engine.kill(self._ours(reference))

    def restart(self, *, live: bool, seconds: float) -> None:
        """As clients and our containers see a restart: others' containers run on, ours end, and by their policies come back."""
        ours = self._engine.list(self._labels)
        ended = () if live else tuple(row for row in ours if row.state in _ALIVE)
        self._proxy.interrupt(seconds)
        for row in ended:
            with suppress(NotFound, Conflict):  # it has ended just now, by itself
                self._engine.kill(row.id)
        for row in (*ended, *(row for row in ours if row.state == "exited")):
            with suppress(EngineError):  # nobody asked for it: an engine only notes that it could not
                self._revive(row)

    def _revive(self, row: ListedContainer) -> None:
        """Start it again if its policy says so: one that a user has stopped by ``always`` alone."""
        wanted = ("always", "unless-stopped") if row.state in _ALIVE else ("always",)
        if self._engine.inspect(row.id).restart_policy in wanted:
            self._engine.stop(row.id, 0)  # it returns when what killed it has ended it
            self._engine.start(row.id)

    def occupy(self, name: str, port: int) -> str:
        """As `EngineHooks.occupy`; the container is ours, so that it is removed if all else fails."""
        ports = (port,) if port else ()
        made = self._engine.create(Spec(image=self._image, name=name, labels=self._labels, ports=ports))
        try:
            if port:
                self._engine.start(made)
        except EngineError:
            self.vacate(made)
            raise
        return made

    def vacate(self, container: str) -> None:
        """As `EngineHooks.vacate`."""
        try:
            self._engine.remove(container, force=True)
        except NotFound:
            return

    def instruct(self, reference: str, word: str) -> None:
        """As `EngineHooks.instruct`: servers of a real engine read their files only. Raises `EngineError`."""
        raise EngineError(
            _NOT_HERE, f"write {word!r} into the behaviour file of {reference}: a real engine cannot be told"
        )

    def _ours(self, reference: str) -> str:
        """The id of a container of ours. Raises `NotFound` for any other."""
        rows = self._engine.list(self._labels)
        named = [row.id for row in rows if row.name == reference]
        found = named or [row.id for row in rows if reference and row.id.startswith(reference)]
        if len(found) == 1:
            return found[0]
        raise NotFound(404, f"No such container of this run: {reference}")
