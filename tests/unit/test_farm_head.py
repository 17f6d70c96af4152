"""The head of a campaign in jobs: the same jobs and bugs, whoever is faster, whoever dies, and whenever the head begins anew."""

import json
import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from functools import lru_cache, partial
from io import StringIO
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from rich.console import Console

from churn.assembly import Target, contract_of
from churn.cli import churn
from churn.cli.jobs_view import JobsView
from churn.errors import UsageError
from churn.explore.interrupts import CASES
from churn.farm.agenda import Seeds, Thorough
from churn.farm.campaign import Farming
from churn.farm.dispatch import Dispatch
from churn.farm.folder import Commission, Folder
from churn.farm.head import Charge, Head
from churn.farm.hosts.here import Here
from churn.farm.hosts.processes import Processes
from churn.farm.job import Job, Kind, Result, Subject, Ways, as_text, job_of, result_of
from churn.farm.worker import do, done
from churn.report.progress import Ticker
from churn.session.trace import Trace
from churn.system.clock import RealClock

DEFECTS = ("restart-policy", "stops-by-label", "port-changes", "list-omits")
TARGET = Target(defects=DEFECTS, interrupts=False)
OPERATIONS = 1_500


@lru_cache(maxsize=1024)
def result_of_text(text: str) -> str:
    """Each job is done once in all these tests: that it has the same result each time is another test's."""
    return done(text, {})


def commission(seed: int = 0, operations: int = OPERATIONS) -> Commission:
    subject = evolve(Subject.of(TARGET), seed=seed)
    return Commission(subject=subject, ways=Ways(), charge=Charge(operations=operations))


def farming(path: Path, given: Commission | None = None, act: Callable[[str], str] = result_of_text) -> Farming:
    folder = Folder(path)
    if given is not None:
        folder.begin(given)
    given = folder.commission()
    return Farming(commission=given, target=given.subject.target({}), dispatch=Dispatch(Here(act), RealClock()), folder=folder,
                   trace=Trace())  # fmt: skip


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Farming:
    """What one worker finds, which does one job after the other."""
    made = farming(tmp_path_factory.mktemp("alone"), commission())
    made.run()
    return made


def told(done: Farming | Head) -> list[str]:
    """The bugs, with the steps of each."""
    bugs = done.bugs if isinstance(done, Farming) else done.union.bugs
    return [f"{bug.signature}: {'; '.join(map(str, bug.steps))}" for bug in bugs]


def lasting(text: str) -> str:
    return as_text(result_of(text, "a result").lasting)


def jobs(head: Head) -> list[str]:
    return list(map(as_text, head.given))


def in_any_order(head: Head, workers: int, draw: random.Random) -> None:
    """Do the jobs of a head, so many at a time, of which now this and now that is done first."""
    going: list[Job] = []
    while not head.over:
        while len(going) < workers and (job := head.next()) is not None:
            going.append(job)
        if going:
            head.took(done_job(going.pop(draw.randrange(len(going)))))


def done_job(job: Job) -> Result:
    return result_of(result_of_text(as_text(job)), "a result")


def test_several_planted_bugs_are_told_each_once(alone: Farming) -> None:
    invariants = {bug.signature.invariant for bug in alone.bugs}
    assert invariants == {"no-restart-policy", "undisturbed", "stable-port", "status"}
    assert all(bug.confirmed and bug.minimal and bug.record is not None for bug in alone.bugs)
    assert not alone.head.tally.faults


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_the_same_jobs_are_made_whoever_is_faster(workers: int, alone: Farming, tmp_path: Path) -> None:
    head = farming(tmp_path, commission()).head
    in_any_order(head, workers, random.Random(workers))  # noqa: S311 -- an order, no secret
    assert jobs(head) == jobs(alone.head)
    assert told(head) == told(alone)


def test_a_head_that_begins_anew_goes_on_from_the_results_that_there_are(alone: Farming, tmp_path: Path) -> None:
    counted = 0

    def dies_at_the_tenth(text: str) -> str:
        nonlocal counted
        counted += 1
        if counted == 10:
            raise KeyboardInterrupt
        return result_of_text(text)

    first = farming(tmp_path, commission(), dies_at_the_tenth)
    with pytest.raises(KeyboardInterrupt):
        first.run()
    again = farming(tmp_path, act=dies_at_the_tenth)
    again.run()
    assert counted == len(alone.head.given) + 1, "nothing is done twice but the job that was cut off"
    assert jobs(again.head) == jobs(alone.head)
    assert told(again) == told(alone)
    assert [str(record.step) for _, record in again.trace.records()] == [
        str(record.step) for _, record in alone.trace.records()
    ]


