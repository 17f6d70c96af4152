"""The system under test: operations are passed on under real names, and what is there is seen in the model's words."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from builders import SETTINGS, Bench, Double, bench, idle, ill, running, state, unsettled

from churn.assembly import STAND_IN
from churn.lifecycle.binding import bind
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Bounds
from churn.lifecycle.observation import Container, Holder, Observation, Port, ResourceKind, Status
from churn.lifecycle.operations import (
    Crash,
    Create,
    HoldPort,
    Kill,
    Length,
    List,
    Operation,
    ReleasePort,
    RemoveContainer,
    SetBehaviour,
    Start,
    Status as StatusOf,
    Stop,
    Wait,
)
from churn.lifecycle.outcome import Ok, Outcome, Rejected
from churn.lifecycle.sequence import Naming
from churn.lifecycle.state import CLEAN, Fresh, State, Undergone
from churn.session.faults import Waits
from churn.session.observer import Look
from churn.session.system import System
from churn.system.managers.reference.manager import SERVICE, SESSION
from churn.system.protocols import ListedContainer as Row

PORT = 20500


class Watched(Double):
    """Keeps what it was asked, in its own words."""

    def __init__(self, *parts: Any, **choices: Any) -> None:
        super().__init__(*parts, **choices)
        self.asked: list[tuple[str, ...]] = []

    def create(self, service: str, folder: str) -> Outcome:
        self.asked.append(("create", service, folder))
        return super().create(service, folder)

    def start(self, service: str) -> Outcome:
        self.asked.append(("start", service))
        return super().start(service)

    def stop(self, service: str) -> Outcome:
        self.asked.append(("stop", service))
        return super().stop(service)

    def list(self) -> Outcome:
        self.asked.append(("list",))
        return super().list()

    def status(self, service: str) -> Outcome:
        self.asked.append(("status", service))
        return super().status(service)


@pytest.fixture
def docker() -> Bench:
    return bench()


@pytest.fixture
def system(docker: Bench) -> System:
    """One in which a sequence with the services a and b was begun."""
    return begun(docker)


def begun(docker: Bench, naming: Naming = Naming.PLAIN, *, waits: Waits | None = None, **choices: Any) -> System:
    manager = Watched(docker.manager(), bounds=Bounds(settling=0.0, loading=60.0), **choices)
    made = System(manager, docker.engine, docker.host, docker.clock, waits)
    made.begin(("a", "b"), naming)
    return made


def asked(system: System) -> list[tuple[str, ...]]:
    assert isinstance(system.manager, Watched)
    return system.manager.asked


STOPPED = evolve(state(a=idle()), undergone=Undergone(frozenset({"a"})))
"""A service was started and stopped."""


def looked(
    system: System, expected: State = CLEAN, *, ask: bool = False, outcome: Outcome | None = None
) -> Observation:
    return look(system, [expected], Wait(Length.SHORT), outcome or Ok(), ask=ask).observation


def look(system: System, states: Iterable[State], operation: Operation, outcome: Outcome | None, *, ask: bool) -> Look:
    """What a session sees of these states: all that is there, then the ports that they give, once bound to it."""
    possible = tuple(states)
    seen = system.observer.see(operation, outcome, ask=ask, states=possible)
    return system.observer.probe(seen, [bind(one, seen.observation) for one in possible])


def aliases(system: System, expected: State = CLEAN) -> dict[str, str]:
    """The containers that are seen as the manager's: names in reports, and states."""
    return {found.alias: found.state for found in looked(system, expected).containers.values()}


def only(seen: Observation) -> Container:
    (found,) = seen.containers.values()
    return found


# -- doing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("naming", Naming)
def test_operations_are_passed_on_under_the_services_real_names(docker: Bench, naming: Naming) -> None:
    system = begun(docker, naming)
    for operation in (Create("b"), Start("b"), StatusOf("b"), Stop("b"), List()):
        assert isinstance(system.apply(operation), Ok)
    real = naming.real("b")
    folder = docker.host.folder(real)
    assert asked(system) == [("create", real, folder), ("start", real), ("status", real), ("stop", real), ("list",)]


def test_an_operation_that_nobody_knows_is_told(system: System) -> None:
    with pytest.raises(TypeError, match="systems do not know"):
        system.apply(Operation())


