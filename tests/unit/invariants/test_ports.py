"""`stable-port` and `port-released`: a service keeps its port, shares it with none, and gives it back."""

import pytest
from attrs import evolve
from builders import (
    case,
    container,
    dead,
    doubted,
    exited,
    findings,
    holding,
    idle,
    ill,
    is_quiet,
    listed,
    objected,
    picture,
    running,
    state,
    unsettled,
)

from churn.lifecycle.contract import Contract, Ports
from churn.lifecycle.observation import Holder, Port, Status
from churn.lifecycle.operations import Status as StatusOf
from churn.lifecycle.state import Service

ANEW = Contract(ports=Ports.ANEW)
OTHER = 31000

# -- stable-port ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", [running(), idle(), ill(), dead()], ids=["running", "stopped", "ill", "dead"])
def test_stable_port_objects_to_another_port_in_the_list(service: Service) -> None:
    expected = state(a=service)
    status = service.status
    assert objected("stable-port", case(expected, picture(expected, listed=(listed("a", status, OTHER),)))) == ["a"]
    assert is_quiet("stable-port", case(expected, picture(expected, listed=(listed("a", status),))))


def test_stable_port_objects_to_another_port_in_the_status_commands_answer() -> None:
    expected = state(a=running())
    seen = picture(expected, told=(listed("a", port=OTHER),))
    assert objected("stable-port", case(expected, seen, operation=StatusOf("a"))) == ["a"]


def test_stable_port_does_not_mind_a_row_without_an_endpoint() -> None:
    expected = state(a=idle())
    silent = evolve(listed("a", Status.STOPPED), port=None)
    assert is_quiet("stable-port", case(expected, picture(expected, listed=(silent,))))


def test_stable_port_leaves_rows_of_unknown_services_to_status() -> None:
    expected = state(a=running())
    rows = (listed("a"), listed("phantom", port=OTHER))
    assert is_quiet("stable-port", case(expected, picture(expected, listed=rows)))


def test_where_ports_are_given_anew_only_a_running_service_must_be_listed_with_its_own() -> None:
    for service, objections in ((running(), ["a"]), (idle(), []), (dead(), [])):
        expected = state(a=service)
        seen = picture(expected, listed=(listed("a", service.status, OTHER),))
        assert objected("stable-port", case(expected, seen, contract=ANEW)) == objections


@pytest.mark.parametrize("ports", [(), (OTHER,), (OTHER, OTHER + 1)], ids=str)
def test_stable_port_objects_to_a_container_that_does_not_publish_the_services_port(ports: tuple[int, ...]) -> None:
    expected = state(a=running())
    seen = picture(expected, containers=holding(container(ports=ports)))
    assert objected("stable-port", case(expected, seen)) == ["a"]


def test_stable_port_does_not_mind_further_ports() -> None:
    expected = state(a=running())
    seen = picture(expected, containers=holding(container(ports=(OTHER, 20001))))
    assert is_quiet("stable-port", case(expected, seen))


def test_stable_port_says_which_ports_were_seen() -> None:
    expected = state(a=running())
    for ports, word in (((OTHER,), str(OTHER)), ((), "none")):
        (objection,), _ = findings(
            "stable-port", case(expected, picture(expected, containers=holding(container(ports=ports))))
        )
        assert objection.seen == word


def test_stable_port_leaves_a_container_that_does_not_run_to_others() -> None:
    """It publishes nothing, and that it does not run is the cause, not the port."""
    expected = state(a=running())
    assert is_quiet("stable-port", case(expected, picture(expected, containers=holding(exited()))))
    assert is_quiet("stable-port", case(expected, picture(expected, containers={})))


@pytest.mark.parametrize("service", [ill(), dead(), unsettled(running())], ids=["ill", "dead", "unsettled"])
def test_stable_port_demands_a_published_port_of_sound_services_alone(service: Service) -> None:
    expected = state(a=service)
    assert is_quiet("stable-port", case(expected, picture(expected, containers=holding(container(ports=())))))


def test_an_unsettled_service_may_be_listed_with_any_port() -> None:
    expected = state(a=unsettled(running()))
    assert is_quiet("stable-port", case(expected, picture(expected, listed=(listed("a", port=OTHER),))))


@pytest.mark.parametrize(
    ("one", "other"), [(idle(), idle()), (running(), idle()), (Service(port=20001), running("b1"))], ids=str
)
def test_stable_port_objects_to_two_services_with_one_port(one: Service, other: Service) -> None:
    expected = state(a=one, b=other)
    assert objected("stable-port", case(expected, picture(expected))) == ["b"]


