"""Bugs that are known: what they look like, what they leave, and how a run goes on behind them."""

from contextlib import suppress

import pytest
from attrs import evolve
from builders import case, conditions, container, exited, idle, listed, picture, running, state

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.errors import EnvironmentFault, ServerError
from churn.lifecycle.adoption import adopted, debris
from churn.lifecycle.condition import Behaviour, Condition, Server
from churn.lifecycle.invariants import Objection
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import Crash, Create, Length, Pace, SetBehaviour, Start, Step, Stop, Wait
from churn.lifecycle.sequence import Naming, Sequence
from churn.report.summary import summarise
from churn.session.budget import Budget
from churn.session.done import Done
from churn.session.failing import Failing
from churn.session.fingerprint import Fingerprint, fingerprints_of, plain
from churn.session.known import Behind, Known, NothingNew
from churn.session.session import Session
from churn.session.trace import Trace
from churn.session.verdict import Signature, Verdict
from churn.session.violation import Violation
from churn.shrink.bug import Bug
from churn.shrink.triage import Triage
from churn.system.clock import RealClock

CREATE, START, STOP = Step(Create("a")), Step(Start("a")), Step(Stop("a"))


def mark(
    invariant: str = "no-orphans",
    operation: str = "stop",
    condition: str = "running",
    expected: str = "x",
    seen: str = "y",
) -> Fingerprint:
    return Fingerprint(Signature(invariant, operation, condition), expected, seen)


def test_words_hold_no_id_number_or_name() -> None:
    names = {"a": "web", "b": "web1"}
    assert plain("b#2 (churn-0-web1) of service b has 20001", names) == "*#N (churn-N-*) of service * has N"
    assert plain("container 0123456789abcdef is gone") == "container ID is gone"
    assert plain("a failed start, deadbeefcafe", {}) == "a failed start, deadbeefcafe", (
        "a word without a digit is no id"
    )


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (mark(), True),
        (mark(seen="z"), False),  # one signature in other words may be another bug
        (mark(condition="dead"), True),
        (mark(condition="dead", seen="z"), False),
        (mark(operation="start"), False),
        (mark(invariant="status"), False),
    ],
)
def test_what_looks_like_a_bug(other: Fingerprint, alike: bool) -> None:
    assert other.looks_like(mark()) is alike


def test_what_may_have_been_there_unseen_is_known_by_its_words_alone() -> None:
    assert mark(operation="start").looks_like(mark(), late=True)
    assert not mark(operation="start", seen="z").looks_like(mark(), late=True)


def test_how_a_container_was_left_counts_where_both_tell_it() -> None:
    left, runs, untold = (mark(seen=f"*#N of service * is {word}") for word in ("exited", "running", "S"))
    assert not left.looks_like(runs)
    assert left.looks_like(untold)
    assert untold.looks_like(runs)


@pytest.mark.parametrize(("before", "seen"), [("running", "exited"), ("dead", "S")])
def test_how_a_container_was_left_is_told_where_the_service_ran(before: str, seen: str) -> None:
    found = Objection("no more", "a#1 (churn-0-a) of service a is exited", "a", invariant="no-orphans")
    ((_, told),) = fingerprints_of([found], Stop("a"), Condition(before), {"a": "a"})
    assert told.seen == f"*#N (churn-N-*) of service * is {seen}"


def test_what_only_resembles_a_bug_is_it_where_what_makes_it_was_done() -> None:
    known = Known({mark("stable-port", "stop", seen="port N"): Done.of(("a",), (CREATE, START, STOP))})
    other = mark("stable-port", "wait", "any", expected="z", seen="port N")
    assert known.match(other, lambda: Done.of(("a", "b"), (Step(Create("b")), Step(Start("b")), Step(Stop("b")))))
    assert known.match(other, lambda: Done.of(("a",), (CREATE, START))) is None


def test_what_looks_like_a_bug_is_it_without_a_look_at_what_was_done() -> None:
    def asked() -> Done:
        raise AssertionError

    known = Known({mark(): Done.of(("a",), (CREATE, START, STOP))})
    assert known.match(mark(condition="dead"), asked) == mark()
    assert known.match(mark("status"), asked) is None