def test_a_result_that_comes_twice_counts_once(alone: Farming, tmp_path: Path) -> None:
    head = farming(tmp_path, commission()).head
    while not head.over:
        while (job := head.next()) is not None:
            head.took(done_job(job))
            head.took(done_job(job))
        for job in head.given[-3:]:
            head.took(done_job(job))
    assert head.tally.jobs == len(alone.head.given)
    assert told(head) == told(alone)


def test_a_folder_of_another_campaign_is_not_gone_on_with(tmp_path: Path) -> None:
    farming(tmp_path, commission()).head.next()
    made = farming(tmp_path)
    made._give()
    job = tmp_path / "jobs" / "000000.json"
    job.write_text(job.read_text(encoding="utf-8").replace('"cycles"', '"sweep"'), encoding="utf-8")
    with pytest.raises(UsageError, match="another Churn's, or was changed"):
        farming(tmp_path)._give()
    with pytest.raises(UsageError, match="go on with this one by --resume"):
        Folder(tmp_path).expect_new()
    with pytest.raises(UsageError, match="expected a campaign that was begun by churn run --jobs"):
        Folder(tmp_path / "nothing").commission()


def test_a_job_knows_the_results_up_to_its_lag_and_no_other(alone: Farming, tmp_path: Path) -> None:
    head = farming(tmp_path, commission()).head
    first = head.next()
    assert first is not None
    assert head.next() is None, "the second one depends on the first"
    head.took(done_job(first))
    ahead = 0
    while head.next() is not None:
        ahead += 1
    assert ahead == 2
    assert [Charge(ahead=8).lag(number) for number in (0, 1, 2, 4, 14, 100)] == [1, 1, 2, 3, 8, 8]
    assert alone.head.over


def test_where_the_manager_is_ended_midway_that_is_swept() -> None:
    for interrupts in (True, False):
        agenda = Thorough(Ways(), contract_of(Target(interrupts=interrupts)), Seeds(0))
        parts = [agenda.next(0, settled=True)[0] for _ in range(80)]
        toured = max(place for place, part in enumerate(parts) if part.kind is Kind.TOUR)
        swept = [part.case for part in parts if part.kind is Kind.SWEEP]
        assert swept == (["", *(case.title for case in CASES)] if interrupts else [])
        assert [part.case for part in parts[:toured] if part.kind is Kind.SWEEP] == [""] * interrupts


def test_what_operations_cost_goes_out_with_later_jobs(alone: Farming) -> None:
    first, *_, last = alone.head.given
    assert len(last.behind.costs) > len(first.behind.costs)
    assert last.behind.durations
    assert len(last.behind.bugs) == len(alone.bugs)


def test_a_failure_is_settled_behind_what_was_known_and_job_files_are_kept(alone: Farming) -> None:
    settling = [job for job in alone.head.given if job.part.kind is Kind.SETTLE]
    assert {len(job.part.bugs) for job in settling} > {0, 1}
    kept = alone.folder.path / "jobs" / f"{settling[0].id}.json"
    assert do(job_of(kept.read_text(encoding="utf-8"), "a job"), {}).settled is not None


def test_every_job_fits_the_schema_that_is_printed(alone: Farming) -> None:
    printed = CliRunner().invoke(churn, ["schema", "job"], catch_exceptions=False).output
    fits = Draft202012Validator(json.loads(printed))
    made = [json.loads(text) for text in jobs(alone.head)]
    assert any(job["part"].get("bugs") for job in made)
    for job in made:
        fits.validate(job)
        assert not fits.is_valid({**job, "more": 1}), "what no job has is refused, as churn job does"
        assert not fits.is_valid({key: value for key, value in job.items() if key != "part"}), "it asks for something"


