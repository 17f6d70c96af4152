"""A campaign in jobs: the same bugs whoever is faster, what a second worker brings, what a job costs beside what it does.

`--same` is the long form of a test: for each seed a campaign over four planted bugs by one worker; and by three, of which one is
killed at a random moment, with a head that is begun anew once. `--simulate` says how far it would scale. `--engines`: what a
second real engine brings; it needs what `.ci/dockerd` does.

python tests/benchmarks/farm.py [--same SEEDS] [--first-seed N] [--simulate] [--engines]
"""

import argparse
import multiprocessing
import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

import farm_engines
from farm_simulation import simulated
from measure import Figure, report

from churn.assembly import Target
from churn.cli.job import in_a_process
from churn.farm.campaign import Farming
from churn.farm.dispatch import Dispatch
from churn.farm.folder import Commission, Folder
from churn.farm.head import Charge
from churn.farm.hosts import Host
from churn.farm.hosts.here import Here
from churn.farm.hosts.processes import Processes
from churn.farm.job import Job, Kind, Limits, Part, Subject, as_text, job_of, result_of
from churn.farm.worker import do, done
from churn.session.trace import Trace
from churn.system.clock import RealClock

DEFECTS = ("restart-policy", "stops-by-label", "port-changes", "list-omits")
OPERATIONS = 2_000
SPEED_JOBS, JOB_OPERATIONS = 12, 1_500
LONG_JOB = 8_000
"""Operations of a job of about 10 s."""
Watch = Callable[[Farming], None]


def act() -> Callable[[str], str]:
    return partial(done, environ={})


def farming(folder: Folder, host: Host, watch: Watch) -> Farming:
    given = folder.commission()
    return Farming(commission=given, target=given.subject.target({}), dispatch=Dispatch(host, RealClock()), folder=folder,
                   trace=Trace(), watch=watch)  # fmt: skip


def begun(path: str, seed: int) -> Folder:
    folder = Folder(Path(path))
    subject = Subject.of(Target(defects=DEFECTS, seed=seed))
    folder.begin(Commission(subject=subject, charge=Charge(operations=OPERATIONS)))
    return folder


def told(campaign: Farming) -> list[str]:
    return [f"{bug.signature}: {'; '.join(map(str, bug.steps))}" for bug in campaign.bugs]


class _Anew(Exception):
    """The head ends, and begins anew."""


def troubled(folder: Folder, draw: Random) -> list[str]:
    """The bugs that three workers find, of which one is killed at a random moment, with a head that begins anew once."""
    kill, restart = draw.randrange(1, 12), draw.randrange(1, 12)
    pending = {"kill", "restart"}

    def trouble(campaign: Farming) -> None:
        jobs, children = campaign.head.tally.jobs, multiprocessing.active_children()
        if "kill" in pending and jobs >= kill and children:
            pending.discard("kill")
            os.kill(draw.choice(children).pid or 0, signal.SIGKILL)
        if "restart" in pending and jobs >= restart:
            pending.discard("restart")
            raise _Anew

    while True:
        host = Processes(act(), 3)
        campaign = farming(folder, host, trouble)
        try:
            campaign.run()
        except _Anew:
            continue
        finally:
            host.close()
        assert not pending, f"the campaign was over before it got into trouble: {pending}"
        return told(campaign)


def same(seeds: range) -> Iterator[bool]:
    """For each seed whether one worker finds the same as three in trouble."""
    for seed in seeds:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as three:
            alone = farming(begun(one, seed), Here(act()), lambda _: None)
            alone.run()
            others = troubled(begun(three, seed), Random(seed))  # noqa: S311 -- moments, no secret
            print(
                f"seed {seed}: {len(alone.bugs)} bugs, {'the same' if others == told(alone) else 'OTHERS'}", flush=True
            )
            yield others == told(alone)


def exploring(number: int, operations: int) -> Job:
    part = Part(kind=Kind.EXPLORE, seed=number)
    return Job(id=f"{number:06}", subject=Subject(), part=part, limits=Limits(operations=operations))


def seconds_of(workers: int) -> float:
    """Seconds that so many warm workers need for the same jobs."""
    host, clock = Processes(act(), workers), RealClock()
    try:
        dispatch = Dispatch(host, clock)
        for number in range(workers):
            dispatch.give(exploring(number, 50))
        while dispatch.busy:
            list(dispatch.results())
        began = clock.now()
        for number in range(SPEED_JOBS):
            dispatch.give(exploring(number, JOB_OPERATIONS))
        while dispatch.busy:
            list(dispatch.results())
        return clock.now() - began
    finally:
        host.close()


def of_the_machine() -> float:
    """How much more two processes of this machine do than one, of something that shares nothing."""
    one, two = (_looping(workers) for workers in (1, 2))
    return one / two


def _looping(workers: int) -> float:
    clock = RealClock()
    with multiprocessing.Pool(workers) as pool:
        began = clock.now()
        pool.map(_loop, range(SPEED_JOBS), chunksize=1)
        return clock.now() - began


def _loop(_: int) -> int:
    return len({number % 5_000: str(number) for number in range(2_000_000)})


def overhead() -> tuple[float, float]:
    """The processor's seconds of a long job, and those that it takes to write and read it and its result."""
    result_of(done(as_text(exploring(0, 50)), {}), "a result")  # a worker writes and reads many
    job = exploring(1, LONG_JOB)
    began = time.process_time()
    result = do(job, {})
    worked = time.process_time() - began
    began = time.process_time()
    job_of(as_text(job), "a job")
    read = result_of(as_text(result), "a result")
    list(read.logbook.runs(1))
    return worked, time.process_time() - began


def own_process() -> float:
    """The processor's seconds of `churn job` for a job that does next to nothing."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    in_a_process(as_text(Job(id="0", subject=Subject(), part=Part(kind=Kind.PLAN))))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def figures() -> Iterator[Figure]:
    one, two = seconds_of(1), seconds_of(2)
    yield Figure("two_by_one", one / two, "jobs of two workers ÷ jobs of one, in a second", "≥ 1.7 on two idle cores")
    plain = of_the_machine()
    yield Figure("machine", plain, "the same of loops that share nothing: what this machine's two cores have to give")
    yield Figure("of_machine", (one / two) / plain, "the first as a part of the second")
    yield Figure("idle", os.getloadavg()[0], "load of the machine meanwhile", "2 is the work itself")
    worked, beside = overhead()
    yield Figure("job_seconds", worked, "seconds of a long job")
    yield Figure("overhead", beside / worked, "of these again for writing and reading it", "≤ 0.05")
    yield Figure("own_process", own_process(), "seconds that a process of its own takes, which a farm's jobs have")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--same", type=int, metavar="SEEDS")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--engines", action="store_true")
    given = parser.parse_args()
    if given.same:
        found = list(same(range(given.first_seed, given.first_seed + given.same)))
        report("farm, the same bugs", [Figure("same", sum(found), f"seeds of {len(found)} with the same bugs", "all")])
    elif given.simulate:
        simulated()
    elif given.engines:
        report("farm, two real engines", list(farm_engines.figures()))
    else:
        report("farm", list(figures()))


if __name__ == "__main__":
    main()