def test_what_a_word_to_the_manager_puts_right_is_not_met_where_it_was_asked() -> None:
    known = Known({mark(): Done.of(("a",), (CREATE, START, Step(STOP.operation, Pace.ENGINE_ONLY)))})
    steps = [(CREATE, START, Step(STOP.operation, pace)) for pace in (Pace.ENGINE_ONLY, Pace.CALM)]
    assert [known.match(mark(), lambda one=one: Done.of(("a",), one)) for one in steps] == [mark(), None]


def test_what_odd_names_make_is_not_met_where_they_are_plain() -> None:
    made, *others = (
        Done.of(("a",), (CREATE, START, STOP), one) for one in (Naming.PREFIX, Naming.PREFIX, Naming.PLAIN)
    )
    known = Known({mark(): made})
    assert [known.match(mark(), lambda one=one: one) for one in others] == [mark(), None]


def test_what_was_done_stands_in_more_whatever_services_faults_and_waits() -> None:
    wait = Step(Wait(Length.LONG))
    made = Done.of(("a",), (CREATE, Step(SetBehaviour("a", Behaviour.CRASH)), wait, START))
    ill = (Step(Create("b")), Step(SetBehaviour("b", Behaviour.HANG)), Step(Start("b")))
    assert made.stands_in(Done.of(("a", "b"), ill))
    assert made.stands_in(Done.of(("a", "b"), (CREATE, *ill)))
    assert not made.stands_in(Done.of(("a", "b"), (CREATE, START, *ill[:2])))


def test_one_step_under_this_fault_and_that_may_be_one_bug() -> None:
    assert mark(operation="start", condition="created!", seen="1").resembles(
        mark(operation="start", condition="failed+held")
    )


def test_what_piles_up_is_known_at_whatever_step() -> None:
    assert mark("no-leaks", "start").looks_like(mark("no-leaks", "stop"))
    assert not mark("no-leaks", "start", seen="network").looks_like(mark("no-leaks", "stop", "dead", seen="volume"))


def test_a_consequence_is_known_only_as_it_is() -> None:
    known = Known(consequences={mark(): (Done.of(("a",), (CREATE, START)),)})
    behind = Done.of(("a",), (CREATE, START, STOP))
    assert known.match(mark(), lambda: behind)
    assert known.match(mark(condition="dead"), lambda: behind) is None
    assert known.match(mark(), lambda: Done.of(("a",), (CREATE, STOP))) is None, "what it follows from was not done"


def test_what_was_known_can_be_kept_and_known_anew() -> None:
    behind = Behind((mark(),), (mark("status"),))
    assert Known.of(behind).behind == behind
    with_cause = evolve(behind, causes=(Done.of(("a",), (CREATE, START, STOP)),))
    assert Known.of(with_cause).behind == with_cause


# -- adopting ---------------------------------------------------------------------------------------------------------


def test_a_service_whose_container_is_gone_is_as_the_list_says() -> None:
    expected = state(a=running())
    seen = evolve(picture(expected), containers={}, listed=(listed(status=Status.STOPPED),))
    after = adopted(expected, seen).services["a"]
    assert (after.server, after.status, after.container) == (Server.NONE, Status.STOPPED, None)


def test_a_container_that_should_not_be_there_is_debris_and_not_adopted() -> None:
    expected = state(a=idle())
    seen = evolve(picture(expected), containers={"a1": container(), "a2": exited("a2")})
    after = adopted(expected, seen)
    assert after.services["a"].server is Server.NONE
    assert debris(case(after, seen)) == {"a1", "a2"}


def test_another_running_container_takes_the_place_of_the_one_that_is_gone() -> None:
    expected = state(a=running())
    seen = evolve(picture(expected), containers={"a2": container("a2")})
    assert adopted(expected, seen).services["a"].container == "a2"


