"""The environment of a run: whether the engine is still the one that it was, and can do what it is there for."""

from collections.abc import Iterable

from churn.errors import EngineError
from churn.lifecycle.invariants import Objection, Trait, named
from churn.lifecycle.observation import ResourceKind
from churn.lifecycle.outcome import Ok, Outcome
from churn.session.system import System
from churn.system.refusals import Trouble


class Environment:
    """Remembers which engine a system has. `renew` has to be called when it is meant to be another one from now on."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.identity = system.identity()
        self._images = self._all_images()
        self._before = 0

    def renew(self) -> None:
        """Take the engine as it is now, whatever trouble it had before. Raises `EngineUnreachable`."""
        self.identity = self._system.identity()
        self._images |= self._all_images()
        self._before = len(self._system.troubles)

    def changed(self) -> str:
        """Why the environment, and not the manager, is to blame for what looks wrong; empty if it is not."""
        try:
            identity = self._system.identity()
            if identity != self.identity:
                return f"the engine was {self.identity}, and is now {identity}"
            told = next(filter(self._is_its_own, self._system.troubles[self._before :]), None)
        except EngineError as error:
            return f"the engine does not answer: {error}"
        return f"the engine was in trouble; it answered: {told.says}" if told is not None else ""

    def broken(self, outcome: Outcome | None, objections: Iterable[Objection]) -> str:
        """What keeps the engine from running any container, where that may be why there are objections; else empty."""
        if isinstance(outcome, Ok) and not any(map(_may_be_the_engines, objections)):
            return ""
        return self._system.probe()

    def _is_its_own(self, told: Trouble) -> bool:
        """Whether the manager has no part in it. A lacking image was there before, and the manager did not remove it."""
        if not told.image:
            return True
        was_there = told.image in self._images or f"{told.image}:latest" in self._images
        return was_there and told.image not in self._all_images() and not self._system.removes_images

    def _all_images(self) -> frozenset[str]:
        kept = self._system.engine.resources()
        return frozenset(one.name for one in kept if one.kind is ResourceKind.IMAGE)


def _may_be_the_engines(found: Objection) -> bool:
    """Whether it is about a service that does not run, or does not answer, as it should."""
    invariant = named(found.invariant)
    return found.invariant == "serving" or (invariant is not None and Trait.MOVING in invariant.traits)
