"""Changing a setting of a service: what the model lets follow, what is objected to, and what the reference manager does."""

import pytest
from attrs import evolve
from builders import (
    Double,
    case,
    container,
    dead,
    findings,
    holding,
    idle,
    is_quiet,
    laboratory,
    picture,
    running,
    state,
    unsettled,
)

from churn.lifecycle.condition import Behaviour, Server
from churn.lifecycle.contract import Contract, Ports, Remains, Renewal
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Observation, Status
from churn.lifecycle.operations import (
    Create,
    HoldPort,
    Operation,
    Pace,
    Remove,
    Restart,
    SetBehaviour,
    Start,
    Step,
    Stop,
    Update,
)
from churn.lifecycle.outcome import Ok, Outcome, Unknown
from churn.lifecycle.state import Fresh, Service, State
from churn.lifecycle.transitions import Must, follow
from churn.system.managers.defects import DEFECTS
from churn.system.managers.reference.contract import UPDATES

IMAGE, PORT = Update("a", Setting.IMAGE), Update("a", Setting.PORT)
MOVED = Ok(began=1.0, ended=2.0, mark=7, port=30001)
CHANGED = frozenset({Setting.IMAGE})
NOTED, RENEWED = running(asked=CHANGED), running(container=Fresh(MOVED.mark), asked=CHANGED, made=CHANGED)


def after(
    service: Service | None, operation: Operation, outcome: Outcome = MOVED, **contract: object
) -> list[tuple[Must, Service | None]]:
    """What may become of service a."""
    before = state(**({} if service is None else {"a": service}))
    branches = follow(before, operation, outcome, Contract(**contract))  # type: ignore[arg-type]  # fields as given
    return [(branch.must, branch.state.services.get("a")) for branch in branches]


# -- the rule ---------------------------------------------------------------------------------------------------------


def test_of_a_service_that_is_not_there_it_is_refused() -> None:
    assert after(None, IMAGE) == [(Must.REJECTED, None)]


@pytest.mark.parametrize("renewal", Renewal)
@pytest.mark.parametrize("status", [Status.CREATED, Status.STOPPED, Status.FAILED])
def test_what_does_not_run_has_it_from_its_next_start_on(renewal: Renewal, status: Status) -> None:
    ((must, found),) = after(idle(status), IMAGE, running_update=renewal)
    assert (must, found) == (Must.OK, idle(status, asked=CHANGED))
    assert found is not None
    ((_, started),) = after(found, Start("a"))
    assert started is not None
    assert (started.made, started.pending) == (CHANGED, False)


@pytest.mark.parametrize(
    ("renewal", "expected"),
    [
        (Renewal.NEXT_START, [(Must.OK, NOTED)]),
        (Renewal.AT_ONCE, [(Must.OK, RENEWED)]),
        (Renewal.REFUSED, [(Must.REJECTED, running())]),
        (Renewal.ANY, [(Must.OK, NOTED), (Must.OK, RENEWED), (Must.REJECTED, running())]),
    ],
)
def test_what_runs_has_it_when_the_contract_says(renewal: Renewal, expected: object) -> None:
    assert after(running(), IMAGE, running_update=renewal) == expected


@pytest.mark.parametrize("renewal", Renewal)
def test_a_dead_one_may_be_known_not_to_run(renewal: Renewal) -> None:
    assert (Must.OK, dead(asked=CHANGED)) in after(dead(), IMAGE, running_update=renewal)


def test_a_new_port_comes_with_the_next_start_and_is_no_strangers() -> None:
    ((_, noted),) = after(idle(held=True), PORT)
    assert noted == idle(next_port=30001)
    assert noted is not None
    ((_, started),) = after(noted, Start("a"))
    assert started is not None
    assert (started.port, started.next_port) == (30001, None)


def test_where_a_start_fails_either_port_may_be_its_own() -> None:
    ((must, failed),) = after(idle(next_port=30001, behaviour=Behaviour.CRASH), Start("a"))
    assert must is Must.REJECTED
    assert failed is not None
    assert (failed.port, failed.next_port) == (None, 30001)


def test_a_container_that_is_used_again_is_replaced_for_an_update() -> None:
    stopped = idle(again="a1", leftover=True)
    ((_, same),) = after(stopped, Start("a"), stopped_container=Remains.REUSED)
    ((_, other),) = after(evolve(stopped, asked=CHANGED), Start("a"), stopped_container=Remains.REUSED)
    assert same is not None
    assert other is not None
    assert (same.container, other.container) == ("a1", Fresh(MOVED.mark))


def test_a_restart_that_keeps_the_container_leaves_the_update_for_a_start() -> None:
    ((_, found),) = after(NOTED, Restart("a"), restarted_container=Remains.REUSED)
    assert found is not None
    assert (found.container, found.made, found.pending) == ("a1", frozenset(), True)


def test_after_one_of_unknown_outcome_the_setting_may_be_changed_or_not() -> None:
    unknown = Unknown(began=1.0, ended=2.0, reason="cut off", until=30.0, port=30001)
    assert [found and found.asked for _, found in after(idle(), IMAGE, unknown)] == [CHANGED, frozenset()]
    ((_, either),) = after(idle(), PORT, unknown)
    assert either is not None
    assert (either.port, either.next_port) == (None, 0), "its port is the old one or the new one"


def test_a_start_that_ends_after_an_unknown_one_may_have_found_a_container_from_before_the_update() -> None:
    late = Ok(began=31.0, ended=32.0, mark=7)
    ups = [found for must, found in after(unsettled(idle(asked=CHANGED)), Start("a"), late) if must is Must.OK]
    assert [(up.made, up.server) for up in ups if up] == [(CHANGED, Server.SOUND), (frozenset(), Server.SOUND)]


