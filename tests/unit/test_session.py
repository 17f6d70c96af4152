"""A session on the emulated engine: what passes, what is a violation, what the environment's fault, and what is written down."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from builders import SETTINGS, Bench, Double, ForgetfulStop, Laboratory, bench, conditions, laboratory

from churn.assembly import STAND_IN
from churn.errors import BudgetSpent, EngineUnreachable, EnvironmentFault, NotClean, ResetFailed
from churn.explore.scenarios import cycles
from churn.lifecycle.condition import Behaviour, Condition, Server
from churn.lifecycle.contract import Bounds
from churn.lifecycle.invariants import INVARIANTS
from churn.lifecycle.observation import Resource, ResourceKind
from churn.lifecycle.operations import (
    Crash,
    Create,
    HoldPort,
    Kill,
    Length,
    List,
    Operation,
    Pace,
    ReleasePort,
    RemoveContainer,
    SetBehaviour,
    Start,
    Status as StatusOf,
    Step,
    Stop,
    Wait,
)
from churn.lifecycle.outcome import Evidence, Garbled, Ok, Outcome, Rejected, Unknown
from churn.lifecycle.sequence import Naming, Sequence
from churn.lifecycle.state import CLEAN
from churn.session.faults import Waits
from churn.session.reset import preflight
from churn.session.run import Record
from churn.session.session import Session
from churn.session.trace import Trace, written
from churn.session.verdict import Signature, Verdict
from churn.session.violation import Violation
from churn.system.managers.reference import Embedded
from churn.system.protocols import Spec

UP: tuple[Operation, ...] = (Create("a"), Start("a"))


def did(lab: Laboratory, *operations: Operation, pace: Pace = Pace.CALM) -> Laboratory:
    """The laboratory, in which this was done one after the other."""
    for operation in operations:
        lab.session.step(Step(operation, pace))
    return lab


def begun(make: type[Double] = Double, *operations: Operation, names: str = "ab", **options: Any) -> Laboratory:
    """A laboratory in which a sequence was begun, and this was done calmly."""
    lab = laboratory(make, **options)
    lab.session.begin("test", names)
    return did(lab, *operations)


def ended(lab: Laboratory, *operations: Operation, pace: Pace) -> None:
    """This is done, and then the sequence ends: whatever the pace, it was looked at."""
    did(lab, *operations, pace=pace)
    lab.session.finish()


def last(lab: Laboratory) -> Record:
    """The newest step's record."""
    return lab.session.current.records[-1]


def violation(lab: Laboratory, operation: Operation, pace: Pace = Pace.CALM) -> Violation:
    """The violation that the step ends with."""
    with pytest.raises(Violation) as caught:
        lab.session.step(Step(operation, pace))
    return caught.value


STRUCK = (Create("a"), HoldPort("a"), Start("a"), ReleasePort("a"), Start("a"), Kill("a"), Start("a"), Crash("a"),
          HoldPort("a"), Stop("a"), ReleasePort("a"), Start("a"), RemoveContainer("a"), Stop("a"), Start("a"),
          Stop("a"))  # fmt: skip


@pytest.mark.parametrize("pace", Pace)
def test_an_honest_manager_passes_whatever_strikes_it(pace: Pace) -> None:
    lab = begun()
    ended(lab, *STRUCK, pace=pace)
    assert {record.verdict for record in lab.session.current.records} <= {Verdict.PASS, Verdict.UNSEEN}
    kinds = {type(record.outcome) for record in lab.session.current.records}
    assert kinds == {Ok, Rejected}, "the start on a held port failed"


def test_a_reset_lets_go_of_held_ports() -> None:
    lab = begun(Double, Create("a"), HoldPort("a"))
    lab.session.begin("test", "a")
    did(lab, Create("a"), Start("a"))


# -- what passes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pace", Pace)
@pytest.mark.parametrize("naming", Naming)
def test_five_cycles_of_a_correct_manager_pass(pace: Pace, naming: Naming) -> None:
    lab = laboratory()
    lab.session.run("five-cycle", "a", cycles(5, pace=pace, naming=naming))
    records = [record for _, record in lab.trace.records()]
    assert len(records) == 13
    stops = {record.verdict for record in records if isinstance(record.step.operation, Stop)}
    assert stops == {Verdict.UNSEEN if pace is Pace.HURRIED else Verdict.PASS}
    assert {record.verdict for record in records if not record.step.hurried} == {Verdict.PASS}
    assert lab.session.state.services["a"].server is Server.NONE
    assert len(lab.session.state.seen) == 5


def test_everything_in_a_row_without_a_look_passes_too() -> None:
    lab = laboratory()
    hurried = [Step(step.operation, Pace.HURRIED) for step in cycles(5).steps]
    lab.session.run("test", "a", Sequence(tuple(hurried)))
    assert lab.budget.looks == 1
    assert last(lab).verdict is Verdict.PASS


