"""Jobs are plain data: they can be written and read again, and the same job has the same result."""

import json
import os
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from churn.cli import line
from churn.cli.job import in_a_process
from churn.errors import UsageError
from churn.explore.profiles import Profile
from churn.farm.job import Behind, Job, Kind, Limits, Part, Result, Subject, Ways, as_text, job_of, result_of
from churn.farm.worker import do
from churn.lifecycle.operations import Create, Pace, Start, Step, Stop
from churn.lifecycle.sequence import Sequence
from churn.system.process import Finished

BROKEN = Subject(defects=("stops-by-label",), interrupts=True)
STEPS = Sequence(tuple(map(Step, (Create("a"), Start("a"), Create("b"), Stop("b")))))
PARTS = {
    "cycles": Part(kind=Kind.CYCLES, pace=Pace.HURRIED),
    "side by side": Part(kind=Kind.SIDE_BY_SIDE),
    "tour": Part(kind=Kind.TOUR, places=((0, 20), (200, 220))),
    "plan": Part(kind=Kind.PLAN, sequences=((("a", "b"), STEPS),)),
    "explore": Part(kind=Kind.EXPLORE, seed=7),
    "sweep": Part(kind=Kind.SWEEP, case="create"),
    "short sweep": Part(kind=Kind.SWEEP),
}


def job(part: Part, subject: Subject = BROKEN) -> Job:
    return Job(id="1", subject=subject, part=part, limits=Limits(operations=60), ways=Ways(profile=Profile(20, 10)))


def settling() -> Job:
    (failing,) = do(job(PARTS["plan"]), {}).failures
    return job(Part(kind=Kind.SETTLE, failing=failing))


@pytest.mark.parametrize("part", [*PARTS, "settle"])
def test_the_same_file_has_the_same_result(part: str) -> None:
    given = settling() if part == "settle" else job(PARTS[part])
    read = job_of(as_text(given), "a job")
    assert read == given
    first, second = do(given, {}, "one"), do(read, {}, "another")
    assert as_text(first.lasting) == as_text(second.lasting)
    assert as_text(result_of(as_text(first), "a result")) == as_text(first)
    assert first.account.operations
    assert not first.faults


def test_a_failure_is_settled_in_a_job_and_its_step_is_in_the_logbook() -> None:
    result = result_of(as_text(do(settling(), {})), "a result")
    assert result.settled is not None
    (bug,), (place,) = result.settled.bugs, result.settled.records
    assert bug.signature.invariant == "undisturbed"
    assert len(bug.steps) == 4
    assert place is not None
    record = list(result.logbook.runs(1))[place[0]].records[place[1]]
    assert record.fingerprint == bug.failing.fingerprint
    assert record.judgement is not None


def test_what_is_known_goes_out_with_a_job_and_is_no_news_there() -> None:
    told = do(settling(), {}).settled
    assert told is not None
    behind = Behind(bugs=tuple((bug.failing.fingerprint, bug.cause) for bug in told.bugs), companions=told.companions)
    again = Job(id="2", subject=BROKEN, part=PARTS["plan"], behind=behind)
    result = do(job_of(as_text(again), "a job"), {})
    assert not result.failures
    assert [record.known for run in result.logbook.runs(1) for record in run.records][-1]


def test_a_sweep_finds_what_does_not_get_well_and_goes_on_behind_it() -> None:
    subject = Subject(defects=("kill-wedges",), interrupts=True)
    found = do(Job(id="1", subject=subject, part=PARTS["short sweep"]), {})
    assert [one.signature.invariant for one in found.failures] == ["accepted"]
    behind = Behind(bugs=tuple((one.fingerprint, None) for one in found.failures))
    again = do(Job(id="2", subject=subject, part=PARTS["short sweep"], behind=behind), {})
    assert not again.failures
    assert not again.faults
    assert len(again.logbook.entries) == len(found.logbook.entries)


