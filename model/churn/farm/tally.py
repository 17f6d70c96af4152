"""What jobs came to in numbers: operations and seconds, and which worker did what."""

from attrs import define, field

from churn.farm.job import Account, Job, Result
from churn.session.run import Run


@define
class Share:
    """What one worker did. `seconds` are those that it worked."""

    worker: str
    jobs: int = 0
    steps: int = 0
    failures: int = 0
    seconds: float = 0.0


@define
class Tally:
    """The sum of all results so far."""

    account: Account = field(factory=Account)
    workers: dict[str, Share] = field(factory=dict)
    faults: list[str] = field(factory=list)
    failed: int = 0
    """Jobs at which the environment failed."""
    jobs: int = 0

    @property
    def operations(self) -> int:
        """Operations, resets among them."""
        return self.account.operations

    def add(self, job: Job, result: Result, runs: list[Run]) -> None:
        """One result more."""
        mine, its = self.account, result.account
        self.account = Account(
            operations=mine.operations + its.operations,
            looks=mine.looks + its.looks,
            manager=mine.manager + its.manager,
            waited=mine.waited + its.waited,
            resets=mine.resets + its.resets,
            seconds=mine.seconds + its.seconds,
        )
        self.jobs += 1
        self.faults += [f"job {job.id} ({job.part.kind.value}): {fault}" for fault in result.faults]
        self.failed += bool(result.faults)
        share = self.workers.setdefault(result.worker, Share(result.worker))
        share.jobs += 1
        share.steps += sum(len(run.records) for run in runs)
        share.failures += len(result.failures)
        share.seconds += its.seconds
