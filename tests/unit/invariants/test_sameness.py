"""After any history a service runs as it did at first: how forms are compared, and what is objected to."""

import pytest
from builders import bench, case, container, findings, holding, is_quiet, objected, picture, running, state

from churn.lifecycle.form import Difference, differences, without_ports
from churn.lifecycle.observation import Observation
from churn.lifecycle.operations import Create, Kill, Operation, Restart, Start, Stop
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import CLEAN, Fresh, State
from churn.session.system import System
from churn.system.forms import form_of
from churn.system.managers.defects import DEFECTS
from churn.system.managers.reference import Embedded

FIRST = {"image": "one", "env A": "1", "label of": "x"}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (FIRST, []),
        ({**FIRST, "image": "two"}, [Difference("image", "one", "two")]),
        ({"image": "one", "label of": "x"}, [Difference("env A", "1", None)]),
        ({**FIRST, "mount /data": "volume v"}, [Difference("mount /data", None, "volume v")]),
        ({"env A": "1"}, [Difference("image", "one", None), Difference("label of", "x", None)]),
    ],
)  # fmt: skip
def test_forms_differ_part_by_part(now: dict[str, str], expected: list[Difference]) -> None:
    assert list(differences(FIRST, now)) == expected


def test_what_may_vary_is_left_out_by_its_whole_name() -> None:
    assert list(differences(FIRST, {"image": "two"}, ("env .*", "label of"))) == [Difference("image", "one", "two")]
    assert len(list(differences(FIRST, {"image": "two"}, ("env",)))) == 3


def test_a_port_is_left_out_wherever_it_stands_by_itself() -> None:
    form = {"command": "serve --port 2000", "env URL": "http://x:2000/", "env N": "12000"}
    assert without_ports(form, (2000,)) == {
        "command": "serve --port PORT",
        "env URL": "http://x:PORT/",
        "env N": "12000",
    }
    assert without_ports(form, ()) == form


def test_a_form_has_each_part_by_its_name_and_a_volume_without_a_name_is_like_any_other() -> None:
    mounts = [
        {"Type": "bind", "Source": "/srv", "Destination": "/model", "RW": False},
        {"Type": "volume", "Name": "kept", "Source": "…", "Destination": "/data", "RW": True},
        {"Type": "volume", "Name": "0" * 64, "Source": "…", "Destination": "/cache", "RW": True},
    ]
    host = {"Memory": 5, "CpuShares": 0, "DeviceRequests": [{"Count": -1}], "RestartPolicy": {"Name": "no"}}
    assert form_of("i:1", ["serve", "a b"], ["A=1=2", "B="], {"of": "x"}, mounts, host) == {
        "image": "i:1",
        "command": "serve 'a b'",
        "env A": "1=2",
        "env B": "",
        "label of": "x",
        "mount /model": "bind /srv, read-only",
        "mount /data": "volume kept",
        "mount /cache": "a volume of its own",
        "limit Memory": "5",
        "limit DeviceRequests": '[{"Count": -1}]',
    }


# -- the invariant ----------------------------------------------------------------------------------------------------

BEFORE, AFTER = State({"a": running(container=Fresh(1))}), state(a=running())
LOST = Difference("env A", "1", None)


def started(*told: Difference) -> Observation:
    return picture(AFTER, containers=holding(container(differences=told)))


def test_each_difference_after_a_start_is_objected_to() -> None:
    seen = case(AFTER, started(LOST, Difference("image", "one", "two")), before=BEFORE)
    assert objected("same-as-fresh", seen) == ["a", "a"]


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (LOST, "it is missing, and was '1'"),
        (Difference("env A", None, "2"), "it is new: '2'"),
        (Difference("env A", "1", "2"), "it was '1', and is '2'"),
    ],
)
def test_it_says_what_was_and_what_is(difference: Difference, said: str) -> None:
    (objection,), _ = findings("same-as-fresh", case(AFTER, started(difference), before=BEFORE))
    assert (objection.expected, objection.seen) == ("env A of a#1 is as at the first start", said)


def test_it_is_told_at_the_start_and_not_at_every_look_after_it() -> None:
    assert is_quiet("same-as-fresh", case(AFTER, started(LOST)))


# -- what is seen on an engine ----------------------------------------------------------------------------------------


def begun(defect: str) -> System:
    docker = bench()
    manager = docker.manager()
    if defect:
        manager.__class__ = DEFECTS[defect].manager
    system = System(Embedded(manager), docker.engine, docker.host, docker.clock)
    system.begin(("a",), Naming.PLAIN)
    return system


def seen(system: System, *operations: Operation, struck: bool = False) -> tuple[str, ...]:
    """The parts that differ in the container that is there at the end; each operation is looked at."""
    for operation in operations:
        outcome = system.apply(operation)
        system.observer.kills.hear(operation, outcome, struck=struck)
        look = system.observer.see(operation, outcome, ask=False, states=[CLEAN])
    (found,) = look.observation.containers.values()
    return tuple(one.part for one in found.differences)


RESTART = (Create("a"), Start("a"), Stop("a"), Start("a"))


AGAIN, RESTARTED, REVIVED = (Stop("a"), Start("a")), (Restart("a"),), (Kill("a"), Start("a"))


@pytest.mark.parametrize("defect", ["", "environment-lost", "stale-mount", "limit-lost", "port-changes"])
@pytest.mark.parametrize("way", [AGAIN, RESTARTED, REVIVED])
def test_each_later_start_is_held_against_the_first(defect: str, way: tuple[Operation, ...]) -> None:
    assert seen(begun(defect), Create("a"), Start("a"), *way) == LOST_BY.get((defect, way), ())


LOST_BY = {
    ("environment-lost", AGAIN): ("env SERVICE_NAME",),
    ("stale-mount", RESTARTED): ("mount /behaviour", "mount /model"),
    ("limit-lost", REVIVED): ("limit Memory",),
}


def test_the_first_container_differs_from_none() -> None:
    assert seen(begun("environment-lost"), *RESTART[:2]) == ()


def test_what_was_made_while_the_engine_failed_the_manager_is_no_measure_and_not_measured() -> None:
    system = begun("environment-lost")
    assert seen(system, *RESTART, struck=True) == ()
    assert seen(system, *RESTART[2:]) == ()


def test_a_service_that_is_made_anew_is_measured_anew() -> None:
    system = begun("environment-lost")
    seen(system, *RESTART[:2])
    assert seen(system, Create("a"), *RESTART[2:]) == ()
