"""Jobs and a host: what waits, what goes on, what has to be begun again because a process died."""

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from statistics import median

from attrs import define, field, frozen

from churn.farm.hosts import Host
from churn.farm.job import Job, Result, as_text, result_of
from churn.system.clock import Clock

MOST_DEATHS = 3
"""Times that a job may die with its process. Then it is a fault of the environment: its file is kept, to be looked into."""
_SLOW, _AT_LEAST = 4.0, 30.0
"""A job is given out once more, where a worker has nothing to do, when it takes so many times as long as jobs do, and so many
seconds. Whichever comes first counts."""
_LOOK_EVERY = 1.0
"""Seconds after which jobs are looked at again, whatever ended."""


@frozen
class Going:
    """A job that goes on, since when (seconds of the clock)."""

    job: Job
    since: float


@define(eq=False)
class Dispatch:
    """Gives jobs to a host, and collects their results."""

    host: Host
    clock: Clock
    deadly: list[Job] = field(init=False, factory=list)
    """Jobs that died too often."""
    waiting: deque[Job] = field(init=False, factory=deque)
    going: "dict[Future[str], Going]" = field(init=False, factory=dict)
    _deaths: Counter[str] = field(init=False, factory=Counter)
    _twice: set[str] = field(init=False, factory=set)
    _took: list[float] = field(init=False, factory=list)

    def give(self, job: Job) -> None:
        """A job to do, when a worker has nothing else to do."""
        self.waiting.append(job)
        self._begin()

    @property
    def busy(self) -> bool:
        """Whether anything is being done, or waits for that."""
        return bool(self.waiting or self.going)

    def results(self) -> Iterator[Result]:
        """Wait until something ends, or a little; what came of it. Raises what a job raised that cannot be done at all."""
        self._begin()
        ended, _ = wait(self.going, timeout=_LOOK_EVERY, return_when=FIRST_COMPLETED)
        for future in sorted(ended, key=lambda one: self.going[one].job.id):
            going = self.going.pop(future)
            result = self._result(future, going.job)
            if result is not None:
                self._took.append(self.clock.now() - going.since)
                yield result
        self._begin()

    def _begin(self) -> None:
        workers = self.host.workers  # a farm's scheduler is asked for that
        while len(self.going) < workers:
            job = self.waiting.popleft() if self.waiting else self._slow()
            if job is None:
                return
            self.going[self.host.begin(as_text(job))] = Going(job, self.clock.now())

    def _slow(self) -> Job | None:
        """A job that may hang, and was not given out twice yet."""
        if not self._took:
            return None
        limit = max(_AT_LEAST, _SLOW * median(self._took))
        late = [
            one.job
            for one in self.going.values()
            if self.clock.now() - one.since > limit and one.job.id not in self._twice
        ]
        self._twice.update(one.id for one in late[:1])
        return late[0] if late else None

    def _result(self, future: "Future[str]", job: Job) -> Result | None:
        """What came of it; None where it died, and is to be begun again."""
        try:
            return result_of(future.result(), f"the result of job {job.id}")
        except self.host.deaths as death:
            return self._died(job, str(death))

    def _died(self, job: Job, why: str) -> Result | None:
        self._deaths[job.id] += 1
        if self._deaths[job.id] < MOST_DEATHS:
            self.waiting.appendleft(job)
            return None
        self.deadly.append(job)
        return Result(id=job.id, faults=(f"its process died {MOST_DEATHS} times: {why}",))
