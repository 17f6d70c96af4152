"""A bug's report is for strangers: a sentence, its criteria, what was there before and after, and texts to copy."""

from typing import Any

import pytest
from attrs import evolve, fields
from builders import container, exited, holding, idle, picture, running, state
from test_report import HEAD

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.lifecycle.condition import Condition
from churn.lifecycle.contract import Bounds, Contract
from churn.lifecycle.invariants import INVARIANTS, Invariant, Objection, Severity
from churn.lifecycle.operations import KINDS, Operation, Pace, Start, Step, Stop
from churn.lifecycle.sequence import Naming, Sequence
from churn.report.code import as_test
from churn.report.markdown import bug_as_markdown, markdown
from churn.report.scenes import owners, standing
from churn.report.summary import summarise
from churn.report.values import Kept, Mark, Summary
from churn.report.words import BECAUSE, by_name, sentence
from churn.session.run import Record
from churn.session.trace import Trace
from churn.session.verdict import Judgement, Signature


def summary(*defects: str, **changes: Any) -> Summary:
    plan = Plan(**{"services": 2, "operations": 1_500, **changes})
    with assembled(Target(defects=defects)) as whole:
        campaign = Campaign(assembled=whole, plan=plan, trace=Trace(dict(HEAD)))
        campaign.run()
        campaign.coverage.count(campaign.trace)
        return summarise(campaign.trace, campaign.account(1.5))


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda one: one.name)
def test_each_invariant_says_in_plain_words_what_is_wrong(invariant: Invariant) -> None:
    assert invariant.says, f"{invariant.name}: say in Invariant.says what is wrong where it objects"
    assert invariant.says.format(service="a"), "it has no place but {service}"
    known = {one.name for one in (*fields(Contract), *fields(Bounds))}
    assert set(invariant.keys) <= known, f"{invariant.name}: Invariant.keys are keys of the contract"


def test_each_severity_has_its_reason() -> None:
    assert set(BECAUSE) == set(Severity)


def told(operation: Operation) -> str:
    record = Record(number=1, step=Step(operation), before=(), condition=Condition("created"))
    record.objections = (Objection("this", "that", "a", invariant="undisturbed"),)
    return sentence(record)


def test_a_container_that_tells_no_service_stands_with_the_one_that_it_was_bound_to() -> None:
    """By its port it was known whose it is; once it has ended, it has none."""
    judged = [
        Judgement(kept=(), objections=(), doubts=(), nearest=expected, listing=None, settled=0.0, looks=1,
                  observation=evolve(picture(state()), containers=holding(seen)))
        for expected, seen in (
            (state(a=running("x1")), container("x1", None, ports=(20001,))),
            (state(a=idle()), exited("x1", None)),
        )
    ]  # fmt: skip
    records = [Record(number=n, step=Step(Stop("a")), before=(), judgement=one) for n, one in enumerate(judged)]
    whose = owners(records)
    before, after = (standing(("a",), one.observation, whose) for one in judged)
    assert [(one.service, [str(found) for found in one.containers]) for one in before] == [
        ("a", ["t-x1 running, port 20001"])
    ]
    assert [(one.service, [str(found) for found in one.containers]) for one in after] == [("a", ["t-x1 exited"])]
    assert [one.service for one in standing(("a",), judged[1].observation, {})] == ["a", "?"]
    assert by_name("?#1 (t-x1) is exited") == "t-x1 is exited"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_operation_is_told_in_a_sentence(kind: type[Operation]) -> None:
    for operation in kind.each(("a",)):
        said = told(operation)
        assert said.startswith("When ")
        assert said.endswith(", service a is harmed, though nothing was asked of it: that")
        known = operation.service is None or "a (created, never started)" in said
        assert known, f"report/words.py: _DOES lacks {kind.__name__}, so a bug after it is told by its bare word"


