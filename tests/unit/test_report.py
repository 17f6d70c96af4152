"""What a report says: verdicts with their reasons, exit codes, times, and what was not expected."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from attrs import evolve
from rich.console import Console

from churn.assembly import Assembled, Target, assembled
from churn.campaign import Campaign, Plan
from churn.errors import NotClean
from churn.lifecycle.costs import Sort
from churn.lifecycle.operations import Operation, Start, Step, Stop
from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.report.files import save
from churn.report.markdown import markdown
from churn.report.summary import summarise
from churn.report.terminal import show
from churn.report.times import timings, unexpected
from churn.report.values import Mark, Summary
from churn.session.run import Record, Run
from churn.session.trace import Trace
from churn.system.managers.reference import Embedded, ReferenceManager
from churn.system.protocols import Spec

HEAD = {"manager": "reference", "engine": "emulated", "seed": 0, "when": "today", "command": "churn run"}
SHORT = Plan(services=1, operations=60)


def summary(
    prepare: Callable[[Assembled], object] = lambda _: None, plan: Plan = SHORT, *, interrupted: bool = False
) -> Summary:
    """What a short campaign comes to, after `prepare` had its hands on the system."""
    with assembled(Target()) as whole:
        campaign = Campaign(assembled=whole, plan=plan, trace=Trace(dict(HEAD)))
        prepare(whole)
        try:
            campaign.run()
        finally:
            whole.system.engine.core.down = False  # type: ignore[attr-defined]
        campaign.coverage.count(campaign.trace)
        return summarise(campaign.trace, evolve(campaign.account(1.5), interrupted=interrupted))


def on_start(whole: Assembled, number: int, act: Callable[[Outcome], Outcome]) -> None:
    """Have `act` change the outcome of the start of that number."""
    driver = whole.system.manager
    started, count = driver.start, iter(range(1, 10**6))
    driver.start = lambda name: act(started(name)) if next(count) == number else started(name)  # type: ignore[method-assign]


def test_a_run_that_was_interrupted_is_no_pass_anywhere(tmp_path: Path) -> None:
    found = summary(interrupted=True)
    assert (found.mark, found.exit_code) == (Mark.UNKNOWN, 130)
    assert {criterion.mark for criterion in found.criteria} == {Mark.UNKNOWN}
    save(found, tmp_path)
    assert (tmp_path / "report.md").read_text(encoding="utf-8").startswith("# Churn: UNKNOWN (interrupted)")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["exit_code"] == 130
    shown = Console(file=StringIO(), width=200)
    show(found, shown, None)
    assert "UNKNOWN, interrupted, with exit code 130" in shown.file.getvalue()  # type: ignore[attr-defined]


def test_a_healthy_system_passes_with_evidence_for_each_criterion() -> None:
    found = summary()
    assert (found.mark, found.exit_code) == (Mark.PASS, 0)
    assert [criterion.mark for criterion in found.criteria] == [Mark.PASS] * 5
    assert all(criterion.evidence and criterion.looks for criterion in found.criteria)
    starts = [one for one in found.criteria[0].evidence if " start " in one.command]
    stops = [one for one in found.criteria[0].evidence if " stop " in one.command]
    assert len(starts) == len(stops) == 2 * SHORT.cycles, "those that were hurried past, too"
    assert sum(", hurried: ok" in one.output for one in stops) == SHORT.cycles
    assert found.criteria[1].evidence[0].output.count("started 1 time(s), 0 path(s) changed") == 2 * SHORT.cycles
    assert "(no container)" in found.criteria[3].evidence[0].output


class LeavesOne(ReferenceManager):
    """Its third stop leaves the container, and no other."""

    stops = 0

    def take_down(self, record: object) -> None:
        LeavesOne.stops += 1
        if LeavesOne.stops != 3:
            super().take_down(record)  # type: ignore[arg-type]  # only passes it on


def test_a_failure_that_came_in_none_of_its_repeats_is_no_bug_and_no_pass(tmp_path: Path) -> None:
    def prepare(whole: Assembled) -> None:
        assert isinstance(whole.system.manager, Embedded)
        whole.system.manager.manager.__class__ = LeavesOne

    found = summary(prepare, Plan(services=1, operations=2_000))
    assert (found.mark, found.exit_code, found.bugs) == (Mark.UNKNOWN, 3, ())
    assert {criterion.number for criterion in found.criteria if criterion.mark is Mark.UNKNOWN} >= {4}
    assert not [criterion for criterion in found.criteria if criterion.mark is Mark.FAIL]
    once = [line for line in found.unexpected if "no bug" in line]
    assert [line.split(" after ")[0] for line in once] == ["no-orphans"]
    assert "in none of 10 repeats" in once[0]
    save(found, tmp_path)
    assert once[0] in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_an_outcome_that_could_not_be_learnt_is_unknown_and_no_pass() -> None:
    def cut_off(outcome: Outcome) -> Outcome:
        return Unknown(outcome.began, outcome.ended, 0, outcome.evidence, "it was cut off", until=outcome.ended)

    found = summary(lambda whole: on_start(whole, 2, cut_off))
    assert found.criteria[0].mark is Mark.UNKNOWN
    assert "it was cut off" in found.criteria[0].reasons[0]
    assert (found.mark, found.exit_code) == (Mark.UNKNOWN, 3)
    assert any("how it ended is not known: it was cut off" in line for line in found.unexpected)


def test_an_unknown_outcome_of_a_hurried_operation_is_no_pass_either() -> None:
    def cut_the_first_hurried_stop_off(whole: Assembled) -> None:
        driver = whole.system.manager
        stopped, count = driver.stop, iter(range(1, 10**6))

        def stop(name: str) -> Outcome:
            outcome = stopped(name)
            if next(count) != SHORT.cycles + 1:
                return outcome
            return Unknown(outcome.began, outcome.ended, 0, outcome.evidence, "it was cut off", until=outcome.ended)

        driver.stop = stop  # type: ignore[method-assign]

    found = summary(cut_the_first_hurried_stop_off)
    assert found.criteria[0].mark is Mark.UNKNOWN
    assert found.exit_code == 3


def test_an_engine_that_is_gone_is_a_fault_of_the_environment_and_inconclusive() -> None:
    def unplug(whole: Assembled) -> None:
        def down(outcome: Outcome) -> Outcome:
            whole.system.engine.core.down = True  # type: ignore[attr-defined]
            return outcome

        on_start(whole, 3, down)

    found = summary(unplug)
    assert (found.mark, found.exit_code) == (Mark.UNKNOWN, 3)
    assert found.bugs == ()
    assert any("Cannot connect to the Docker daemon" in fault for fault in found.faults)
    assert "environment: " in markdown(found)


def test_where_no_step_ran_it_never_passes() -> None:
    with assembled(Target()) as whole:
        campaign = Campaign(assembled=whole, plan=SHORT, trace=Trace(dict(HEAD)))
        found = summarise(campaign.trace, campaign.account(0.0))
    assert found.exit_code == 2
    assert {criterion.mark for criterion in found.criteria} == {Mark.UNKNOWN}


def test_a_start_state_that_is_not_clean_is_refused_and_left_alone() -> None:
    with assembled(Target()) as whole:
        driver = whole.system.manager
        assert isinstance(driver, Embedded)
        driver.create("old", "")
        driver.start("old")
        with pytest.raises(NotClean) as caught:
            Campaign(assembled=whole, plan=SHORT, trace=Trace(dict(HEAD))).run()
        assert "service old is in the manager's store" in str(caught.value)
        assert "docker rm -f churn-0-old" in caught.value.remedies
        assert [row.state for row in whole.system.engine.list()] == ["running"]


def test_what_was_not_expected_is_told() -> None:
    def disturb(whole: Assembled) -> None:
        def stranger(outcome: Outcome) -> Outcome:
            whole.system.engine.create(Spec(image="churn/stand-in:1", name="somebody-elses"))
            return evolve(outcome, ended=outcome.ended + 300.0)

        on_start(whole, 2, stranger)

    found = summary(disturb)
    assert found.mark is Mark.PASS
    assert any("a container of others appeared: somebody-elses" in line for line in found.unexpected)
    assert any("took 305." in line and "is usual" in line for line in found.unexpected)


def test_what_the_runs_own_faults_made_long_is_expected() -> None:
    run = Run(part="search", names=("a",))
    for number, (behaviour, seconds) in enumerate(
        [("healthy", 5.0)] * 5 + [("slow", 25.0)] * 2 + [("healthy", 40.0)], 1
    ):
        sort = Sort("start", "stopped", behaviour)
        run.records.append(Record(number=number, step=Step(Start("a")), before=(), sort=sort, outcome=Ok(0.0, seconds)))
    assert list(unexpected([(run, record) for record in run.records])) == [
        "step 8 (search), start a: took 40.0 s, where 5.0 s is usual"
    ]


def test_what_was_refused_or_had_nothing_to_do_says_nothing_of_the_usual_time() -> None:
    run = Run(part="search", names=("a",))
    done: list[tuple[Operation, str, Outcome]] = [
        (Start("a"), "running", Rejected(0.0, 0.01, reason="it runs")),
        (Start("a"), "running", Ok(0.0, 0.02)),
        (Start("a"), "stopped", Ok(0.0, 5.0)),
        (Stop("a"), "stopped", Ok(0.0, 0.1)),
        (Stop("a"), "stopped", Ok(0.0, 0.1)),
        (Stop("a"), "running", Ok(0.0, 3.0)),
    ]
    for number, (operation, word, outcome) in enumerate(done, 1):
        sort = Sort(operation.kind, word, "healthy")
        run.records.append(Record(number=number, step=Step(operation), before=(), sort=sort, outcome=outcome))
    found = timings([(run, record) for record in run.records])
    assert [(one.kind, one.count, one.median, one.aside) for one in found] == [
        ("start", 3, 5.0, 2),
        ("stop", 3, 3.0, 2),
    ]


def test_a_bug_is_told_once_with_its_smallest_scenario_and_other_symptoms(tmp_path: Path) -> None:
    def plant(whole: Assembled) -> None:
        driver = whole.system.manager
        assert isinstance(driver, Embedded)
        driver.manager.halt = lambda record: [driver.manager.end(row.id) for row in driver.manager.own(record)]  # type: ignore[assignment,method-assign]

    found = summary(plant, evolve(SHORT, operations=2_000))
    assert found.exit_code == 1
    first = found.bugs[0]
    assert first.scenario == ("1. create a", "2. start a", "3. stop a")
    assert first.severity == "high"
    assert "minimal; failed each time" in first.said
    assert len({bug.title for bug in found.bugs}) == len(found.bugs)
    path = save(found, tmp_path)
    assert "| 4 | No orphan container is left at the end | **FAIL** |" in path.read_text()
    data = json.loads((tmp_path / "report.json").read_text())
    assert (data["churn"], data["format"], data["exit_code"]) == ("report", 2, 1)
    assert data["bugs"][0]["steps"][1] == {"do": "start a", "pace": "calm"}


def test_what_the_manager_does_not_offer_is_named() -> None:
    with assembled(Target()) as whole:
        campaign = Campaign(assembled=whole, plan=evolve(SHORT, operations=0), trace=Trace(dict(HEAD)))
        campaign.run()
        account = campaign.account(1.5)
    few = evolve(account.contract, offers=frozenset({"create", "start", "stop"}))
    for contract, lacking in ((account.contract, ()), (few, ("list", "remove", "restart", "status", "update"))):
        found = summarise(campaign.trace, evolve(account, contract=contract))
        assert found.lacking == lacking
        console = Console(record=True, file=StringIO(), width=120)
        show(found, console, Path("report"))
        for text in (markdown(found), console.export_text()):
            assert ("Not offered by the manager, so not tested: list, remove, restart, status, update" in text) is bool(
                lacking
            )


def test_times_are_told_apart() -> None:
    found = summary()
    assert found.times.virtual
    assert found.times.total == found.times.own == 1.5
    assert found.times.manager > 10 * 5
    assert found.times.waited >= 2 * 120
    assert ReferenceManager.__name__ not in markdown(found)