def test_services_whose_ports_are_not_known_share_none() -> None:
    expected = state(a=Service(), b=Service())
    assert is_quiet("stable-port", case(expected, picture(expected)))


def test_where_ports_are_given_anew_a_running_service_may_have_the_old_port_of_a_stopped_one() -> None:
    """The manager gave it back, and may give it to another: only two that run share it in earnest."""
    expected = state(a=running(), b=idle())
    assert is_quiet("stable-port", case(expected, picture(expected, ports={20001: Port(200)}), contract=ANEW))
    both = state(a=running(), b=running("b1"))
    assert objected("stable-port", case(both, contract=ANEW)) == ["b"]


@pytest.mark.parametrize("service", [running(), idle(), idle(Status.CREATED), ill(), dead()])
def test_stable_port_objects_to_a_port_beyond_the_range(service: Service) -> None:
    port, expected = service.port or 0, state(a=service)
    for first, last in ((port, port), (port - 1, port), (port, port + 1)):
        assert is_quiet("stable-port", case(expected, contract=Contract(port_range=(first, last))))
    for first, last in ((port + 1, port + 2), (port - 2, port - 1)):
        assert objected("stable-port", case(expected, contract=Contract(port_range=(first, last)))) == ["a"]


# -- port-released ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.CREATED, Status.STOPPED, Status.FAILED])
@pytest.mark.parametrize("holder", [Holder.MANAGER, None])
def test_port_released_objects_to_a_port_that_cannot_be_bound(status: Status, holder: Holder | None) -> None:
    expected = state(a=idle(status))
    held = Port(bindable=False, holder=holder, detail="container t-a1")
    (objection,), doubts = findings("port-released", case(expected, picture(expected, ports={20001: held})))
    assert not doubts
    assert objection.service == "a"
    assert "container t-a1" in objection.seen
    assert is_quiet("port-released", case(expected, picture(expected, ports={20001: Port(bindable=True)})))


def test_port_released_cannot_tell_where_a_stranger_holds_the_port() -> None:
    expected = state(a=idle())
    held = Port(bindable=False, holder=Holder.STRANGER, detail="pid 7 (nginx)")
    objections, (doubt,) = findings("port-released", case(expected, picture(expected, ports={20001: held})))
    assert not objections
    assert doubt.service == "a"
    assert "nginx" in doubt.seen


@pytest.mark.parametrize("ports", [{}, {20001: Port()}, {20001: Port(health=0)}], ids=str)
def test_port_released_cannot_tell_where_no_probe_was_possible(ports: dict[int, Port]) -> None:
    expected = state(a=idle())
    assert doubted("port-released", case(expected, picture(expected, ports=ports))) == ["a"]


@pytest.mark.parametrize(
    "service",
    [running(), ill(), dead(), unsettled(idle()), idle(port=None)],
    ids=["running", "ill", "dead", "unsettled", "port not known"],
)
def test_port_released_demands_it_of_services_alone_that_have_no_server(service: Service) -> None:
    expected = state(a=service)
    held = {20001: Port(bindable=False, holder=Holder.MANAGER)}
    assert is_quiet("port-released", case(expected, picture(expected, ports=held)))


def test_port_released_looks_at_each_service_by_itself() -> None:
    expected = state(a=idle(), b=idle(port=20002))
    ports = {20001: Port(bindable=True), 20002: Port(bindable=False, holder=Holder.MANAGER)}
    assert objected("port-released", case(expected, picture(expected, ports=ports))) == ["b"]


@pytest.mark.parametrize("holder", [running(), ill(), unsettled(running())], ids=["running", "ill", "unsettled"])
def test_where_ports_are_given_anew_the_old_port_of_a_stopped_service_may_be_anothers(holder: Service) -> None:
    expected = state(a=holder, b=idle())
    held = {20001: Port(200, bindable=False, holder=Holder.MANAGER)}
    seen = case(expected, picture(expected, ports=held), contract=ANEW)
    assert is_quiet("port-released", seen)
    fixed = evolve(seen, contract=Contract(ports=Ports.FIXED))
    assert is_quiet("port-released", fixed)
    assert objected("stable-port", fixed) == ["b"], "that they share it is what is wrong"


def test_where_ports_are_given_anew_one_that_no_other_service_runs_on_must_be_free_all_the_same() -> None:
    expected = state(a=dead(), b=idle())
    held = {20001: Port(bindable=False, holder=Holder.MANAGER)}
    assert objected("port-released", case(expected, picture(expected, ports=held), contract=ANEW)) == ["b"]