@pytest.mark.parametrize("how", Behaviour)
def test_a_correct_manager_passes_under_every_behaviour_of_the_server(how: Behaviour) -> None:
    """Set before the start, and while it runs; and after the fault's end all is demanded again."""
    lab = begun(Double, Create("a"), SetBehaviour("a", how), Start("a"), List(), Wait(Length.LONG), Stop("a"))
    did(
        lab,
        SetBehaviour("a", Behaviour.HEALTHY),
        Start("a"),
        SetBehaviour("a", how),
        List(),
        StatusOf("a"),
        Wait(Length.LONG),
    )
    did(lab, Stop("a"), SetBehaviour("a", Behaviour.HEALTHY), Start("a"))
    assert last(lab).verdict is Verdict.PASS
    assert lab.session.state.services["a"].server is Server.SOUND


def test_what_is_possible_is_what_was_seen() -> None:
    lab = begun(Double, *UP)
    (row,) = lab.bench.engine.list()
    service = lab.session.state.services["a"]
    assert (service.container, service.port) == (row.id, row.ports[0])
    assert lab.session.state.seen == {row.id}


def test_a_sequence_begins_with_a_clean_state_and_a_clean_system() -> None:
    lab = begun(Double, *UP)
    lab.session.begin("test", "a")
    assert lab.session.possible == (CLEAN,)
    assert lab.bench.states() == []
    assert len(lab.resets) == 2


def test_a_container_of_a_stranger_that_appears_is_no_bug_and_not_touched() -> None:
    lab = begun(Double, *UP)
    lab.bench.run("stranger")
    did(lab, Stop("a"), List())
    assert lab.bench.states() == ["running"]
    lab.session.begin("test", "a")
    assert lab.bench.states() == ["running"]


# -- violations -------------------------------------------------------------------------------------------------------


def test_a_violation_is_raised_when_the_trace_has_it() -> None:
    lab = begun(ForgetfulStop, *UP)
    found = violation(lab, Stop("a"))
    record = last(lab)
    assert record.verdict is Verdict.FAIL
    assert record.objections == found.objections
    assert record.signature == found.signature
    assert found.record is record
    assert str(found.failing.sequence) == "create a; start a; stop a"
    assert found.objections[0].invariant == "no-orphans"


def test_a_violation_says_what_was_expected_and_seen_and_where_to_look() -> None:
    found = violation(begun(ForgetfulStop, *UP), Stop("a"))
    first = found.objections[0]
    for words in (first.invariant, "stop a", first.expected, first.seen, first.command):
        assert words in str(found)


class RefusesStops(Double):
    """Cannot stop anything."""

    def stop(self, service: str) -> Outcome:
        return self._call(f"stop {service}", lambda: self.manager.known("nobody"))