@pytest.mark.parametrize(("length", "seconds"), [(Length.SHORT, 2.0), (Length.LONG, 30.0)])
def test_a_wait_lets_so_much_time_pass_and_asks_nobody(docker: Bench, length: Length, seconds: float) -> None:
    system = begun(docker, waits=Waits(short=2.0, long=30.0))
    outcome = system.apply(Wait(length))
    assert outcome.took == seconds
    assert system.waited == seconds
    assert system.inside == 0.0
    assert asked(system) == []


@pytest.mark.parametrize("how", Behaviour)
def test_a_behaviour_is_written_where_the_server_reads_it_and_given_time_to_be_read(
    docker: Bench, how: Behaviour
) -> None:
    system = begun(docker, waits=Waits(slow=7.5, reading=0.3))
    outcome = system.apply(SetBehaviour("a", how))
    # The manager gives its servers 60 s.
    word = {Behaviour.SLOW: "slow=7.5", Behaviour.LATE: "slow=48"}.get(how, how.value)
    assert docker.core.runner.behaviours[docker.host.folder("service-a")] == word
    assert docker.core.runner.behaviours[docker.host.folder("service-b")] == "healthy"
    assert outcome.took == pytest.approx(0.3)
    assert docker.core.timing.crash < Waits().reading


def test_where_the_servers_time_runs_faster_they_get_more_seconds_of_it_and_waits_are_shorter(docker: Bench) -> None:
    waits = Waits(short=6.0, slow=9.0, reading=0.3).hastened(3.0)
    system = begun(docker, waits=waits)
    assert system.apply(Wait(Length.SHORT)).took == pytest.approx(2.0)
    assert system.apply(SetBehaviour("a", Behaviour.SLOW)).took == pytest.approx(0.1)
    word = docker.core.runner.behaviours[docker.host.folder("service-a")]
    assert word == "slow=9"  # three seconds here
    system.apply(SetBehaviour("a", Behaviour.LATE))
    assert docker.core.runner.behaviours[docker.host.folder("service-a")] == "slow=144"  # 48 seconds here


def up(docker: Bench) -> System:
    """A system in which a and b run."""
    system = begun(docker)
    for operation in (Create("a"), Create("b"), Start("a"), Start("b")):
        system.apply(operation)
    return system


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        (Crash("a"), {"a#1": "exited", "b#1": "running"}),
        (Kill("a"), {"a#1": "exited", "b#1": "running"}),
        (RemoveContainer("a"), {"b#1": "running"}),
    ],
    ids=str,
)
def test_a_strike_hits_the_services_own_container_and_asks_the_manager_nothing(
    docker: Bench, operation: Operation, left: dict[str, str]
) -> None:
    system = up(docker)
    before, inside = asked(system), system.inside
    assert isinstance(system.apply(operation), Ok)
    assert (asked(system), system.inside) == (before, inside)
    assert aliases(system) == left
    again = system.apply(operation)
    assert isinstance(again, Rejected)
    assert again.reason == "it has no running container"


@pytest.mark.parametrize("before", [Behaviour.HEALTHY, Behaviour.IGNORE_SIGTERM])
def test_after_a_crash_servers_behave_as_they_were_told_before(docker: Bench, before: Behaviour) -> None:
    system = up(docker)
    system.apply(SetBehaviour("a", before))
    system.apply(Crash("a"))
    assert docker.core.runner.behaviours[docker.host.folder("service-a")] == before.value
    assert isinstance(system.apply(Start("a")), Ok)


@pytest.mark.parametrize("operation", [SetBehaviour("a", Behaviour.CRASH), Crash("a")], ids=str)
def test_servers_that_obey_nobody_are_not_told_to_misbehave(docker: Bench, operation: Operation) -> None:
    system = up(docker)
    disobedient = System(
        Double(docker.manager(), obedient=False), docker.engine, docker.host, docker.clock, system.waits
    )
    disobedient.begin(("a",), Naming.PLAIN)
    began = docker.clock.now()
    outcome = disobedient.apply(operation)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "its server does not read how to behave"
    assert docker.clock.now() == began
    assert docker.core.runner.behaviours[docker.host.folder("service-a")] == "healthy"