def test_a_bug_is_told_for_strangers_and_is_against_its_own_criterion_alone() -> None:
    found = summary("stops-by-label")
    (bug,) = found.bugs
    stopped, harmed = ("a", "b") if bug.sentence.startswith("When service a ") else ("b", "a")
    when = f"When service {stopped} (created, never started) is stopped"
    assert bug.sentence == f"{when}, service {harmed} is harmed, though nothing was asked of it: its container is gone"
    assert bug.criteria == (3,)
    assert [one.bugs for one in found.criteria] == [(), (), (1,), (), ()]
    assert [one.mark for one in found.criteria].count(Mark.FAIL) == 1
    assert bug.sure.startswith("It was run again twice, and failed each time; nothing shorter was found that fails")
    assert bug.before is not None
    assert bug.after is not None
    place = ("a", "b").index(harmed)
    before, after = bug.before[place], bug.after[place]
    assert (before.said.split(",")[0], before.containers[0].state) == ("running", "running")
    assert after.containers == ()
    assert bug.scene is not None
    done = [f"{moment.operation} {moment.service}" for moment in bug.scene.moments]
    assert sorted(done) == sorted(("create a", "create b", f"start {harmed}", f"stop {stopped}"))
    assert f"| {harmed} | running, port" in markdown(found)


def test_a_port_that_a_left_container_has_is_told_once_as_that_container() -> None:
    found = summary("leaves-container", services=1)
    assert {number for bug in found.bugs for number in bug.criteria} == {4}
    assert [one.number for one in found.criteria if one.mark is Mark.FAIL] == [4]
    assert found.criteria[3].cycles is Mark.FAIL


def test_only_the_cycles_are_run_and_what_fails_in_them_is_made_small() -> None:
    found = summary("leaves-container", searching=False)
    assert {one.explored for one in found.criteria} == {None}, "to make a bug small is not to explore"
    assert set(found.parts) == {"five-cycle", "shrinking"}
    assert len(found.bugs) == 1


def test_a_pass_of_the_cycles_alone_says_that_it_says_little_and_what_was_never_tried() -> None:
    found = summary(searching=False)
    assert found.mark is Mark.PASS
    assert {one.explored for one in found.criteria} == {None}
    assert found.coverage.startswith("This PASS says little: only 0.")
    assert "no operation while another service ran" in found.coverage
    assert "never done: " in found.coverage


class _Told:
    sequence: Sequence | None = None

    def run(self, _: str, __: tuple[str, ...], sequence: Sequence) -> None:
        self.sequence = sequence


def test_a_whole_file_for_pytest_does_the_same_steps() -> None:
    sequence = Sequence((Step(Start("a")), Step(Stop("a"), Pace.HURRIED)), Naming.PREFIX)
    text = as_test(Signature("no-orphans", "stop", "running"), "my own.toml", "docker", ("x",), ("a",), sequence)  # type: ignore[arg-type]  # converted
    assert "pytest --churn-manager 'my own.toml' --churn-engine docker" in text
    space: dict[str, Any] = {}
    exec(text, space)  # noqa: S102 -- it is our own
    session = _Told()
    space["test_no_orphans_after_stop"](session)
    assert session.sequence == sequence


def test_what_is_kept_of_a_bug_is_named_in_its_report() -> None:
    kept = Kept(reproducer="r.json", replay="churn replay r.json", test="", script="r.sh")
    with assembled(Target(defects=("leaves-container",))) as whole:
        campaign = Campaign(assembled=whole, plan=Plan(services=1, operations=300), trace=Trace(dict(HEAD)))
        campaign.run()

        text = markdown(summarise(campaign.trace, evolve(campaign.account(1.5), kept=(kept,))))
    assert "**Run it again:** `churn replay r.json`" in text
    assert "**Without Churn:** `sh r.sh`" in text


def test_a_copied_bug_report_brings_its_script_and_its_test_along() -> None:
    """Who gets it has no file of the run: what it names stands in it, and can be saved and run."""
    (bug,) = summary("leaves-container").bugs
    script, test = "#!/bin/sh\necho '```'\n", "def test_it(churn_session):\n    pass\n"
    kept = Kept(reproducer="r.json", replay="churn replay r.json", test=test, script="r.sh", script_text=script)
    text = bug_as_markdown(evolve(bug, kept=kept), 1, whole=True)
    assert text.startswith(f"### Bug 1: {bug.sentence}")
    assert f"````\n{script}````" in text, "its fences are longer than any in it"
    assert f"```\n{test}```" in text
    assert script not in bug_as_markdown(evolve(bug, kept=kept), 1)