def test_a_worker_that_is_killed_costs_nothing_but_time(alone: Farming, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_one(farming: Farming) -> None:
        children = multiprocessing.active_children()
        if farming.head.tally.jobs >= 5 and children and not killed:
            killed.append(children[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)

    folder = Folder(tmp_path)
    folder.begin(commission())
    host = Processes(partial(done, environ={}), 2)
    made = Farming(commission=folder.commission(), target=TARGET, dispatch=Dispatch(host, RealClock()), folder=folder,
                   trace=Trace(), watch=kill_one)  # fmt: skip
    try:
        made.run()
    finally:
        host.close()
    assert killed
    assert not multiprocessing.active_children()
    assert jobs(made.head) == jobs(alone.head)
    assert told(made) == told(alone)
    assert len(made.head.tally.workers) >= 3, "the one that was killed, the other one, and the one in its place"


def test_a_job_that_dies_three_times_is_a_fault_and_its_file_is_kept(tmp_path: Path) -> None:
    deaths = 0

    def dies_in_tours(text: str) -> str:
        nonlocal deaths
        if job_of(text, "a job").part.kind is Kind.SIDE_BY_SIDE:
            deaths += 1
            raise BrokenExecutor("it was ended by SIGKILL")
        return result_of_text(text)

    made = farming(tmp_path, commission(operations=300), dies_in_tours)
    made.run()
    assert deaths == 3
    fault, kept = made.account(1.0).faults
    assert fault.startswith("job 000002 (side by side): its process died 3 times: it was ended by SIGKILL")
    file = Path(kept.rpartition(" ")[2])
    assert job_of(file.read_text(encoding="utf-8"), "a job").part.kind is Kind.SIDE_BY_SIDE


class Clock:
    """One whose time is set."""

    virtual = True

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Hanging:
    """A host whose first job hangs."""

    workers, told, deaths = 2, "", (BrokenExecutor,)

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.futures: list[Future[str]] = []

    def begin(self, text: str) -> "Future[str]":
        self.begun.append(text)
        self.futures.append(Future())
        if len(self.begun) > 1:
            self.futures[-1].set_result(result_of_text(text))
        return self.futures[-1]

    def close(self) -> None: ...


def test_a_slow_job_is_given_out_twice_and_counts_once(alone: Farming) -> None:
    host, clock = Hanging(), Clock()
    dispatch = Dispatch(host, clock)
    slow, quick = alone.head.given[2], alone.head.given[4]
    dispatch.give(slow)
    dispatch.give(quick)
    assert [result.id for result in dispatch.results()] == [quick.id]
    assert len(host.begun) == 2, "it does not take long yet"
    clock.sleep(1000)
    assert [result.id for result in dispatch.results()] == [slow.id], "it was begun once more"
    assert host.begun[2] == host.begun[0]
    host.futures[0].set_result(result_of_text(host.begun[0]))
    assert [result.id for result in dispatch.results()] == [slow.id], "the head counts it once"
    assert not dispatch.busy


def pause(begun: str) -> str:
    Path(begun).touch()
    signal.pause()
    raise AssertionError("the signal's handler ends it")


def test_a_worker_that_is_told_to_end_in_mid_job_ends(
    tmp_path: Path, until: Callable[[Callable[[], bool]], float]
) -> None:
    host = Processes(pause, 1)
    try:
        future = host.begin(str(tmp_path / "begun"))
        until((tmp_path / "begun").exists)
        (child,) = multiprocessing.active_children()
        child.terminate()
        until(lambda: not child.is_alive())  # the pool waits for it, too
        assert isinstance(future.exception(), host.deaths)
    finally:
        host.close()


def test_a_worker_that_died_while_it_had_nothing_to_do_is_replaced(alone: Farming) -> None:
    text = as_text(alone.head.given[0])
    host = Processes(partial(done, environ={}), 1)
    try:
        first = host.begin(text)
        first.result()
        (child,) = multiprocessing.active_children()
        child.kill()
        child.join()
        second = host.begin(text)
        try:
            again = second.result()
        except host.deaths:  # it was not known yet to have died
            again = host.begin(text).result()
        assert lasting(again) == lasting(first.result())
    finally:
        host.close()


def test_it_is_shown_who_does_what_and_what_was_found(alone: Farming) -> None:
    terminal, plain = StringIO(), StringIO()
    view = JobsView(Ticker(console=Console(file=terminal, force_terminal=True, width=100, highlight=False)))
    with view.running():
        view.watch(alone)
    assert f"{len(alone.head.given)} jobs done" in terminal.getvalue()
    assert f"{len(alone.bugs)} bug(s)" in terminal.getvalue()
    assert next(iter(alone.head.tally.workers)) in terminal.getvalue()
    lines = JobsView(Ticker(console=Console(file=plain, width=100, highlight=False), verbose=True))
    with lines.running():
        lines.watch(alone)
    first, *_, last = plain.getvalue().splitlines()
    assert first == "job 000000 (cycles) is done"
    assert "of the budget" in last
