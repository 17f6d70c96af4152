"""Operations are values that say what they do and to whom."""

import pytest

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.operations import (
    KINDS,
    Address,
    Calls,
    Crash,
    Create,
    Disturb,
    Disturbance,
    Ending,
    HoldPort,
    Interrupt,
    InterruptAt,
    Kill,
    Length,
    List,
    Operation,
    Outage,
    Pace,
    ReleasePort,
    Remove,
    RemoveContainer,
    Restart,
    RestartEngine,
    RestartManager,
    SetBehaviour,
    Setting,
    Side,
    Start,
    Status,
    Step,
    Stop,
    Together,
    Turn,
    Update,
    Wait,
    renamed,
)

TABLE: list[tuple[Operation, str, str | None, bool]] = [
    (Create("a"), "create a", "a", True),
    (Start("a"), "start a", "a", True),
    (Stop("b"), "stop b", "b", True),
    (Status("s26"), "status s26", "s26", True),
    (List(), "list", None, True),
    (RestartManager(), "restart-manager", None, False),
    (Wait(Length.SHORT), "wait short", None, False),
    (Wait(Length.LONG), "wait long", None, False),
    (SetBehaviour("a", Behaviour.IGNORE_SIGTERM), "set-behaviour a ignore-sigterm", "a", False),
    (Crash("a"), "crash a", "a", False),
    (Remove("a"), "remove a", "a", True),
    (Restart("a"), "restart a", "a", True),
    (Update("a", Setting.IMAGE), "update a image", "a", True),
    (Update("a", Setting.PORT), "update a port", "a", True),
    (Kill("a"), "kill a", "a", False),
    (RemoveContainer("a"), "remove-container a", "a", False),
    (HoldPort("a"), "hold-port a", "a", False),
    (HoldPort("a", Address.LOOPBACK), "hold-port a 127.0.0.1", "a", False),
    (ReleasePort("a"), "release-port a", "a", False),
    (Disturb(Disturbance.HANG), "disturb hang", None, False),
    (Interrupt(2, Side.AFTER), "interrupt kill after 2", None, False),
    (Interrupt(3, Side.BEFORE, Ending.TERM, Calls.ALL), "interrupt term before 3 of all", None, False),
    (InterruptAt(30), "interrupt-at kill 30%", None, False),
    (InterruptAt(50, Ending.INT), "interrupt-at int 50%", None, False),
    (RestartEngine(Outage.LIVE), "restart-engine live", None, False),
    (Together(((Start("a"),), (List(), Stop("a")))), "together [start a | list, stop a]", "a", True),
    (
        Together(((Start("a"),), (Stop("b"),)), (Turn(0, 3, 1),)),
        "together [start a | stop b; 1 waits before call 4, 2 goes on]",
        None,
        True,
    ),
]


@pytest.mark.parametrize(("operation", "words", "service", "manager"), TABLE, ids=[row[1] for row in TABLE])
def test_what_an_operation_says_of_itself(operation: Operation, words: str, service: str | None, manager: bool) -> None:
    assert str(operation) == words
    assert operation.service == service
    assert operation.manager is manager
    assert words.split()[0] == operation.kind


def test_every_kind_is_in_the_table_of_kinds_by_its_word() -> None:
    assert {type(row[0]) for row in TABLE} == set(KINDS.values())
    assert all(word == kind.kind for word, kind in KINDS.items())


def test_operations_are_values() -> None:
    assert Start("a") == Start("a")
    assert hash(SetBehaviour("a", Behaviour.HANG)) == hash(SetBehaviour("a", Behaviour.HANG))
    assert len({row[0] for row in TABLE}) == len(TABLE)
    assert Start("a") != Start("b")


@pytest.mark.parametrize("operation", [row[0] for row in TABLE], ids=str)
def test_a_renamed_operation_is_the_same_on_another_service(operation: Operation) -> None:
    other = renamed(operation, {"a": "x", "b": "y", "s26": "z"})
    assert type(other) is type(operation)
    assert other.service == {"a": "x", "b": "y", "s26": "z", None: None}[operation.service]
    assert renamed(other, {"x": "a", "y": "b", "z": "s26"}) == operation


def test_a_plain_error_is_milder_than_all_that_an_engine_does_but_a_delay() -> None:
    plain = Disturb(Disturbance.ERROR)
    assert {how: Disturb(how).milder for how in Disturbance if Disturb(how).milder != (plain,)} == {
        Disturbance.ERROR: (),
        Disturbance.LATENCY: (),
    }


def test_an_operation_can_be_pasted() -> None:
    assert repr(Start("a")) == "Start(name='a')"


@pytest.mark.parametrize(
    ("how", "deadly"),
    [
        (Behaviour.HEALTHY, False),
        (Behaviour.SLOW, False),
        (Behaviour.IGNORE_SIGTERM, False),
        (Behaviour.CRASH, True),
        (Behaviour.UNHEALTHY, True),
        (Behaviour.HANG, True),
    ],
)
def test_which_behaviours_a_server_cannot_live_with(how: Behaviour, deadly: bool) -> None:
    assert how.deadly is deadly


@pytest.mark.parametrize(
    ("pace", "words", "hurried"),
    [
        (Pace.CALM, "start a", False),
        (Pace.ENGINE_ONLY, "start a (engine-only)", False),
        (Pace.HURRIED, "start a (hurried)", True),
    ],
)
def test_a_step_says_its_pace_unless_it_is_calm(pace: Pace, words: str, hurried: bool) -> None:
    step = Step(Start("a"), pace)
    assert str(step) == words
    assert step.hurried is hurried


def test_a_step_is_calm_unless_told_otherwise() -> None:
    assert Step(List()) == Step(List(), Pace.CALM)