def test_a_server_that_does_not_crash_is_told(docker: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    system = up(docker)
    monkeypatch.setattr(docker.host, "behave", lambda *_: None)
    outcome = system.apply(Crash("a"))
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "its server did not crash"
    assert outcome.took >= 3.0


def test_on_a_shared_engine_only_what_is_ours_is_struck(docker: Bench) -> None:
    system = System(Watched(docker.manager()), docker.engine, docker.host, docker.clock, shared={"owner": "us"})
    system.begin(("a",), Naming.PLAIN)
    for operation in (Create("a"), Start("a")):
        system.apply(operation)
    assert isinstance(system.apply(Kill("a")), Rejected)
    assert aliases(system) == {"a#1": "running"}


def test_of_what_is_discarded_only_what_is_ours_goes(docker: Bench) -> None:
    system = begun(docker)
    for operation in (Create("a"), Start("a")):
        system.apply(operation)
    (mine,) = (row.id for row in docker.engine.list())
    shared = System(Watched(docker.manager()), docker.engine, docker.host, docker.clock, shared={"owner": "us"})
    shared.discard(frozenset({mine}))
    assert [row.id for row in docker.engine.list()] == [mine], "it does not carry our label"
    system.discard(frozenset({mine, "another"}))
    assert docker.engine.list() == ()


def test_a_held_port_is_a_strangers_until_it_is_released(docker: Bench) -> None:
    system = begun(docker)
    system.apply(Create("a"))
    assert isinstance(system.apply(HoldPort("a")), Ok)
    (port,) = docker.core.neighbours.strangers
    assert docker.host.look({}, (port,))[port].holder is Holder.STRANGER
    assert isinstance(system.apply(Start("a")), Rejected)
    assert isinstance(system.apply(ReleasePort("a")), Ok)
    assert docker.core.neighbours.strangers == {}
    assert isinstance(system.apply(Start("a")), Ok)
    assert isinstance(system.apply(HoldPort("a")), Rejected), "its container has it"


def test_a_port_that_nobody_knows_cannot_be_held(docker: Bench) -> None:
    outcome = begun(docker).apply(HoldPort("a"))
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "its port is not known"


def test_a_new_sequence_finds_all_servers_healthy(docker: Bench, system: System) -> None:
    system.apply(SetBehaviour("a", Behaviour.HANG))
    system.begin(("a",), Naming.PLAIN)
    assert docker.core.runner.behaviours[docker.host.folder("service-a")] == "healthy"


def test_the_seconds_in_the_manager_are_counted_and_looks_are_among_them(docker: Bench, system: System) -> None:
    began = docker.clock.now()
    for operation in (Create("a"), Start("a"), Stop("a")):
        system.apply(operation)
    assert system.inside == pytest.approx(docker.clock.now() - began)
    assert system.inside > 0.0


# -- containers: whose they are ---------------------------------------------------------------------------------------


def test_containers_are_numbered_by_service_and_keep_their_names(docker: Bench, system: System) -> None:
    for operation in (Create("a"), Create("b"), Start("a"), Start("b")):
        system.apply(operation)
    assert aliases(system) == {"a#1": "running", "b#1": "running"}
    system.apply(Stop("a"))
    system.apply(Start("a"))
    docker.engine.kill("test-service-b")
    assert aliases(system) == {"a#2": "running", "b#1": "exited"}


def test_a_service_that_the_sequence_does_not_have_is_called_as_the_manager_calls_it(
    docker: Bench, system: System
) -> None:
    docker.create("odd", labels={SESSION: "test", SERVICE: "phantom"})
    assert only(looked(system)).service == "phantom"
    assert aliases(system) == {"phantom#1": "created"}


def test_a_container_whose_labels_tell_no_service_has_none(docker: Bench, system: System) -> None:
    docker.create("odd", labels={SESSION: "test"})
    assert only(looked(system)).service is None
    assert aliases(system) == {"?#1": "created"}


@pytest.mark.parametrize("starts", [False, True])
def test_a_manager_may_tell_the_service_by_the_ports_also_of_a_container_that_does_not_run(
    docker: Bench, system: System, monkeypatch: pytest.MonkeyPatch, starts: bool
) -> None:
    def by_port(container: Row) -> str | None:
        return "service-b" if PORT in container.ports else None

    monkeypatch.setattr(system.manager, "service_of", by_port)
    identity = docker.create("odd", labels={SESSION: "test"}, ports=(PORT,))
    if starts:
        docker.engine.start(identity)
    assert only(looked(system)).service == "b"


@pytest.mark.parametrize("labels", [{}, {SESSION: "test-2"}, {SERVICE: "service-a"}])
def test_containers_without_the_managers_labels_are_strangers_and_told_once(
    docker: Bench, system: System, labels: Mapping[str, str]
) -> None:
    docker.create("odd", labels=labels)
    seen = looked(system)
    assert seen.containers == {}
    assert seen.strangers == (f"odd ({STAND_IN}) is created",)
    assert looked(system).strangers == ()


def test_what_was_there_before_the_sequence_is_not_told(docker: Bench) -> None:
    docker.run("odd")
    assert looked(begun(docker)).strangers == ()


def test_where_names_tell_a_container_is_known_by_its_whole_name(docker: Bench) -> None:
    system = begun(docker, labels={}, name_pattern=r"web-\d+")
    for name in ("web-1", "web-1-copy", "my-web-1"):
        docker.create(name)
    assert only(looked(system)).name == "web-1"


class Named(Watched):
    """Its containers' names tell their services: NAME-x."""

    def service_of(self, container: Row) -> str | None:
        named = container.name.removesuffix("-x") if container.name.endswith("-x") else None
        return container.labels.get("of", named)


def test_a_container_is_told_by_label_or_name_as_the_manager_has_it(docker: Bench) -> None:
    system = System(Named(docker.manager(), labels={}, name_pattern=".*"), docker.engine, docker.host, docker.clock)
    system.begin(("a", "b"), Naming.PLAIN)
    docker.run("service-a-x")
    docker.run("service-a-x-x", labels={"of": "service-b"})
    docker.run("odd")
    assert [found.service for found in looked(system).containers.values()] == ["a", "b", None]
    assert isinstance(system.apply(Kill("a")), Ok)
    assert [found.state for found in looked(system).containers.values()] == ["exited", "running", "running"]


ON_PORT = state(a=running(port=PORT))


def test_a_container_that_appears_on_a_services_port_is_the_managers(docker: Bench) -> None:
    system = begun(docker, labels={})
    docker.run("native", ports=(PORT,))
    assert only(looked(system, ON_PORT)).name == "native"


def test_a_container_on_a_port_that_is_only_now_told_is_the_managers(docker: Bench) -> None:
    """As after a first start that was not looked at before, or any start where ports are given anew."""
    system = begun(docker, labels={})
    for operation in (Create("a"), Start("a")):
        system.apply(operation)
    awaited = state(a=running(container=Fresh(), port=None))
    assert only(looked(system, awaited, ask=True)).ports


def test_one_that_was_on_it_before_the_sequence_is_not(docker: Bench) -> None:
    docker.run("other", ports=(PORT,))
    assert looked(begun(docker, labels={}), ON_PORT).containers == {}


def test_one_that_was_seen_before_it_held_the_port_is_the_managers_all_the_same(docker: Bench) -> None:
    """A start that was cut off between the engine's create and start, and came through later."""
    system = begun(docker, labels={})
    identity = docker.create("native", ports=(PORT,))
    assert looked(system, ON_PORT).containers == {}
    docker.engine.start(identity)
    assert only(looked(system, ON_PORT)).name == "native"


def test_a_container_that_is_gone_before_it_could_be_inspected_is_not_there(
    docker: Bench, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = docker.engine.list
    docker.create("odd", labels={SESSION: "test"})
    listed = rows()
    docker.engine.remove("odd")
    monkeypatch.setattr(docker.engine, "list", lambda *_: listed)
    assert looked(system).containers == {}


# -- containers: what is seen of them ---------------------------------------------------------------------------------


def test_what_is_seen_of_a_container(docker: Bench, system: System) -> None:
    docker.create("odd", labels={SESSION: "test", SERVICE: "service-a"}, ports=(PORT,), restart_policy="always")
    docker.core.containers[docker.engine.inspect("odd").id].files = {"/data": None}
    docker.engine.start("odd")
    found = only(looked(system))
    assert (found.name, found.service, found.state, found.ports) == ("odd", "a", "running", (PORT,))
    assert (found.restart_policy, found.changes, found.starts) == ("always", ("/data",), 1)
    assert found.born > 0


def test_a_container_that_was_there_before_the_sequence_was_not_born_in_it(docker: Bench) -> None:
    docker.run("odd", labels={SESSION: "test"})
    found = only(looked(begun(docker)))
    assert (found.born, found.starts) == (0, 0)


def test_a_start_begins_before_its_container_is_born_and_after_all_others(docker: Bench, system: System) -> None:
    docker.create("odd", labels={SESSION: "test"})
    system.apply(Create("a"))
    mark = system.apply(Start("a")).mark
    born = {found.alias: found.born for found in looked(system).containers.values()}
    assert born["?#1"] < mark <= born["a#1"]


def test_starts_are_counted_also_when_several_came_between_two_looks(docker: Bench, system: System) -> None:
    docker.run("odd", labels={SESSION: "test"})
    assert only(looked(system)).starts == 1
    for _ in range(2):
        docker.engine.stop("odd")
        docker.engine.start("odd")
    assert only(looked(system)).starts == 3


def test_state_name_and_ports_are_those_of_now_and_changes_those_of_the_first_sight(
    docker: Bench, system: System
) -> None:
    identity = docker.run("odd", labels={SESSION: "test"}, ports=(PORT,))
    looked(system)
    docker.core.containers[identity].files = {"/data": None}
    docker.core.rename("odd", "even")
    docker.engine.stop(identity)
    found = only(looked(system))
    assert (found.name, found.state, found.ports, found.changes) == ("even", "exited", (), ())


def test_what_did_not_move_is_the_same_value(docker: Bench, system: System) -> None:
    docker.run("odd", labels={SESSION: "test"})
    assert only(looked(system)) is only(looked(system))


def test_a_new_sequence_numbers_anew(docker: Bench, system: System) -> None:
    docker.create("odd", labels={SESSION: "test"})
    assert aliases(system) == {"?#1": "created"}
    docker.engine.remove("odd")
    system.begin(("a",), Naming.PLAIN)
    docker.create("odd", labels={SESSION: "test"})
    assert aliases(system) == {"?#1": "created"}


# -- what the manager says --------------------------------------------------------------------------------------------


def test_services_are_listed_under_the_models_names(docker: Bench) -> None:
    system = begun(docker, Naming.REVERSED)
    for name in ("b", "a"):
        system.apply(Create(name))
    docker.manager().create("phantom")
    rows = looked(system, ask=True).listed or ()
    assert [(row.service, row.status) for row in rows] == [
        ("b", Status.CREATED), ("a", Status.CREATED), ("phantom", Status.CREATED),
    ]  # fmt: skip


def test_on_a_look_at_the_engine_only_the_manager_is_not_asked(system: System) -> None:
    for operation in (List(), StatusOf("a"), Start("a")):
        seen = look(system, [CLEAN], operation, Ok(listed=()), ask=False)
        assert (seen.observation.listed, seen.observation.told, seen.listing) == (None, None, None)
    assert asked(system) == []


def test_a_list_commands_own_answer_is_looked_at_first_and_then_asked_anew(system: System) -> None:
    own = Ok(listed=())
    assert look(system, [CLEAN], List(), own, ask=True).listing is own
    assert asked(system) == []
    look(system, [CLEAN], List(), None, ask=True)
    assert asked(system) == [("list",)]


def test_a_status_commands_own_answer_is_looked_at_first_and_then_asked_anew(system: System) -> None:
    system.apply(Create("a"))
    own = system.apply(StatusOf("a"))
    before = len(asked(system))
    for outcome, more in ((own, [("list",)]), (None, [("status", "service-a"), ("list",)])):
        seen = look(system, [CLEAN], StatusOf("a"), outcome, ask=True).observation
        assert [row.service for row in seen.told or ()] == ["a"]
        assert [row.service for row in seen.listed or ()] == ["a"]
        assert asked(system)[before:] == more
        before += len(more)


def test_other_operations_tell_nothing_of_one_service(system: System) -> None:
    system.apply(Create("a"))
    assert look(system, [CLEAN], Create("a"), Ok(), ask=True).observation.told is None


def test_a_list_that_fails_is_told_as_it_ended_and_shows_no_services(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system.manager, "list", lambda: Rejected(reason="no"))
    seen = look(system, [CLEAN], Start("a"), Ok(), ask=True)
    assert isinstance(seen.listing, Rejected)
    assert seen.observation.listed is None


# -- ports, events, resources -----------------------------------------------------------------------------------------


def test_of_each_service_it_is_asked_what_its_state_demands(docker: Bench, system: System) -> None:
    """A running one must answer, a stopped one's port must be free; of an ill one nothing is asked: it might hang."""
    expected = state(a=running(port=PORT), b=idle(port=PORT + 1), c=ill(port=PORT + 2), d=idle(port=None))
    docker.core.neighbours.processes["7 llama-server"] = PORT
    assert looked(system, expected).ports == {PORT: Port(200), PORT + 1: Port(bindable=True)}


def test_a_port_of_which_two_possible_states_want_to_know_different_things_is_told_both(
    docker: Bench, system: System
) -> None:
    docker.run("odd", ports=(PORT,))
    possible = [state(a=running(port=PORT)), state(a=idle(port=PORT))]
    port = look(system, possible, Start("a"), Ok(), ask=False).observation.ports[PORT]
    assert (port.health, port.bindable) == (0, False)


def test_the_ports_that_services_had_are_remembered_until_the_next_sequence(system: System) -> None:
    looked(system, state(a=running(port=PORT), b=unsettled(ill(port=PORT + 1))))
    looked(system, state(a=running(port=PORT + 2), b=idle(port=None)))
    assert set(system.observer.ports()) == {PORT, PORT + 1, PORT + 2}
    system.begin(("a",), Naming.PLAIN)
    assert system.observer.ports() == ()


def test_events_are_those_since_the_last_step_also_when_it_is_looked_again(docker: Bench, system: System) -> None:
    docker.create("one", labels={SESSION: "test"})
    docker.create("two", labels={SESSION: "test"})
    assert len(look(system, [CLEAN], List(), Ok(listed=()), ask=False).observation.events) == 2
    docker.create("three", labels={SESSION: "test"})
    assert len(look(system, [CLEAN], List(), None, ask=False).observation.events) == 3
    assert len(look(system, [CLEAN], List(), Ok(listed=()), ask=False).observation.events) == 0


def test_what_happened_before_the_sequence_is_not_told(docker: Bench) -> None:
    docker.run("odd")
    assert looked(begun(docker)).events == ()


def test_on_an_engine_that_others_use_too_only_what_is_ours_is_looked_at(docker: Bench) -> None:
    docker.engine.create_volume("ours", SETTINGS.labels)
    docker.engine.create_volume("theirs", {})
    for shared, expected in ((None, {"ours", "theirs"}), (SETTINGS.labels, {"ours"})):
        system = System(Watched(docker.manager()), docker.engine, docker.host, docker.clock, shared=shared)
        system.begin(("a",), Naming.PLAIN)
        resources = looked(system, STOPPED).resources or frozenset()
        assert {found.name for found in resources if found.kind is ResourceKind.VOLUME} == expected


def test_networks_volumes_and_images_are_asked_for_only_where_leaks_can_be_told(system: System) -> None:
    assert looked(system, STOPPED).resources is not None
    assert looked(system).resources is not None, "what is there before any service is what is left of none"
    assert looked(system, evolve(STOPPED, services={"a": running()})).resources is None


def test_processes_are_those_that_the_host_sees(docker: Bench, system: System) -> None:
    docker.host.spawn("left-over")
    assert [process.split()[-1] for process in looked(system).processes or ()] == ["left-over"]


def test_each_possible_state_is_bound_to_what_was_seen(docker: Bench, system: System) -> None:
    for operation in (Create("a"), Start("a")):
        system.apply(operation)
    (row,) = docker.engine.list()
    possible = [state(a=running(row.id, port=None)), state(a=idle(port=None))]
    seen = look(system, possible, Start("a"), Ok(), ask=True).observation
    ports = [bind(one, seen).services["a"].port for one in possible]
    assert ports == [row.ports[0]] * 2


# -- evidence ---------------------------------------------------------------------------------------------------------


def test_where_commands_do_not_reach_the_engine_they_are_told_as_not_run(system: System, tmp_path: Path) -> None:
    shown = system.show(f"touch {tmp_path}/ran")
    assert (shown.command, shown.output, shown.ran) == (f"touch {tmp_path}/ran", "", False)
    assert list(tmp_path.iterdir()) == []


def test_where_they_do_they_are_run_in_the_systems_environment(docker: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker.engine, "cli", True)
    environ = {"GREETING": "hello", "PATH": "/usr/bin:/bin"}
    system = System(Watched(docker.manager()), docker.engine, docker.host, docker.clock, environ=environ)
    for command, output in (("echo $GREETING; echo no >&2", "hello\nno"), ("true", "(no output)")):
        shown = system.show(command)
        assert (shown.command, shown.output, shown.ran) == (command, output, True)
    assert not system.show("").ran


def test_the_contract_is_the_managers(system: System) -> None:
    assert system.contract == system.manager.contract
    assert system.contract.labels == {SESSION: "test"}
