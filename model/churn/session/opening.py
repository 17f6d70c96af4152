"""Sessions over a target that one only names: the system is put together, and gone after."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, Self

from churn.session.budget import Budget
from churn.session.system import System
from churn.session.trace import Trace
from churn.system.clock import RealClock


class Whole(Protocol):
    """A system, and how it is reset."""

    @property
    def system(self) -> System:
        """What is tested."""

    @property
    def reset(self) -> Callable[[], None]:
        """Makes it clean, and proves that it is."""


class Assembles(Protocol):
    """What a system can be made from, as `churn.Target` is."""

    def assembled(self) -> AbstractContextManager[Whole]:
        """The system; what it made on the engine is gone when it ends."""


class Opened:
    """The way to a session by a target. `target` is None for a session that was made in another way."""

    target: Assembles | None = None

    @classmethod
    @contextmanager
    def over(
        cls,
        target: Assembles,
        *,
        operations: int | None = None,
        seconds: float | None = None,
        trace: Trace | None = None,
    ) -> Iterator[Self]:
        """A session over that target's system, for as long as the context lasts.

        At most so many `operations` and `seconds` (of this machine's clock) may be spent; None: no limit. Raises
        `UsageError` for a target that is not known, `EnvironmentFault` and `EngineError` where it cannot be had.
        """
        with target.assembled() as whole:
            made: Any = cls
            session: Self = made(whole.system, whole.reset, trace or Trace(), Budget(RealClock(), operations, seconds))
            session.target = target
            yield session