def test_a_logbook_gives_the_steps_again_as_they_were() -> None:
    result = do(job(PARTS["cycles"], Subject()), {})
    (run,) = result_of(as_text(result), "a result").logbook.runs(5)
    assert [record.number for record in run.records] == list(range(5, 5 + len(run.records)))
    assert run.records[-1].shown, "the engine's own list at the end of the cycles"
    assert all(record.ended and record.outcome is not None for record in run.records)


def test_a_job_is_done_by_a_process_of_its_own(tmp_path: Path) -> None:
    file, out = tmp_path / "job.json", tmp_path / "result.json"
    file.write_text(as_text(job(PARTS["plan"])), encoding="utf-8")
    assert line(["job", str(file), "--out", str(out)]) == 1
    result = result_of(out.read_text(encoding="utf-8"), "a result")
    assert [one.signature.invariant for one in result.failures] == ["undisturbed"]
    assert result.worker.endswith(f"-{os.getpid()}")


def test_a_job_that_passes_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "job.json"
    file.write_text(as_text(job(PARTS["plan"], Subject())), encoding="utf-8")
    assert line(["job", str(file)]) == 0
    assert isinstance(result_of(capsys.readouterr().out, "what was printed"), Result)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "expected a job in JSON"),
        ("[]", "expected a JSON object that says 'churn': 'job'"),
        ('{"churn": "result", "format": 1}', "says 'churn': 'job'"),
        ('{"churn": "job", "format": 99}', "expected a job of format 1, got 99"),
        ('{"churn": "job", "format": 1}', "$.id"),
        ('{"churn": "job", "format": 1, "id": "1", "subject": {}, "part": {"kind": "juggle"}}', "juggle"),
        ('{"churn": "job", "format": 1, "id": "1", "subject": {}, "part": {"kind": "settle"}}', "a failure to settle"),
        ('{"churn": "job", "format": 1, "id": "1", "subject": {}, "part": {"kind": "sweep", "case": "x"}}', "create"),
        (
            '{"churn": "job", "format": 1, "id": "1", "subject": {"engine": "x"}, "part": {"kind": "cycles"}}',
            "an engine",
        ),
        ('{"churn": "job", "format": 1, "id": "1", "subject": {}, "part": {"kind": "cycles"}, "more": 1}', "more"),
    ],
)
def test_a_bad_job_is_refused_in_words(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "job.json"
    file.write_text(text, encoding="utf-8")
    assert line(["job", str(file)]) == 2
    assert told in capsys.readouterr().err


def test_an_operation_that_does_not_exist_is_told_with_those_that_do() -> None:
    data = json.loads(as_text(job(PARTS["plan"])))
    data["part"]["sequences"][0][1]["steps"][0]["operation"]["do"] = "juggle"
    with pytest.raises(UsageError, match=r"expected one of start, stop.*juggle"):
        job_of(json.dumps(data), "a job")


def test_an_excluded_invariant_has_to_exist() -> None:
    with pytest.raises(UsageError, match="excluded"):
        do(Job(id="1", subject=Subject(), part=PARTS["cycles"], ways=Ways(excluded=("juggling",))), {})


def test_a_process_that_was_killed_is_told_from_a_job_that_cannot_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(argv: tuple[str, ...], **_: object) -> Finished:
        return Finished(argv=argv, code=-9, stdout="", stderr="")

    with pytest.raises(UsageError, match="expected a job of format 1"):
        in_a_process('{"churn": "job", "format": 0}')
    monkeypatch.setattr("churn.cli.job.run", killed)
    with pytest.raises(BrokenExecutor, match="SIGKILL"):
        in_a_process(as_text(job(PARTS["plan"])))


def test_another_process_has_the_same_result() -> None:
    given = settling()
    there = result_of(in_a_process(as_text(given)), "a result")
    assert as_text(there.lasting) == as_text(do(given, {}).lasting)
    assert there.worker
