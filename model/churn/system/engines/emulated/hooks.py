"""What faults can do to an emulated engine beyond its replies."""

from contextlib import suppress

from churn.errors import EngineError, NotFound
from churn.system.engines.emulated.core import Core
from churn.system.protocols import Spec
from churn.system.refusals import refusal


class EmulatedHooks:
    """The `EngineHooks` over a `Core`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def end(self, reference: str, code: int, *, oom: bool = False) -> None:
        """As `EngineHooks.end`."""
        core = self._core
        container = core.find(reference)
        if container.state not in ("running", "paused"):
            raise refusal(409, f"Container {container.id} is not running")
        container.oom = oom
        if oom:
            core.journal.say(container, "oom")
        core.runner.exit(container, code, core.clock.now())

    def restart(self, *, live: bool, seconds: float) -> None:
        """As `EngineHooks.restart`."""
        self._core.go_down(live=live, seconds=seconds)

    def occupy(self, name: str, port: int) -> str:
        """As `EngineHooks.occupy`."""
        image = next(iter(self._core.images), "")
        made = self._core.create(Spec(image=image, name=name, ports=(port,) if port else ())).id
        try:
            if port:
                self._core.start(made)
        except EngineError:
            self.vacate(made)
            raise
        return made

    def vacate(self, container: str) -> None:
        """As `EngineHooks.vacate`."""
        with suppress(NotFound):
            self._core.remove(container, force=True)

    def instruct(self, reference: str, word: str) -> None:
        """As `EngineHooks.instruct`."""
        self._core.find(reference).word = word
        self._core.runner.heed()
