"""Where jobs are done: in this process, in processes of this machine, or by the workers of a dask scheduler."""

from concurrent.futures import Future
from typing import Protocol


class Host(Protocol):
    """Does jobs."""

    @property
    def workers(self) -> int:
        """How many jobs it does at a time."""

    @property
    def told(self) -> str:
        """What it is, and where it can be looked at, in a line; empty where that is nothing to tell."""

    @property
    def deaths(self) -> tuple[type[BaseException], ...]:
        """What a future raises where the process died that did the job."""

    def begin(self, text: str) -> "Future[str]":
        """Begin a job, of which there are fewer than `workers` now. Texts are as in `churn.farm.job`."""

    def close(self) -> None:
        """End all that goes on."""