def test_only_what_the_manager_can_change_is_possible() -> None:
    own = Contract(offers=Contract().offers, updates=UPDATES)
    assert {one for one in own.possible if one.startswith("update ")} == {f"update {one.value}" for one in Setting}
    assert "update port" not in evolve(own, ports=Ports.ANEW).possible
    assert "update image" not in Contract().possible
    assert "update image" not in evolve(own, offers=frozenset({"start", "stop"})).possible


# -- what is objected to ----------------------------------------------------------------------------------------------

RUNS = state(a=running())
OFFERED = Contract(updates={Setting.IMAGE: "other"})


def started(image: str, made: frozenset[Setting], *, strict: bool = True) -> tuple[State, Observation]:
    before = State({"a": running(container=Fresh(1, strict=strict), asked=made, made=made)})
    return before, picture(RUNS, containers=holding(container(settings={Setting.IMAGE: image})))


@pytest.mark.parametrize(
    ("image", "made", "seen"),
    [
        ("one", CHANGED, "'one', and it was updated to 'other'"),
        ("other", frozenset(), "'other', and it was not updated"),
    ],
)
def test_a_start_that_has_another_setting_than_was_asked_for_is_objected_to(
    image: str, made: frozenset[Setting], seen: str
) -> None:
    before, look = started(image, made)
    (objection,), _ = findings("same-as-fresh", case(RUNS, look, before=before, contract=OFFERED))
    assert (objection.expected, objection.seen) == ("image of a#1 is as its updates say", seen)


@pytest.mark.parametrize(
    ("image", "made", "strict"),
    [("other", CHANGED, True), ("one", frozenset(), True), ("one", CHANGED, False), ("other", frozenset(), False)],
)
def test_what_is_as_it_was_asked_for_is_fine_and_what_an_unknown_operation_made_too(
    image: str, made: frozenset[Setting], strict: bool
) -> None:
    before, look = started(image, made, strict=strict)
    assert is_quiet("same-as-fresh", case(RUNS, look, before=before, contract=OFFERED))


def test_until_the_next_start_the_list_may_tell_either_port() -> None:
    expected = state(a=idle(next_port=30001))
    for port, fine in ((20001, True), (30001, True), (30002, False)):
        entry = evolve(picture(expected).listed[0], port=port)  # type: ignore[index]  # it lists
        assert is_quiet("stable-port", case(expected, picture(expected, listed=(entry,)))) is fine


# -- done -------------------------------------------------------------------------------------------------------------

LIFE = (
    Create("a"), *(Update("a", one) for one in Setting), Start("a"), Stop("a"), PORT, HoldPort("a"), Start("a"), PORT,
    Restart("a"), IMAGE, SetBehaviour("a", Behaviour.CRASH), PORT, Start("a"), PORT, SetBehaviour("a", Behaviour.HEALTHY),
    Start("a"), Remove("a"), IMAGE, Create("a"), Start("a"), Create("b"), Start("b"),
)  # fmt: skip


def test_the_reference_has_each_setting_from_the_next_start_on_and_only_then() -> None:
    lab = laboratory()
    lab.session.begin("test", "ab")
    for operation in LIFE:
        lab.session.step(Step(operation))
    lab.session.finish()
    assert {row.image for row in lab.bench.engine.list()} == {"churn/stand-in:1"}, "created anew, with nothing changed"


def test_what_an_update_asked_for_is_what_the_container_is_made_with() -> None:
    lab = laboratory()
    lab.session.begin("test", "a")
    for operation in LIFE[:5]:
        lab.session.step(Step(operation))
    (row,) = lab.bench.engine.list()
    form = lab.bench.engine.inspect(row.id).form
    assert (form["image"], form["env CHURN_UPDATED"]) == (UPDATES[Setting.IMAGE], "yes")
    assert row.ports == (lab.session.state.services["a"].port,)
    assert row.ports != (20000,)


def test_where_it_is_promised_at_once_a_manager_that_does_so_is_not_accused() -> None:
    lab = laboratory(
        lambda manager, **choices: Double(DEFECTS["update-at-once"].manager(
            manager.store, manager.engine, manager.host, manager.clock, manager.settings
        ), **choices),
        running_update=Renewal.AT_ONCE,
    )  # fmt: skip
    lab.session.begin("test", "a")
    for operation in (Create("a"), Start("a"), *(Update("a", one) for one in Setting), IMAGE, Stop("a"), Start("a")):
        lab.session.step(Step(operation))
    assert lab.session.state.services["a"].made == {Setting.IMAGE, Setting.ENVIRONMENT}


def test_another_services_port_is_refused() -> None:
    lab = laboratory()
    lab.session.begin("test", "ab")
    for operation in (Create("a"), Create("b")):
        lab.session.step(Step(operation))
    outcome = lab.system.manager.update("service-a", Setting.PORT, str(lab.session.state.services["b"].port))
    assert not isinstance(outcome, Ok)


def test_a_port_that_came_with_a_hurried_start_is_the_one_that_is_held() -> None:
    lab = laboratory()
    lab.session.begin("test", "a")
    lab.session.step(Step(Create("a")))
    lab.session.step(Step(HoldPort("a")))
    for operation in (PORT, Start("a"), Stop("a"), HoldPort("a"), Start("a")):
        lab.session.step(Step(operation, Pace.HURRIED))
    lab.session.finish()
    assert lab.session.state.services["a"].status is Status.FAILED
