"""Which servers are seen to have got SIGKILL: those that a stop may have killed, and no others."""

from copy import copy

import pytest
from builders import Bench, bench

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.observation import Killed
from churn.lifecycle.operations import Create, Kill, List, Operation, SetBehaviour, Start, Stop
from churn.lifecycle.outcome import Ok, Unknown
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import CLEAN
from churn.session.kills import Kills
from churn.session.system import System
from churn.system.managers.defects import DEFECTS
from churn.system.managers.reference import Embedded


def running(docker: Bench, defect: str = "") -> System:
    """A system whose service a runs, and was looked at."""
    manager = docker.manager()
    if defect:
        manager.__class__ = DEFECTS[defect].manager
    system = System(Embedded(manager), docker.engine, docker.host, docker.clock)
    system.begin(("a", "b"), Naming.PLAIN)
    for operation in (Create("a"), Start("a")):
        seen(system, operation)
    return system


def seen(system: System, *operations: Operation) -> tuple[Killed, ...]:
    """What the look shows that comes after these operations."""
    outcomes = [system.apply(operation) for operation in operations]
    return system.observer.see(operations[-1], outcomes[-1], ask=False, states=[CLEAN]).observation.killed


@pytest.fixture
def docker() -> Bench:
    return bench()


def test_a_server_that_ends_when_it_is_asked_is_not_killed(docker: Bench) -> None:
    assert seen(running(docker), Stop("a")) == ()


def test_one_that_is_removed_with_force_is_killed_without_having_been_asked(docker: Bench) -> None:
    assert seen(running(docker, "stop-kills"), Stop("a")) == (Killed("a#1", "test-service-a", "a", None),)


def test_one_that_ignores_the_request_is_killed_after_the_grace(docker: Bench) -> None:
    system = running(docker)
    seen(system, SetBehaviour("a", Behaviour.IGNORE_SIGTERM))
    (killed,) = seen(system, Stop("a"))
    assert killed.grace == pytest.approx(10.0)


def test_it_is_told_as_long_as_the_same_step_is_looked_at_and_no_longer(docker: Bench) -> None:
    system = running(docker, "stop-kills")
    told = seen(system, Stop("a"))
    again = system.observer.see(Stop("a"), None, ask=False, states=[CLEAN]).observation.killed
    assert again == told != ()
    assert seen(system, List()) == ()


@pytest.mark.parametrize("before", [Kill("a"), Start("a"), SetBehaviour("a", Behaviour.SLOW)])
def test_what_another_operation_may_have_killed_is_not_told(docker: Bench, before: Operation) -> None:
    assert seen(running(docker, "stop-kills"), before, Stop("a")) == ()


def test_an_operation_on_another_service_excuses_nothing(docker: Bench) -> None:
    assert len(seen(running(docker, "stop-kills"), Create("b"), Stop("a"))) == 1


def test_an_excuse_ends_with_the_look(docker: Bench) -> None:
    system = running(docker, "stop-kills")
    seen(system, Start("a"))
    assert len(seen(system, Stop("a"))) == 1


def test_a_server_that_nobody_has_seen_is_not_told(docker: Bench) -> None:
    system = running(docker, "stop-kills")
    system.apply(Stop("a"))
    assert seen(system, Start("a"), Stop("a")) == ()


def test_what_ended_unknown_may_still_kill_until_the_next_start_has_succeeded() -> None:
    kills = Kills()
    kills.hear(Stop("a"), Unknown(), struck=False)
    kills.look(anew=True)
    kills.hear(Stop("a"), Ok(), struck=False)
    assert kills.excuses("a")
    assert not kills.excuses("b")
    kills.look(anew=True)
    kills.hear(Start("a"), Ok(), struck=False)
    kills.look(anew=True)
    kills.hear(Stop("a"), Ok(), struck=False)
    assert not kills.excuses("a")


def test_where_the_engine_failed_the_manager_everything_is_excused() -> None:
    kills = Kills()
    kills.hear(Stop("a"), Ok(), struck=True)
    assert kills.excuses("a")
    assert kills.excuses("b")


def test_a_copy_stays_as_it_was() -> None:
    kills = Kills()
    before = copy(kills)
    kills.hear(Start("a"), Ok(), struck=False)
    assert kills.excuses("a")
    assert not before.excuses("a")


def test_what_churn_itself_clears_away_is_not_the_managers_doing(docker: Bench) -> None:
    system = running(docker)
    (row,) = docker.engine.list()
    system.discard(frozenset({row.id}))
    assert docker.engine.list() == ()
    assert seen(system, Stop("a")) == ()