def test_a_port_that_the_container_shows_is_not_given_up_for_what_the_list_says() -> None:
    expected = state(a=running(), b=idle(port=20002))
    seen = evolve(picture(expected), listed=(listed(port=20009), listed("b", Status.STOPPED, 20009)))
    assert [one.port for one in adopted(expected, seen).services.values()] == [20001, 20009]


# -- going on behind --------------------------------------------------------------------------------------------------


def behind(defects: tuple[str, ...], *steps: Step, known: tuple[Sequence, ...]) -> Session:
    """A session of a manager with these defects, after the steps, behind what the `known` sequences fail by."""
    with assembled(Target(defects=defects)) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        marks = [looked_at(session, sequence) for sequence in known]
        for one in marks:
            session.known.add(one)
        session.run("test", ("a", "b"), Sequence(steps))
        return session


def looked_at(session: Session, sequence: Sequence) -> Fingerprint:
    with pytest.raises(Violation):
        session.run("test", ("a", "b"), sequence)
    found = session.current.records[-1].fingerprint
    assert found is not None
    return found


CYCLE = Sequence((CREATE, START, STOP))


def test_what_a_known_bug_leaves_is_removed_and_the_sequence_goes_on() -> None:
    session = behind(("leaves-container",), CREATE, START, STOP, START, STOP, known=(CYCLE,))
    verdicts = [record.verdict for record in session.current.records]
    assert verdicts == [Verdict.PASS, Verdict.PASS, Verdict.KNOWN, Verdict.PASS, Verdict.KNOWN]
    assert session.system.engine.list() == ()


def test_a_bug_behind_a_known_one_is_told() -> None:
    with pytest.raises(Violation) as told:
        behind(("leaves-container", "fifth-start-fails"), CREATE, *(START, STOP) * 4, START, known=(CYCLE,))
    assert told.value.signature == Signature("accepted", "start", "stopped")


def test_a_bug_that_shows_at_each_start_hides_no_other() -> None:
    starts = Sequence((CREATE, START))
    with pytest.raises(Violation) as told:
        behind(("restart-policy", "replaces-running"), CREATE, START, START, known=(starts,))
    assert told.value.signature == Signature("accepted", "start", "running")


def test_what_may_be_a_consequence_of_what_cannot_be_put_right_is_no_news() -> None:
    shared = Sequence((CREATE, Step(Create("b"))))
    with pytest.raises(NothingNew):
        behind(("default-port",), CREATE, Step(Create("b")), START, Step(Start("b")), known=(shared,))


def test_a_crash_in_a_container_that_the_engine_revives_is_no_news() -> None:
    steps = (CREATE, Step(Start("a"), Pace.HURRIED), Step(Crash("a")), Step(Wait(Length.SHORT)))
    with suppress(NothingNew):
        behind(("restart-policy",), *steps, known=(Sequence((CREATE, START)),))


