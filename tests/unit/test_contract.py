"""The contract: what words mean, how long operations may take, and what is expected unless it is said."""

import pytest

from churn.lifecycle.contract import Bounds, Contract, Means, Noticing, Ports, Remains, Reply, SecondStart
from churn.lifecycle.observation import Status
from churn.system.managers.reference import Settings
from churn.system.managers.reference.contract import contract_for
from churn.system.managers.reference.manager import SESSION


@pytest.mark.parametrize("status", Status)
def test_statuses_are_spelled_as_they_are_unless_told_otherwise(status: Status) -> None:
    assert Contract().spelled(status.value) is status


def test_a_managers_own_words_replace_the_usual_ones() -> None:
    contract = Contract(words={"up": Status.RUNNING, "down": Status.STOPPED})
    assert contract.spelled("up") is Status.RUNNING
    assert contract.spelled("down") is Status.STOPPED
    assert contract.spelled("running") is None


def test_a_word_may_mean_several_statuses() -> None:
    contract = Contract(words={"exited": (Status.STOPPED, Status.FAILED), "up": Status.RUNNING})
    assert contract.meanings("exited") == (Status.STOPPED, Status.FAILED)
    assert contract.spelled("exited") is Status.STOPPED
    assert contract.meanings("up") == (Status.RUNNING,)
    assert contract.meanings("gone") == ()


@pytest.mark.parametrize(
    ("kind", "bound"),
    [
        ("create", 1.0),
        ("start", 2.0),
        ("stop", 3.0),
        ("list", 4.0),
        ("status", 5.0),
        ("wait", None),
        ("behave", None),
        ("settling", None),
        ("grace", None),
    ],
)
def test_only_what_the_manager_does_is_bounded(kind: str, bound: float | None) -> None:
    assert Bounds(create=1.0, start=2.0, stop=3.0, list=4.0, status=5.0, settling=6.0, grace=7.0).of(kind) == bound


def test_what_most_users_expect_is_expected_unless_it_is_said() -> None:
    contract = Contract()
    assert (contract.second_start, contract.idle_stop, contract.second_create) == (
        SecondStart.EITHER,
        Reply.IGNORED,
        Reply.REFUSED,
    )
    assert (contract.created_container, contract.failed_container) == (Remains.GONE, Remains.GONE)
    assert contract.stopped_container is Remains.GONE
    assert contract.port_range == (1, 65535)
    assert (contract.ports, contract.running_means) == (Ports.FIXED, Means.HEALTHY)
    assert contract.death_noticed is Noticing.SETTLING
    assert (contract.restart_policies, contract.processes, contract.belongings) == (frozenset(), frozenset(), ())


def test_the_reference_manager_promises_the_most_and_its_containers_are_those_of_its_session() -> None:
    contract = contract_for(Settings(session="one", health_path="/ready"), {})
    assert contract.second_start is SecondStart.REFUSED
    assert contract.bounds.settling == 0.0
    assert contract.labels == {SESSION: "one"}
    assert contract.health_path == "/ready"
