"""Jobs in this process, one after the other."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future

from attrs import define


@define
class Here:
    """Does each job at once. `act` makes a result's text of a job's text."""

    act: Callable[[str], str]
    workers: int = 1
    told: str = ""
    deaths: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def begin(self, text: str) -> "Future[str]":
        """As `Host.begin`; it is over then."""
        future: Future[str] = Future()
        try:
            future.set_result(self.act(text))
        except Exception as error:  # noqa: BLE001 -- a future tells whatever it was
            future.set_exception(error)
        return future

    def close(self) -> None:
        """As `Host.close`."""
