"""A container of Churn's own, by which it is told whether an engine can still run any."""

from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

from attrs import define, field

from churn.errors import Conflict, EngineError, NotFound, PortTaken
from churn.system.clock import Clock
from churn.system.protocols import Engine, Host, Spec

_HEALTH = "/health"
_OK = 200
_WITHIN = 3.0
"""Seconds in which the server has to answer."""
_LOOK_EVERY = 0.05


@define
class Canary:
    """Runs a server of `image` on a free port for as long as it takes to ask it once. It carries `labels`.

    An engine whose ports were never reached from here is not blamed for that: `answers` is what came the first time.
    """

    engine: Engine
    host: Host
    clock: Clock
    image: str
    labels: Mapping[str, str]
    answers: bool = field(init=False)
    _number: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.answers = True
        self.answers = not self.trouble()

    def trouble(self) -> str:
        """Why the engine does not run it; empty where it does."""
        self._number += 1
        port = self.host.free_port()
        name = f"churn-canary-{port}-{self._number}-{uuid4().hex[:8]}"
        spec = Spec(
            image=self.image, name=name, command=("serve", "--port", str(port)), labels=self.labels, ports=(port,)
        )
        try:
            try:
                self.engine.start(self.engine.create(spec))
                return "" if not self.answers or self._is_up(port) else _SILENT
            finally:  # by its name: an interrupt may come before the engine has told the id
                with suppress(NotFound, Conflict):
                    self.engine.remove(name, force=True)
        except PortTaken:
            return ""  # somebody else was quicker
        except EngineError as error:
            return f"the engine does not run a container of Churn's own either: {error}"

    def _is_up(self, port: int) -> bool:
        deadline = self.clock.now() + _WITHIN
        while self.host.health(port, _HEALTH) != _OK:
            if self.clock.now() >= deadline:
                return False
            self.clock.sleep(_LOOK_EVERY)
        return True


_SILENT = (
    "the engine has just started a container of Churn's own as well, which does not answer on its published port within "
    f"{_WITHIN:g} s"
)