def test_what_a_list_says_of_a_service_that_a_known_bug_moved_is_no_news() -> None:
    steps = (CREATE, Step(Create("b")), Step(Start("b")), STOP)
    with assembled(Target(defects=("stops-by-label", "list-is-stale"))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        session.known.add(looked_at(session, Sequence(steps)))
        beside = session.current.records[-1].beside
        session.known.companions += [one for one in beside if one.signature.invariant != "status"]
        session.run("test", ("a", "b"), Sequence(steps))
    assert session.current.records[-1].verdict is Verdict.KNOWN


def test_without_known_bugs_nothing_is_put_right() -> None:
    with assembled(Target(defects=("leaves-container",))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        looked_at(session, CYCLE)
        assert len(whole.system.engine.list()) == 1


def test_an_engine_that_fails_while_things_are_put_right_is_a_fault_of_the_environment() -> None:
    def refuse(_: object) -> None:
        raise ServerError(500, "driver failed to remove root filesystem")

    with assembled(Target(defects=("leaves-container",))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        session.known.add(looked_at(session, CYCLE))
        whole.system.discard = refuse  # type: ignore[method-assign]  # an engine that fails just there
        with pytest.raises(EnvironmentFault, match="root filesystem"):
            session.run("test", ("a",), CYCLE)


@pytest.mark.parametrize("operations", [250, 620, 800, 980])
def test_a_report_is_made_wherever_the_budget_ends(operations: int) -> None:
    with assembled(Target(defects=("restart-policy", "third-stop-leaks", "failed-start-leaves"))) as whole:
        trace = Trace()
        campaign = Campaign(assembled=whole, plan=Plan(operations=operations), trace=trace)
        campaign.run()
        bugs = summarise(trace, campaign.account(1.0)).bugs
    assert [bug.title for bug in bugs[: len(campaign.bugs)]] == [str(bug.signature) for bug in campaign.bugs]
    assert all(bug.count for bug in bugs[:1]), "what was met is told of the bug that it is a case of"


def test_a_failure_behind_known_bugs_that_never_comes_again_is_no_bug() -> None:
    with assembled(Target(defects=("restart-policy",))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        settling = Triage(session)
        first = looked_at(session, Sequence((CREATE, START)))
        settling.add(session.current.failing)
        settling.settle()
        odd = Fingerprint(Signature("status", "create", "absent"), "service * is listed once", "it is not listed")
        settling.add(Failing(("a",), Sequence((CREATE,)), odd, (conditions("absent"),)))
        settling.settle()
    assert [bug.signature for bug in settling.bugs] == [first.signature]
    assert [one.signature for one in settling.passing] == [odd.signature]
    assert odd not in session.known.bugs


# -- telling bugs apart -----------------------------------------------------------------------------------------------


def settled(defects: tuple[str, ...], *sequences: tuple[Step, ...]) -> Triage:
    """What the failures of these sequences come to, settled one after the other."""
    with assembled(Target(defects=defects)) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(RealClock()))
        told: list[Bug] = []
        settling = Triage(session, told=told.append)
        for steps in sequences:
            looked_at(session, Sequence(steps))
            assert session.current.failing is not None
            settling.add(session.current.failing)
            settling.settle()
    assert [bug.failing for bug in told] == [bug.failing for bug in settling.bugs], "each is told once, as it is found"
    return settling


def hurried(step: Step) -> Step:
    return Step(step.operation, Pace.HURRIED)


@pytest.mark.parametrize(
    "defects", [("leaves-container", "third-stop-leaks"), ("third-stop-leaks", "leaves-container")]
)
def test_a_failure_that_shrinks_to_another_is_asked_again_behind_that(defects: tuple[str, ...]) -> None:
    cycles = (CREATE, *map(hurried, (START, STOP) * 2), hurried(START), STOP)
    found = settled(defects, cycles).bugs
    assert [len(bug.steps) for bug in found] == [3, 5]
    assert [bug.failing.fingerprint.seen.rpartition(" ")[2] for bug in found] == ["exited", "running"]


def test_a_failure_of_pace_whose_calm_twin_meets_a_bug_is_that_bug() -> None:
    other, started = Step(Create("b")), Step(Start("b"))
    twin = (CREATE, other, started, hurried(START), Step(Stop("b")))
    (bug,) = settled(("stops-by-label",), (CREATE, START, other, Step(Stop("b"))), twin).bugs
    assert [one.signature for one in bug.paced] == [Signature("status", "stop", "running")]


def test_what_comes_back_though_it_was_settled_is_news() -> None:
    settling = settled(("leaves-container",), CYCLE.steps)
    (bug,) = settling.bugs
    assert settling.add(bug.failing)
    assert not settling.add(bug.failing), "until it is settled anew"


def test_a_report_tells_each_bug_once_and_how_many_failures_follow_from_it() -> None:
    with assembled(Target(defects=("reuses-container",))) as whole:
        campaign = Campaign(
            assembled=whole, plan=Plan(operations=2_500), trace=Trace({"manager": "", "engine": "", "seed": 0})
        )
        campaign.run()
        (found,) = summarise(campaign.trace, campaign.account(1.0)).bugs
    assert found.following
    assert any(f"{found.following} more" in line for line in found.besides)
