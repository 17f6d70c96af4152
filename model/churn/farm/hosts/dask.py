"""Jobs by the workers of a dask scheduler, on any machine: each in a process of its own, beside the worker's."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from typing import Any

from attrs import define, field

from churn.errors import EnvironmentFault, UsageError

_PATIENCE = 10
"""Seconds in which the scheduler has to answer, and to have a worker."""
ENGINE = "engine"
"""What each worker offers one of, and each job needs."""


@define(eq=False)
class Dask:
    """A scheduler at an address such as ``tcp://head:8786``. `act` makes a result's text of a job's text, at a worker.

    Raises `UsageError` where dask is not installed, `EnvironmentFault` where there is no scheduler, or no worker.
    """

    act: Callable[[str], str]
    address: str
    deaths: tuple[type[BaseException], ...] = field(init=False)
    _client: Any = field(init=False)
    _executor: Executor = field(init=False)

    def __attrs_post_init__(self) -> None:
        distributed = module()
        self.deaths = (BrokenExecutor, CancelledError, distributed.scheduler.KilledWorker)
        try:
            self._client = distributed.Client(self.address, timeout=_PATIENCE, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, ValueError, TimeoutError) as error:
            raise EnvironmentFault(
                f"expected a dask scheduler with a worker at {self.address}, but: {str(error).splitlines()[0]}; churn farm up "
                "starts one on this machine"
            ) from error
        self._executor = self._client.get_executor(**({"resources": {ENGINE: 1}} if self._offered() else {}))

    def _offered(self) -> bool:
        """Whether workers say how many engines they have: then each does one job at a time, whatever threads it has."""
        return all(ENGINE in one.get("resources", {}) for one in self._known().values())

    def _known(self) -> dict[str, dict[str, Any]]:
        known: dict[str, dict[str, Any]] = self._client.scheduler_info(n_workers=-1)["workers"]
        return known

    @property
    def workers(self) -> int:
        """As `Host.workers`: those that are there by now."""
        known = self._known().values()
        return max(
            1, sum(int(one["resources"].get(ENGINE, 1)) if one.get("resources") else one["nthreads"] for one in known)
        )

    @property
    def told(self) -> str:
        """As `Host.told`."""
        link = self._client.dashboard_link
        return f"dask scheduler at {self.address}" + (f"; its dashboard: {link}" if link else "")

    def begin(self, text: str) -> "Future[str]":
        """As `Host.begin`."""
        return self._executor.submit(self.act, text)

    def close(self) -> None:
        """As `Host.close`: the scheduler and its workers stay."""
        self._client.close()


def module() -> Any:
    """`distributed`. Raises `UsageError` where it is not installed."""
    try:
        import distributed
    except ImportError as error:
        raise UsageError(
            "expected dask.distributed for a farm, but it is not installed; run: pip install 'container-churn[farm]'"
        ) from error
    return distributed