@pytest.mark.parametrize("make", [RefusesStops, ForgetfulStop])
def test_the_steps_own_command_is_its_own_evidence_and_not_run_again(
    make: type[Double], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that is run once more, to show that it failed, would not only look."""
    lab = begun(make, *UP)
    run: list[str] = []

    def show(command: str) -> Evidence:
        run.append(command)
        return Evidence(command)

    monkeypatch.setattr(lab.system, "show", show)
    violation(lab, Stop("a"))
    outcome, shown = last(lab).outcome, last(lab).shown
    assert outcome is not None
    assert "stop service-a" in outcome.evidence.command
    assert outcome.evidence.command not in run
    assert (outcome.evidence in shown) == (make is RefusesStops)
    listing = last(lab).judgement.listing  # type: ignore[union-attr]  # it failed, so it is kept
    assert listing is not None
    assert [one.command for one in shown if one not in (outcome.evidence, listing.evidence)] == run
    assert "docker ps -a --filter label=churn.session=test" in run


def test_its_signature_holds_no_id_port_or_time() -> None:
    found = violation(begun(ForgetfulStop, *UP), Stop("a"))
    assert found.signature == Signature("no-orphans", "stop", Condition("running"))


def test_after_a_violation_a_new_sequence_may_begin() -> None:
    lab = begun(ForgetfulStop, *UP)
    violation(lab, Stop("a"))
    lab.session.begin("test", "a")
    did(lab, *UP)
    assert last(lab).verdict is Verdict.PASS


def test_what_was_hurried_past_is_found_at_the_next_look() -> None:
    lab = begun(ForgetfulStop, *UP)
    did(lab, Stop("a"), pace=Pace.HURRIED)
    assert last(lab).verdict is Verdict.UNSEEN
    found = violation(lab, StatusOf("b"))
    assert found.objections[0].service == "a"


def test_what_was_hurried_past_is_found_when_the_sequence_ends() -> None:
    lab = begun(ForgetfulStop, *UP)
    did(lab, Stop("a"), pace=Pace.HURRIED)
    with pytest.raises(Violation) as caught:
        lab.session.finish()
    assert caught.value.objections[0].invariant == "no-orphans"
    assert last(lab).verdict is Verdict.FAIL


def test_a_sequence_that_ended_calmly_is_not_looked_at_again() -> None:
    lab = begun(Double, *UP)
    looks = lab.budget.looks
    lab.session.finish()
    assert lab.budget.looks == looks


def test_a_bug_has_the_same_signature_at_whatever_pace_it_is_found() -> None:
    calm = violation(begun(ForgetfulStop, *UP), Stop("a"))
    lab = begun(ForgetfulStop, *UP)
    did(lab, Stop("a"), pace=Pace.HURRIED)
    with pytest.raises(Violation) as caught:
        lab.session.finish()
    assert caught.value.signature == calm.signature


def test_an_answer_that_no_state_allows_is_found_in_a_hurry_too() -> None:
    lab = begun(AcceptsEverything, *UP)
    assert violation(lab, Start("a"), Pace.HURRIED).objections[0].invariant == "accepted"


class KillsTheOther(Double):
    """Its stop, and its second start of a running service, end the other's container."""

    def start(self, service: str) -> Outcome:
        ended = super().start(service)
        if self.started > 2:
            self._end(service)
        return ended

    def stop(self, service: str) -> Outcome:
        ended = super().stop(service)
        self._end("service-a")
        return ended

    def _end(self, service: str) -> None:
        for found in self.manager.own(self.manager.known(service)):
            self.manager.engine.kill(found.id)


TWO_UP: tuple[Operation, ...] = (Create("a"), Create("b"), Start("a"), Start("b"))


@pytest.mark.parametrize(
    ("hurried", "calm", "invariant"),
    [
        (Stop("b"), List(), "undisturbed"),
        (Stop("b"), Wait(Length.LONG), "undisturbed"),
        (Wait(Length.LONG), Stop("b"), "undisturbed"),
        (Start("a"), List(), "status"),
        (Start("a"), Start("b"), "status"),
    ],
    ids=str,
)
def test_what_was_hurried_past_is_not_held_to_have_moved_by_itself_nor_by_the_last_step(
    hurried: Operation, calm: Operation, invariant: str
) -> None:
    """Services that any unseen step acted on may have moved by it; others were disturbed, and not just while one waited."""
    lab = begun(KillsTheOther, *TWO_UP)
    did(lab, hurried, pace=Pace.HURRIED)
    assert violation(lab, calm).objections[0].invariant == invariant


def test_waits_alone_are_held_to_move_nothing_also_when_the_first_was_hurried() -> None:
    lab = begun(Double, *UP)
    (row,) = lab.bench.engine.list()
    lab.bench.engine.kill(row.id)
    did(lab, Wait(Length.SHORT), pace=Pace.HURRIED)
    assert violation(lab, Wait(Length.SHORT)).objections[0].invariant == "quiet"


class AcceptsEverything(Double):
    """Reports success for every start, and does nothing where there is nothing to do."""

    def start(self, service: str) -> Outcome:
        super().start(service)
        return Ok(self.manager.clock.now(), self.manager.clock.now())


class Dawdling(Double):
    """A minute after its stop is done it reports so."""

    def stop(self, service: str) -> Outcome:
        ended = super().stop(service)
        self.manager.clock.sleep(60.0)
        return evolve(ended, ended=self.manager.clock.now())


@pytest.mark.parametrize("pace", Pace)
def test_an_operation_that_took_too_long_is_objected_to_at_whatever_pace(pace: Pace) -> None:
    lab = laboratory(Dawdling)
    lab.session.contract = lab.system.contract = evolve(lab.session.contract, bounds=Bounds(stop=30.0, settling=0.0))
    lab.session.begin("test", "a")
    did(lab, *UP)
    with pytest.raises(Violation) as caught:
        ended(lab, Stop("a"), List(), pace=pace)
    assert caught.value.objections[0].invariant == "in-time"


class Overrunning(Double):
    """Its stop was still going when its own timeout and the grace had passed, and was cut off."""

    def stop(self, service: str) -> Outcome:
        began = self.manager.clock.now()
        super().stop(service)
        now = self.manager.clock.now()
        return Unknown(began, now, reason="it was cut off", overran=True, until=now)


@pytest.mark.parametrize("pace", Pace)
def test_an_operation_that_overran_its_own_timeout_is_objected_to_at_whatever_pace(pace: Pace) -> None:
    lab = begun(Overrunning, *UP)
    with pytest.raises(Violation) as caught:
        ended(lab, Stop("a"), List(), pace=pace)
    assert caught.value.objections[0].invariant == "in-time"


def test_only_invariants_of_the_session_object() -> None:
    lab = laboratory(ForgetfulStop)
    without = tuple(found for found in INVARIANTS if found.name not in ("no-orphans", "port-released"))
    session = Session(lab.system, lambda: None, Trace(), lab.budget, without)
    session.begin("test", "a")
    for operation in (*UP, Stop("a")):
        session.step(Step(operation))


# -- what is asked ----------------------------------------------------------------------------------------------------


class Asked(Double):
    """Counts how often it was asked for its list."""

    lists = 0

    def list(self) -> Outcome:
        self.lists += 1
        return super().list()


@pytest.mark.parametrize(("pace", "lists"), [(Pace.CALM, 1), (Pace.ENGINE_ONLY, 0), (Pace.HURRIED, 0)])
def test_only_a_calm_look_asks_the_manager(pace: Pace, lists: int) -> None:
    lab = begun(Asked, *UP)
    manager = lab.system.manager
    assert isinstance(manager, Asked)
    before = manager.lists
    did(lab, Stop("a"), pace=pace)
    assert manager.lists - before == lists


def test_a_list_command_is_not_asked_again_for_its_own_look() -> None:
    lab = begun(Asked, *UP)
    manager = lab.system.manager
    assert isinstance(manager, Asked)
    before = manager.lists
    did(lab, List())
    assert manager.lists - before == 1


class RepairingList(Double):
    """Its list starts what should run, and then says that all is well."""

    def list(self) -> Outcome:
        for found in self.manager.engine.list(self.manager.session_labels()):
            self.manager.engine.start(found.id)
        return super().list()


def test_what_a_list_command_repairs_is_seen_on_a_look_at_the_engine_only() -> None:
    lab = begun(RepairingList, *UP)
    (row,) = lab.bench.engine.list()
    lab.bench.engine.kill(row.id)
    assert violation(lab, StatusOf("b"), Pace.ENGINE_ONLY).objections[0].service == "a"


class LyingStatus(Double):
    """Its status command tells every service as stopped."""

    def status(self, service: str) -> Outcome:
        ended = super().status(service)
        assert isinstance(ended, Ok)
        told = [evolve(entry, word="stopped", status=self.contract.spelled("stopped")) for entry in ended.listed or ()]
        return evolve(ended, listed=tuple(told))


def test_the_status_commands_own_answer_is_held_against_what_is_expected() -> None:
    found = violation(begun(LyingStatus, *UP), StatusOf("a"))
    assert found.objections[0].invariant == "status"


# -- settling ---------------------------------------------------------------------------------------------------------


class LateList(Double):
    """For a second after an operation its list tells what was before."""

    until = -1.0
    before: list[tuple[str, str, int]]

    def start(self, service: str) -> Outcome:
        self.before = self.manager.list()
        ended = super().start(service)
        self.until = self.manager.clock.now() + 1.0
        return ended

    def list(self) -> Outcome:
        if self.manager.clock.now() < self.until:
            return self._call("list", None, lambda: self.before)
        return super().list()


def test_a_system_that_settles_in_time_passes_and_how_long_it_took_is_told() -> None:
    lab = begun(LateList, *UP, settling=2.0)
    assert last(lab).verdict is Verdict.PASS
    assert 1.0 <= last(lab).settled <= 2.0
    judgement = last(lab).judgement
    assert judgement is not None
    assert judgement.looks > 1


def test_a_system_that_is_right_at_once_does_not_settle() -> None:
    lab = begun(Double, *UP, settling=2.0)
    assert last(lab).settled == 0.0
    judgement = last(lab).judgement
    assert judgement is not None
    assert judgement.looks == 1


@pytest.mark.parametrize("settling", [0.0, 0.5])
def test_one_that_does_not_settle_in_time_is_objected_to(settling: float) -> None:
    lab = begun(LateList, Create("a"), settling=settling)
    found = violation(lab, Start("a"))
    assert [objection.invariant for objection in found.objections] == ["status"]
    judgement = last(lab).judgement
    assert judgement is not None
    assert judgement.looks > 1 if settling else judgement.looks == 1


def test_what_never_settles_is_objected_to_when_the_time_is_over() -> None:
    lab = begun(ForgetfulStop, *UP, settling=2.0)
    began = lab.bench.clock.now()
    violation(lab, Stop("a"))
    assert 2.0 <= lab.bench.clock.now() - began < 4.0


def test_what_a_known_bug_does_is_not_waited_for() -> None:
    lab = begun(ForgetfulStop, *UP, settling=2.0)
    found = violation(lab, Stop("a"))
    assert found.record.fingerprint is not None
    lab.session.known.add(found.record.fingerprint)
    lab.session.known.companions += found.record.beside
    lab.session.begin("test", lab.session.names, Naming.PLAIN)
    for operation in UP:
        lab.session.step(Step(operation))
    began = lab.bench.clock.now()
    lab.session.step(Step(Stop("a")))
    assert last(lab).verdict is Verdict.KNOWN
    assert lab.bench.clock.now() - began < 2.0


@pytest.mark.parametrize("settling", [0.0, 2.0])
def test_a_container_that_moved_while_nothing_was_asked_is_no_matter_of_settling(settling: float) -> None:
    """It was ended and started again behind everyone's back; that it looks well a moment later excuses nothing."""
    lab = begun(Double, *UP, settling=settling)
    (row,) = lab.bench.engine.list()
    lab.bench.engine.stop(row.id)
    lab.bench.engine.start(row.id)
    assert violation(lab, Wait(Length.LONG)).objections[0].invariant == "quiet"


# -- unknown outcomes -------------------------------------------------------------------------------------------------


class UnknownStart(Double):
    """Of its first start nobody learns how it ended: it may have done nothing, half of it, or all."""

    how_far = "all"

    def start(self, service: str) -> Outcome:
        self.started += 1
        if self.started > 1:
            return super().start(service)
        began = self.manager.clock.now()
        record = self.manager.known(service)
        if self.how_far == "half":
            self.manager.engine.create(self.manager.spec(record))
        elif self.how_far == "all":
            self.manager.start(service)
        now = self.manager.clock.now()
        return Unknown(began, now, reason="the connection broke", until=now)


class HalfStart(UnknownStart):
    how_far = "half"


class NoStart(UnknownStart):
    how_far = "nothing"


UNKNOWNS = [UnknownStart, HalfStart, NoStart]


@pytest.mark.parametrize("make", UNKNOWNS)
def test_a_stop_after_a_start_of_unknown_outcome_passes_and_restores_certainty(make: type[Double]) -> None:
    lab = begun(make, *UP)
    assert lab.session.state.services["a"].unsettled is not None
    assert last(lab).verdict is Verdict.UNKNOWN
    did(lab, Stop("a"))
    service = lab.session.state.services["a"]
    assert (service.unsettled, service.server) == (None, Server.NONE)
    assert last(lab).verdict is Verdict.PASS
    did(lab, Start("a"), Stop("a"))
    assert last(lab).verdict is Verdict.PASS


@pytest.mark.parametrize("make", UNKNOWNS)
@pytest.mark.parametrize("between", [List(), StatusOf("a"), Wait(Length.LONG), Create("a"), Start("b")], ids=str)
def test_nothing_is_objected_to_in_between(make: type[Double], between: Operation) -> None:
    lab = begun(make, Create("b"), *UP)
    did(lab, between, Stop("a"), List())
    assert lab.session.state.services["a"].unsettled is None


@pytest.mark.parametrize("make", [HalfStart, NoStart])
def test_a_start_after_one_of_unknown_outcome_that_did_not_get_through_restores_certainty(make: type[Double]) -> None:
    lab = begun(make, *UP)
    did(lab, Start("a"))
    service = lab.session.state.services["a"]
    assert (service.unsettled, service.server) == (None, Server.SOUND)


def test_when_certainty_is_restored_everything_is_demanded_again() -> None:
    class UnknownThenForgetful(UnknownStart, ForgetfulStop):
        pass

    lab = begun(UnknownThenForgetful, *UP)
    assert violation(lab, Stop("a")).objections[0].invariant == "no-orphans"


class LateStop(Double):
    """Its first stop is cut off when SIGTERM is sent; the server takes three seconds to end."""

    def stop(self, service: str) -> Outcome:
        self.stopped += 1
        if self.stopped > 1:
            return super().stop(service)
        now = self.manager.clock.now()
        for found in self.manager.own(self.manager.known(service)):
            self.manager.engine.kill(found.id, "TERM")
        return Unknown(now, now, reason="the connection broke", until=now + 60.0)


@pytest.mark.parametrize("meanwhile", [Wait(Length.SHORT), Wait(Length.LONG), Start("b")], ids=str)
def test_effects_of_an_unknown_outcome_may_come_while_other_things_are_done(meanwhile: Operation) -> None:
    lab = begun(LateStop, Create("b"), *UP)
    lab.bench.core.timing.terminate = 3.0
    did(lab, Stop("a"), meanwhile, List())
    assert lab.bench.of("service-a") == ["exited"]


def test_before_their_time_is_over_a_stop_does_not_restore_certainty() -> None:
    lab = begun(LateStop, *UP, waits=Waits(short=5.0, long=120.0))
    did(lab, Stop("a"), Stop("a"))
    assert lab.session.state.services["a"].unsettled is not None
    did(lab, Wait(Length.LONG), Stop("a"))
    assert lab.session.state.services["a"].unsettled is None


# -- the environment --------------------------------------------------------------------------------------------------

ANY: list[Operation] = [
    Create("b"), Start("a"), Stop("a"), StatusOf("a"), List(), Wait(Length.SHORT), SetBehaviour("a", Behaviour.HANG),
]  # fmt: skip


@pytest.mark.parametrize("operation", ANY, ids=str)
@pytest.mark.parametrize("pace", Pace)
def test_an_engine_that_is_down_is_a_fault_of_the_environment(operation: Operation, pace: Pace) -> None:
    lab = begun(Double, *UP)
    lab.bench.core.down = True
    with pytest.raises(EnvironmentFault) as caught:
        ended(lab, operation, pace=pace)
    assert "engine" in str(caught.value)
    assert last(lab).verdict is Verdict.UNKNOWN
    assert last(lab).reason == str(caught.value)
    assert not last(lab).objections


def test_an_engine_that_is_down_from_the_beginning_is_one() -> None:
    lab = laboratory()
    lab.bench.core.down = True
    with pytest.raises(EnvironmentFault):
        lab.session.begin("test", "a")


def test_an_engine_that_goes_down_after_the_reset_is_one() -> None:
    lab = laboratory()
    lab.session.resets._reset = lambda: setattr(lab.bench.core, "down", True)
    with pytest.raises(EnvironmentFault):
        lab.session.begin("test", "a")


def test_after_a_fault_of_the_environment_a_new_sequence_may_begin() -> None:
    lab = begun(Double, *UP)
    lab.bench.core.down = True
    with pytest.raises(EnvironmentFault):
        did(lab, Stop("a"))
    lab.bench.core.down = False
    lab.session.begin("test", "a")
    did(lab, *UP)
    assert last(lab).verdict is Verdict.PASS


def test_what_looks_wrong_on_another_engine_than_before_is_a_fault_of_the_environment() -> None:
    lab = begun(ForgetfulStop, *UP)
    lab.bench.core.identities.seed = 7
    with pytest.raises(EnvironmentFault, match="emulated-0, and is now emulated-7"):
        did(lab, Stop("a"))
    assert last(lab).verdict is Verdict.UNKNOWN


def test_an_unknown_outcome_on_another_engine_than_before_is_one_too() -> None:
    lab = begun(NoStart, Create("a"))
    lab.bench.core.identities.seed = 7
    with pytest.raises(EnvironmentFault):
        did(lab, Start("a"))


class Starved(Double):
    """What it stands on may go."""

    gone = False

    def list(self) -> Outcome:
        if self.gone:
            raise EnvironmentFault("expected a database, found none")
        return super().list()


@pytest.mark.parametrize("operation", [Stop("a"), List(), Create("b")], ids=str)
def test_what_a_manager_has_to_do_without_is_one(operation: Operation) -> None:
    lab = begun(Starved, *UP)
    double = lab.system.manager
    assert isinstance(double, Starved)
    double.gone = True
    with pytest.raises(EnvironmentFault) as caught:
        did(lab, operation)
    assert str(caught.value) == "the environment failed: expected a database, found none"
    assert last(lab).reason == str(caught.value)
    assert last(lab).verdict is Verdict.UNKNOWN
    assert last(lab).ended


def test_a_fault_that_a_look_finds_is_noted_once() -> None:
    lab = begun(ForgetfulStop, *UP)
    lab.bench.core.identities.seed = 7
    lab.trace.sink = io.StringIO()
    with pytest.raises(EnvironmentFault, match="is now emulated-7"):
        did(lab, Stop("a"))
    assert [json.loads(line)["line"] for line in lab.trace.sink.getvalue().splitlines()] == ["begin", "end"]


def test_an_engine_that_fails_while_it_is_looked_at_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = begun(Double, *UP)

    def broken(*_: object) -> None:
        raise EngineUnreachable("connection reset")

    monkeypatch.setattr(lab.bench.engine, "events", broken)
    with pytest.raises(EnvironmentFault, match="connection reset"):
        did(lab, List())


# -- budget and reset -------------------------------------------------------------------------------------------------


def test_operations_and_resets_are_counted_and_looks_apart() -> None:
    lab = begun(Double, *UP, List())
    assert lab.budget.spent == 4
    assert lab.budget.looks == 3


def test_when_the_operations_are_spent_the_system_is_not_touched() -> None:
    lab = begun(Double, *UP, operations=3)
    for pace in Pace:
        with pytest.raises(BudgetSpent):
            did(lab, Stop("a"), pace=pace)
    with pytest.raises(BudgetSpent):
        lab.session.begin("test", "a")
    assert Stop("a") not in lab.applied
    assert len(lab.resets) == 1
    assert len(lab.session.current.records) == 2


def test_a_container_that_cannot_be_removed_fails_the_reset() -> None:
    lab = begun(Double, *UP)
    lab.bench.core.remover.unremovable.update(lab.bench.core.containers)
    with pytest.raises(ResetFailed):
        lab.session.begin("test", "a")


def test_a_container_that_is_still_there_after_its_removal_fails_the_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = begun(Double, *UP)
    monkeypatch.setattr(lab.bench.engine, "remove", lambda *_, **__: None)
    with pytest.raises(ResetFailed, match="test-service-a"):
        lab.session.begin("test", "a")


class ListsNothingAnyMore(Double):
    """Its list ends otherwise when it has been reset twice."""

    resets = 0
    ends: Outcome = Unknown(reason="it was cut off after 40 s")

    def reset(self) -> None:
        super().reset()
        self.resets += 1

    def list(self) -> Outcome:
        if self.resets < 2:
            return super().list()
        return self.ends


def test_a_manager_whose_list_is_cut_off_after_it_fails_the_reset() -> None:
    lab = begun(ListsNothingAnyMore, Create("a"))
    with pytest.raises(ResetFailed, match="it was cut off after 40 s"):
        lab.session.begin("test", "a")


@pytest.mark.parametrize(
    ("ends", "invariant"),
    [
        (Rejected(reason="no such table"), "accepted"),
        (Unknown(reason="unreadable", garbled=Garbled("JSON", "nothing")), "readable"),
    ],
)
def test_a_list_that_fails_of_an_empty_store_is_a_bug_of_the_manager(ends: Outcome, invariant: str) -> None:
    lab = begun(type("Fails", (ListsNothingAnyMore,), {"ends": ends}), Create("a"))
    lab.session.begin("test", "a")
    with pytest.raises(Violation) as caught:
        lab.session.step(Step(List()))
    assert [found.invariant for found in caught.value.objections] == [invariant]


class Unforgetting(Double):
    """Its reset does nothing."""

    def reset(self) -> None:
        pass


def test_a_manager_that_still_lists_services_after_it_fails_the_reset() -> None:
    lab = begun(Unforgetting, Create("a"))
    with pytest.raises(ResetFailed, match="service-a"):
        lab.session.begin("test", "a")


def test_a_reset_that_failed_is_a_fault_of_the_environment() -> None:
    assert issubclass(ResetFailed, EnvironmentFault)


def test_a_reset_removes_what_the_run_has_made_in_whatever_state_and_nothing_else() -> None:
    lab = begun(Double, *UP)
    labels = dict(SETTINGS.labels)
    lab.bench.create("ours-created", labels=labels)
    lab.bench.core.pause(lab.bench.run("ours-paused", labels=labels))
    lab.bench.engine.stop(lab.bench.run("ours-exited", labels=labels))
    lab.bench.run("another-runs", labels={**labels, "churn.owner": "another"})
    lab.bench.run("nobodys")
    lab.session.begin("test", "a")
    assert [row.name for row in lab.bench.engine.list()] == ["another-runs", "nobodys"]


def test_a_reset_removes_networks_and_volumes_of_the_run_ends_its_processes_and_leaves_others() -> None:
    lab = begun(Double, *UP)
    engine = lab.bench.engine
    engine.create_volume("ours", SETTINGS.labels)
    engine.create_network("ours", SETTINGS.labels)
    engine.create_volume("nobodys", {})
    lab.bench.host.spawn("left-over")
    lab.session.begin("test", "a")
    left = {resource for resource in engine.resources() if resource.kind is not ResourceKind.IMAGE}
    assert left == {Resource(ResourceKind.VOLUME, "nobodys")}
    assert lab.bench.host.processes("") == ()


def test_a_port_of_its_services_that_is_still_held_fails_the_reset() -> None:
    lab = begun(Double, *UP)
    port = lab.session.state.services["a"].port
    assert port is not None
    did(lab, Stop("a"))
    lab.bench.core.neighbours.strangers[port] = "pid 7 (nginx)"
    with pytest.raises(ResetFailed, match="nginx"):
        lab.session.begin("test", "a")


# -- preflight --------------------------------------------------------------------------------------------------------


def manager_of(docker: Bench) -> Embedded:
    return Embedded(docker.manager())


def test_preflight_lists_what_is_there_and_the_commands_that_clear_it_and_touches_nothing() -> None:
    docker = bench()
    manager = manager_of(docker)
    labels = dict(manager.contract.labels)
    docker.run("old-one", labels=labels)
    docker.create("old-two", labels=labels)
    docker.run("stranger")
    before, events = docker.engine.list(), docker.engine.mark()
    with pytest.raises(NotClean) as caught:
        preflight(manager, docker.engine)
    told = str(caught.value)
    assert f"container old-one ({STAND_IN}) is running" in told
    assert f"container old-two ({STAND_IN}) is created" in told
    assert "docker rm -f old-one" in told
    assert "docker rm -f old-two" in told
    assert "stranger" not in told
    assert len(caught.value.findings) == 2
    assert docker.engine.list() == before
    assert docker.engine.mark() == events


def test_preflight_lists_services_in_the_managers_store() -> None:
    docker = bench()
    manager = manager_of(docker)
    manager.create("left-over", "")
    with pytest.raises(NotClean, match="service left-over is in the manager's store, as created"):
        preflight(manager, docker.engine)
    assert [name for name, _, _ in manager.manager.list()] == ["left-over"]


def test_preflight_is_content_with_a_clean_start_state() -> None:
    docker = bench()
    docker.engine.create(Spec(image=STAND_IN, name="stranger", labels={"app": "shop"}))
    preflight(manager_of(docker), docker.engine)
    assert docker.states() == ["created"]


# -- the trace --------------------------------------------------------------------------------------------------------


class Reading(Double):
    """Reads the trace's file while it starts a service."""

    path = Path()
    read: list[str]

    def start(self, service: str) -> Outcome:
        self.read = self.path.read_text(encoding="utf-8").splitlines()
        return super().start(service)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "report" / "trace.jsonl"


@pytest.fixture
def trace(file: Path) -> Iterator[Trace]:
    with written(file, {"seed": 3}) as opened:
        yield opened


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("pace", Pace)
def test_a_step_is_on_disk_before_it_is_applied(file: Path, trace: Trace, pace: Pace) -> None:
    lab = begun(Reading, Create("a"), trace=trace)
    manager = lab.system.manager
    assert isinstance(manager, Reading)
    manager.path = file
    did(lab, Start("a"), pace=pace)
    newest = json.loads(manager.read[-1])
    assert (newest["line"], newest["n"], newest["do"], newest["pace"]) == ("begin", 2, "start a", pace.value)


def test_the_trace_is_a_head_then_a_line_for_each_sequence_and_two_for_each_step(file: Path, trace: Trace) -> None:
    lab = begun(Double, *UP, trace=trace)
    did(lab, Stop("a"), pace=Pace.HURRIED)
    did(lab, List())
    head, *rest = lines(file)
    assert (head["line"], head["churn"], head["format"], head["seed"]) == ("head", "trace", 3, 3)
    assert rest[0] == {"line": "sequence", "n": 1, "part": "test", "naming": "plain", "services": ["a", "b"]}
    assert [(line["line"], line["n"]) for line in rest[1:]] == [
        ("begin", 1), ("end", 1), ("begin", 2), ("end", 2), ("begin", 3), ("end", 3), ("begin", 4), ("end", 4),
    ]  # fmt: skip
    assert [line["do"] for line in rest if line["line"] == "begin"] == ["create a", "start a", "stop a", "list"]
    assert [line["verdict"] for line in rest if line["line"] == "end"] == ["pass", "pass", "unseen", "pass"]
    times = [line["t"] for line in rest[1:]]
    assert times == sorted(times)


def test_a_violation_is_in_the_trace_with_its_evidence(file: Path, trace: Trace) -> None:
    found = violation(begun(ForgetfulStop, *UP, trace=trace), Stop("a"))
    end = lines(file)[-1]
    assert (end["line"], end["verdict"], end["outcome"]) == ("end", "fail", "ok")
    assert [objection["invariant"] for objection in end["objections"]] == [o.invariant for o in found.objections]
    assert end["objections"][0]["seen"] == found.objections[0].seen
    assert "stop service-a" in end["command"]


def test_a_violation_that_only_the_end_finds_is_in_the_trace_too(file: Path, trace: Trace) -> None:
    lab = begun(ForgetfulStop, *UP, trace=trace)
    did(lab, Stop("a"), pace=Pace.HURRIED)
    with pytest.raises(Violation):
        lab.session.finish()
    *_, end, look = lines(file)
    assert (end["line"], end["verdict"]) == ("end", "unseen")
    assert (look["line"], look["n"], look["verdict"]) == ("look", end["n"], "fail")
    assert look["objections"]


def test_a_fault_of_the_environment_is_in_the_trace_with_its_reason(file: Path, trace: Trace) -> None:
    lab = begun(Double, *UP, trace=trace)
    lab.bench.core.down = True
    with pytest.raises(EnvironmentFault):
        did(lab, Stop("a"))
    end = lines(file)[-1]
    assert end["verdict"] == "unknown"
    assert "engine" in end["why"]
    assert "objections" not in end


def test_a_run_that_is_killed_leaves_a_beginning_without_an_end(file: Path, trace: Trace) -> None:
    class Killed(Double):
        def start(self, service: str) -> Outcome:
            raise KeyboardInterrupt(service)

    lab = begun(Killed, Create("a"), trace=trace)
    with pytest.raises(KeyboardInterrupt):
        did(lab, Start("a"))
    newest = lines(file)[-1]
    assert (newest["line"], newest["do"]) == ("begin", "start a")


def test_a_trace_without_a_file_is_kept_in_memory() -> None:
    lab = begun(Double, *UP)
    assert [(record.number, str(record.step)) for _, record in lab.trace.records()] == [(1, "create a"), (2, "start a")]
    assert [record.before for _, record in lab.trace.records()] == [
        conditions("absent", "absent"),
        conditions("created", "absent"),
    ]


def test_who_watches_is_told_of_each_step_when_it_begins() -> None:
    seen: list[tuple[str, Outcome | None]] = []
    begun(Double, *UP, trace=Trace(watch=lambda record: seen.append((str(record.step), record.outcome))))
    assert seen == [("create a", None), ("start a", None)]
