"""The reference manager: right in every ordinary case, when it is interrupted anywhere, and when the engine fails anywhere."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from attrs import evolve
from builders import SETTINGS, Bench, Interrupted, Tripwire, bench

from churn.assembly import STAND_IN
from churn.errors import ChurnError, EngineError, EngineUnreachable, NameTaken, PortTaken, ServerError
from churn.lifecycle.observation import Status
from churn.lifecycle.outcome import Ok, Rejected
from churn.system.engines.emulated.container import EmulatedContainer
from churn.system.managers.reference import Embedded, Record, ReferenceManager, ServiceError, Store
from churn.system.managers.reference.manager import SERVICE, SESSION
from churn.system.protocols import ListedContainer, Spec

FOLDER = "/behaviour-of-a"
DEADLY = ["crash", "unhealthy", "hang"]


@pytest.fixture
def docker() -> Bench:
    return bench()


@pytest.fixture
def manager(docker: Bench) -> ReferenceManager:
    return docker.manager()


def rows(manager: ReferenceManager) -> dict[str, str]:
    """Each service's status, as the list tells it."""
    return {name: status for name, status, _ in manager.list()}


# -- create -----------------------------------------------------------------------------------------------------------


def test_a_created_service_has_a_port_of_its_own_and_no_container(docker: Bench, manager: ReferenceManager) -> None:
    for name in ("a", "b"):
        manager.create(name)
    (_, status, port), (_, _, other) = manager.list()
    assert status == "created"
    assert port != other
    assert docker.states() == []


def test_a_second_create_is_refused_and_changes_nothing(manager: ReferenceManager) -> None:
    manager.create("a", FOLDER)
    before = manager.store.all()
    with pytest.raises(ServiceError, match="exists already"):
        manager.create("a", "/other")
    assert manager.store.all() == before


def test_services_are_listed_oldest_first(manager: ReferenceManager) -> None:
    for name in ("c", "a", "b"):
        manager.create(name)
    assert list(rows(manager)) == ["c", "a", "b"]


# -- start ------------------------------------------------------------------------------------------------------------


def test_a_started_service_runs_in_one_container_on_its_port_and_answers(
    docker: Bench, manager: ReferenceManager
) -> None:
    port = manager.create("a").port
    record = manager.start("a")
    (row,) = docker.engine.list()
    assert (record.status, record.port, record.container) == ("running", port, row.id)
    assert (row.state, row.ports) == ("running", (port,))
    assert docker.host.health(port, "/health") == 200
    assert rows(manager) == {"a": "running"}


def test_its_container_carries_its_labels_and_no_restart_policy(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a", FOLDER)
    manager.start("a")
    (row,) = docker.engine.list()
    assert row.labels == {**SETTINGS.labels, SESSION: "test", SERVICE: "a"}
    assert docker.engine.inspect(row.id).restart_policy == "no"


def test_a_second_start_is_refused_and_keeps_the_container(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a")
    manager.start("a")
    before = docker.engine.list()
    with pytest.raises(ServiceError, match="running already"):
        manager.start("a")
    assert docker.engine.list() == before
    assert rows(manager) == {"a": "running"}


@pytest.mark.parametrize("word", DEADLY)
def test_a_start_that_fails_leaves_nothing_and_says_why(docker: Bench, manager: ReferenceManager, word: str) -> None:
    port = manager.create("a", FOLDER).port
    docker.host.behave(FOLDER, word)
    with pytest.raises(ServiceError, match="exit code 1" if word == "crash" else "not healthy within 60 s"):
        manager.start("a")
    assert docker.states() == []
    assert docker.core.on_port(port) is None
    assert rows(manager) == {"a": "failed"}


@pytest.mark.parametrize("word", DEADLY)
def test_after_a_failed_start_the_next_one_succeeds(docker: Bench, manager: ReferenceManager, word: str) -> None:
    manager.create("a", FOLDER)
    docker.host.behave(FOLDER, word)
    with pytest.raises(ServiceError):
        manager.start("a")
    docker.host.behave(FOLDER, "healthy")
    manager.start("a")
    assert docker.of("a") == ["running"]


def test_a_slow_server_is_waited_for(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a", FOLDER)
    docker.host.behave(FOLDER, "slow=40")
    manager.start("a")
    assert rows(manager) == {"a": "running"}


def test_each_start_gives_a_new_container(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a")
    seen = set()
    for _ in range(5):
        seen.add(manager.start("a").container)
        manager.stop("a")
    assert len(seen) == 5
    assert docker.states() == []


def test_a_start_after_its_server_died_gives_a_new_one_alone(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a", FOLDER)
    before = manager.start("a").container
    docker.host.behave(FOLDER, "crash")
    docker.clock.sleep(1.0)
    assert rows(manager) == {"a": "failed"}
    docker.host.behave(FOLDER, "healthy")
    assert manager.start("a").container != before
    assert docker.of("a") == ["running"]


@pytest.mark.parametrize("image", ["nosuch/image:1"])
def test_a_start_without_its_image_fails(docker: Bench, image: str) -> None:
    manager = docker.manager(settings=evolve(SETTINGS, image=image))
    manager.create("a")
    with pytest.raises(ServiceError, match="No such image"):
        manager.start("a")
    assert rows(manager) == {"a": "failed"}
    assert docker.states() == []


def test_a_start_on_a_port_that_a_stranger_holds_fails_and_leaves_nothing(
    docker: Bench, manager: ReferenceManager
) -> None:
    port = manager.create("a").port
    docker.core.neighbours.strangers[port] = "pid 7 (nginx)"
    with pytest.raises(ServiceError, match="address already in use"):
        manager.start("a")
    assert docker.states() == []
    assert rows(manager) == {"a": "failed"}


# -- stop -------------------------------------------------------------------------------------------------------------


def test_a_stopped_service_has_no_container_and_its_port_is_free(docker: Bench, manager: ReferenceManager) -> None:
    port = manager.create("a").port
    manager.start("a")
    assert manager.stop("a").status == "stopped"
    assert docker.states() == []
    assert docker.host.look({}, (port,))[port].bindable
    assert rows(manager) == {"a": "stopped"}


@pytest.mark.parametrize("times", [1, 2])
def test_to_stop_what_does_not_run_is_no_error(docker: Bench, manager: ReferenceManager, times: int) -> None:
    manager.create("a")
    for _ in range(times):
        manager.stop("a")
    assert rows(manager) == {"a": "stopped"}
    assert docker.engine.events() == ()


def test_a_server_that_ignores_sigterm_is_stopped_after_the_grace(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a", FOLDER)
    docker.host.behave(FOLDER, "ignore-sigterm")
    manager.start("a")
    began = docker.clock.now()
    manager.stop("a")
    assert docker.clock.now() - began >= SETTINGS.stop_grace
    assert docker.states() == []


def test_a_service_whose_server_died_can_be_stopped(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a", FOLDER)
    manager.start("a")
    docker.host.behave(FOLDER, "crash")
    docker.clock.sleep(1.0)
    manager.stop("a")
    assert docker.states() == []
    assert rows(manager) == {"a": "stopped"}


# -- ports ------------------------------------------------------------------------------------------------------------


def test_a_service_keeps_its_port_for_life(docker: Bench, manager: ReferenceManager) -> None:
    ports = {manager.create("a", FOLDER).port}
    for word in ("healthy", "crash", "healthy", "hang", "slow=5"):
        docker.host.behave(FOLDER, word)
        try:
            ports.add(manager.start("a").port)
        except ServiceError:
            assert word in DEADLY
        ports.add(manager.status("a")[2])
        ports.add(manager.stop("a").port)
    assert len(ports) == 1


def test_the_port_of_a_stopped_service_is_given_to_no_other(docker: Bench, manager: ReferenceManager) -> None:
    """The host would hand it out: nothing holds it."""
    first = manager.create("a").port
    docker.host._next = first
    assert manager.create("b").port != first


# -- what is not known ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["start", "stop", "status"])
def test_what_is_not_known_is_refused_and_makes_nothing(
    docker: Bench, manager: ReferenceManager, operation: str
) -> None:
    manager.create("a")
    with pytest.raises(ServiceError, match="service phantom is not known"):
        getattr(manager, operation)("phantom")
    assert rows(manager) == {"a": "created"}
    assert docker.states() == []


# -- looking ----------------------------------------------------------------------------------------------------------


def test_status_says_what_the_list_says(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a", FOLDER)
    docker.host.behave(FOLDER, "crash")
    steps: list[Callable[[], object]] = [
        lambda: manager.stop("a"),
        lambda: docker.host.behave(FOLDER, "healthy"),
        lambda: manager.start("a"),
        lambda: docker.host.behave(FOLDER, "crash"),
        lambda: docker.clock.sleep(1.0),
    ]
    seen = []
    for step in steps:
        step()
        assert manager.list() == [manager.status("a")]
        seen.append(manager.status("a")[1])
    assert seen[0] == "stopped"
    assert seen[2] == "running"
    assert seen[-1] == "failed"


@pytest.mark.parametrize("look", ["list", "status"])
def test_to_look_repairs_nothing(docker: Bench, manager: ReferenceManager, look: str) -> None:
    """Neither the store nor the engine is changed, however wrong they are about each other."""
    manager.create("a", FOLDER)
    manager.start("a")
    docker.host.behave(FOLDER, "crash")
    docker.clock.sleep(1.0)
    docker.engine.create(Spec(image=STAND_IN, name="left-over", labels={SESSION: "test", SERVICE: "a"}))
    store, containers = manager.store.all(), docker.engine.list()
    docker.engine.events()
    for _ in range(3):
        assert (manager.list() if look == "list" else [manager.status("a")])[0][1] == "failed"
    assert manager.store.all() == store
    assert docker.engine.list() == containers
    assert docker.engine.events() == ()


# -- others' containers -----------------------------------------------------------------------------------------------

NEIGHBOURS = [
    ("another service whose name begins the same", {SESSION: "test", SERVICE: "web1"}),
    ("another service whose name is the beginning", {SESSION: "test", SERVICE: "we"}),
    ("the same service of another session", {SESSION: "test-2", SERVICE: "web"}),
    ("a service of a session whose name is the beginning", {SESSION: "tes", SERVICE: "web"}),
    ("a service of that name without a session", {SERVICE: "web"}),
    ("something of the session that is no service", {SESSION: "test"}),
    ("a stranger", {}),
]


@pytest.mark.parametrize("labels", [row[1] for row in NEIGHBOURS], ids=[row[0] for row in NEIGHBOURS])
def test_containers_that_are_not_the_services_are_left_alone(
    docker: Bench, manager: ReferenceManager, labels: dict[str, str]
) -> None:
    spec = Spec(image=STAND_IN, name="test-web-neighbour", labels=labels)
    neighbour = docker.engine.create(spec)
    docker.engine.start(neighbour)
    manager.create("web")
    manager.start("web")
    manager.stop("web")
    manager.stop("web")
    (row,) = docker.engine.list()
    assert (row.id, row.state) == (neighbour, "running")
    assert {event.action for event in docker.engine.events() if event.container == neighbour} == {"create", "start"}


def test_a_stop_leaves_another_service_running_whose_name_begins_the_same(
    docker: Bench, manager: ReferenceManager
) -> None:
    for name in ("web", "web1", "web11"):
        manager.create(name)
        manager.start(name)
    manager.stop("web1")
    assert [docker.of(name) for name in ("web", "web1", "web11")] == [["running"], [], ["running"]]
    assert rows(manager) == {"web": "running", "web1": "stopped", "web11": "running"}


def test_two_sessions_on_one_engine_do_not_see_each_other(docker: Bench, manager: ReferenceManager) -> None:
    other = ReferenceManager(Store(), docker.engine, docker.host, docker.clock, evolve(SETTINGS, session="test-2"))
    for each in (manager, other):
        each.create("a")
        each.start("a")
    other.stop("a")
    assert rows(manager) == {"a": "running"}
    assert rows(other) == {"a": "stopped"}


# -- what passes by itself --------------------------------------------------------------------------------------------


def _at_call(docker: Bench, name: str, act: Callable[[], object]) -> ReferenceManager:
    """A manager in whose engine something happens right before the first call of that name."""
    pending = [act]

    class Meanwhile:
        def __getattr__(self, called: str) -> object:
            if called == name and pending:
                pending.pop()()
            return getattr(docker.engine, called)

    return docker.manager(Meanwhile())


def test_a_port_that_is_still_being_released_is_waited_for(docker: Bench) -> None:
    port = docker.manager().create("a").port
    neighbour = docker.run("neighbour", ports=(port,))
    manager = _at_call(docker, "start", lambda: docker.core.signal(neighbour, "TERM"))
    docker.core.timing.terminate = 1.0
    manager.start("a")
    assert docker.of("a") == ["running"]


def test_a_name_that_is_still_being_freed_is_waited_for(docker: Bench) -> None:
    docker.create("test-a")
    docker.core.timing.remove = 0.5
    manager = _at_call(docker, "create", lambda: docker.core.remove("test-a"))
    manager.create("a")
    manager.start("a")
    assert docker.of("a") == ["running"]


def test_a_removal_of_its_own_that_is_under_way_is_waited_for(docker: Bench, manager: ReferenceManager) -> None:
    """As after an interrupted stop: the engine goes on removing what the client asked for."""
    manager.create("a")
    manager.start("a")
    docker.core.timing.remove = 0.5
    docker.core.remove("test-a", force=True)
    docker.manager().stop("a")
    assert docker.states() == []
    assert rows(manager) == {"a": "stopped"}


def test_a_removal_that_began_before_a_start_is_waited_for(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a")
    before = manager.start("a").container
    docker.core.timing.remove = 0.5
    docker.core.remove("test-a", force=True)
    docker.clock.sleep(docker.core.timing.kill)
    assert docker.states() == ["removing"]
    assert docker.manager().start("a").container != before
    assert docker.of("a") == ["running"]


@pytest.mark.parametrize(("error", "call"), [(NameTaken, "create"), (PortTaken, "start")])
def test_what_does_not_pass_is_given_up(docker: Bench, error: type[EngineError], call: str) -> None:
    manager = docker.manager()
    port = manager.create("a").port
    if call == "create":
        docker.run("test-a")
    else:
        docker.run("neighbour", ports=(port,))
    began = docker.clock.now()
    with pytest.raises(ServiceError) as caught:
        manager.start("a")
    assert isinstance(caught.value.__cause__, error)
    assert docker.clock.now() - began >= SETTINGS.retries * SETTINGS.retry_interval
    assert docker.of("a") == []
    assert rows(manager) == {"a": "failed"}


# -- interrupted, or failed by the engine, anywhere -------------------------------------------------------------------

Operation = Callable[[ReferenceManager], object]


def start(manager: ReferenceManager) -> object:
    return manager.start("a")


def stop(manager: ReferenceManager) -> object:
    return manager.stop("a")


def fresh(docker: Bench) -> None:
    """Service a was never started."""


def stopped(docker: Bench) -> None:
    docker.manager().start("a")
    docker.manager().stop("a")


def up(docker: Bench) -> None:
    docker.manager().start("a")


def died(docker: Bench) -> None:
    docker.manager().start("a")
    docker.host.behave(FOLDER, "crash")
    docker.clock.sleep(1.0)
    docker.host.behave(FOLDER, "healthy")


def littered(docker: Bench) -> None:
    """An earlier, interrupted start has left a container that was never started, and one that runs."""
    labels = {SESSION: "test", SERVICE: "a"}
    docker.engine.create(Spec(image=STAND_IN, name="litter-1", labels=labels))
    docker.engine.start(docker.engine.create(Spec(image=STAND_IN, name="litter-2", labels=labels)))


def ill(docker: Bench) -> None:
    """Its server will not get healthy: the start has to clean up after itself as well."""
    docker.host.behave(FOLDER, "crash")


SITUATIONS: list[tuple[Operation, Callable[[Bench], None]]] = [
    (start, fresh), (start, stopped), (start, died), (start, littered), (start, ill), (stop, up), (stop, died),
    (stop, littered),
]  # fmt: skip
_FAILURES: list[tuple[str, Callable[[], BaseException]]] = [
    ("interrupted", Interrupted),
    ("500", lambda: ServerError(500, "something went wrong")),
    ("unreachable", lambda: EngineUnreachable("no answer")),
]
_MOST_CALLS = 60
"""More than any operation here makes: a loop that gets there would never end."""


class Case:
    """Two services, b running beside a; a's operation is held up at the engine's call number `at`."""

    def __init__(
        self, operation: Operation, prepare: Callable[[Bench], None], error: BaseException, at: int, *, after: bool
    ) -> None:
        self.docker = bench()
        manager = self.docker.manager()
        self.port = manager.create("a", FOLDER).port
        self.beside = (manager.create("b", "/behaviour-of-b").port, manager.start("b").container)
        prepare(self.docker)
        wire = Tripwire(self.docker.engine, at, error, after)
        self.raised: BaseException | None = None
        try:
            operation(self.docker.manager(wire))
        except (Interrupted, ChurnError) as caught:
            self.raised = caught
        self.tripped = not wire.untouched

    def next(self, operation: Operation) -> None:
        """As a new program over the same store, on an engine that is well again; its server is well too."""
        self.docker.host.behave(FOLDER, "healthy")
        manager = self.docker.manager()
        if operation is start and manager.status("a")[1] == "running":
            with pytest.raises(ServiceError, match="running already"):
                operation(manager)
        else:
            operation(manager)

    def assert_honest(self) -> None:
        """Whatever has happened: no service is said to run that does not, and b is as it was."""
        listed = {name: (status, port) for name, status, port in self.docker.manager().list()}
        assert listed["a"][1] == self.port
        if listed["a"][0] == "running":
            assert "running" in self.docker.of("a")
            assert self.answers()
        assert listed["b"] == ("running", self.beside[0])
        (row,) = self.docker.engine.list({SESSION: "test", SERVICE: "b"})
        assert (row.id, row.state) == (self.beside[1], "running")

    def assert_up(self) -> None:
        container = self.holder()
        assert self.docker.of("a") == ["running"]
        assert container is not None
        assert container.spec.labels[SERVICE] == "a"
        assert self.docker.manager().status("a") == ("a", "running", self.port)
        assert self.answers()
        self.assert_honest()

    def assert_down(self) -> None:
        assert self.docker.of("a") == []
        assert self.holder() is None
        assert self.docker.manager().status("a") == ("a", "stopped", self.port)
        self.assert_honest()

    def holder(self) -> EmulatedContainer | None:
        return self.docker.core.on_port(self.port)

    def answers(self) -> bool:
        return self.docker.host.health(self.port, "/health") == 200


def cases(
    operation: Operation, prepare: Callable[[Bench], None], error: Callable[[], BaseException], *, after: bool
) -> Iterator[Case]:
    """A case for each call that the operation makes, until it completes without having been held up."""
    for at in count(1):
        case = Case(operation, prepare, error(), at, after=after)
        if not case.tripped:
            assert at > 2, "an operation that makes no calls proves nothing"
            return
        assert at < _MOST_CALLS
        yield case


def everywhere(test: Callable[..., None]) -> Callable[..., None]:
    """The test, for every situation, way of failing, and both sides of a call."""
    situations = [f"{operation.__name__}-{prepare.__name__}" for operation, prepare in SITUATIONS]
    for mark in (
        pytest.mark.parametrize(("operation", "prepare"), SITUATIONS, ids=situations),
        pytest.mark.parametrize("error", [made for _, made in _FAILURES], ids=[word for word, _ in _FAILURES]),
        pytest.mark.parametrize("after", [False, True], ids=["before", "after"]),
    ):
        test = mark(test)
    return test


@everywhere
def test_wherever_it_is_held_up_the_list_does_not_lie(
    operation: Operation, prepare: Callable[[Bench], None], error: Callable[[], BaseException], after: bool
) -> None:
    for case in cases(operation, prepare, error, after=after):
        case.assert_honest()


@everywhere
def test_wherever_it_is_held_up_the_next_start_gives_exactly_one_running_container(
    operation: Operation, prepare: Callable[[Bench], None], error: Callable[[], BaseException], after: bool
) -> None:
    for case in cases(operation, prepare, error, after=after):
        case.next(start)
        case.assert_up()


@everywhere
def test_wherever_it_is_held_up_the_next_stop_leaves_none(
    operation: Operation, prepare: Callable[[Bench], None], error: Callable[[], BaseException], after: bool
) -> None:
    for case in cases(operation, prepare, error, after=after):
        case.next(stop)
        case.assert_down()


@pytest.mark.parametrize(("operation", "prepare"), SITUATIONS)
def test_an_interrupt_is_held_up_by_nothing(operation: Operation, prepare: Callable[[Bench], None]) -> None:
    for case in cases(operation, prepare, Interrupted, after=False):
        assert isinstance(case.raised, Interrupted)


@pytest.mark.parametrize(("operation", "prepare"), SITUATIONS)
@pytest.mark.parametrize("error", [made for word, made in _FAILURES if word != "interrupted"])
@pytest.mark.parametrize("after", [False, True])
def test_an_operation_that_says_it_succeeded_did_so_though_the_engine_failed(
    operation: Operation, prepare: Callable[[Bench], None], error: Callable[[], BaseException], after: bool
) -> None:
    for case in cases(operation, prepare, error, after=after):
        if case.raised is None:
            (case.assert_up if operation is start else case.assert_down)()


def test_an_engine_that_is_down_for_a_while_changes_nothing_for_good(docker: Bench, manager: ReferenceManager) -> None:
    manager.create("a")
    manager.start("a")
    docker.core.down = True
    for operation in (start, stop):
        with pytest.raises((EngineUnreachable, ServiceError)):
            operation(manager)
    docker.core.down = False
    assert rows(manager) == {"a": "running"}
    manager.stop("a")
    assert docker.states() == []


# -- as a `Manager` ---------------------------------------------------------------------------------------------------


def test_as_a_manager_it_tells_how_operations_ended_and_when(docker: Bench, manager: ReferenceManager) -> None:
    driven = Embedded(manager)
    assert isinstance(driven.create("a", FOLDER), Ok)
    started = driven.start("a")
    assert isinstance(started, Ok)
    assert started.ended == docker.clock.now() > started.began
    refused = driven.start("a")
    assert isinstance(refused, Rejected)
    assert "running already" in refused.reason
    assert isinstance(driven.stop("a"), Ok)


def test_as_a_manager_it_lists_services_in_the_contracts_words(manager: ReferenceManager) -> None:
    driven = Embedded(manager)
    for name in ("a", "b"):
        driven.create(name, FOLDER)
    driven.start("b")
    answers = (driven.list(), driven.status("b"))
    told = [answer.listed or () for answer in answers if isinstance(answer, Ok)]
    assert [[(entry.service, entry.status, entry.word) for entry in entries] for entries in told] == [
        [("a", Status.CREATED, "created"), ("b", Status.RUNNING, "running")],
        [("b", Status.RUNNING, "running")],
    ]


def test_as_a_manager_it_raises_nothing_whatever_the_engine_does(docker: Bench, manager: ReferenceManager) -> None:
    driven = Embedded(manager)
    driven.create("a", FOLDER)
    docker.core.down = True
    for call in (driven.start, driven.stop):
        assert isinstance(call("a"), Rejected)
    assert isinstance(driven.list(), Rejected)


def test_as_a_manager_it_knows_its_containers_services_by_their_labels(manager: ReferenceManager) -> None:
    driven = Embedded(manager)

    def whose(labels: dict[str, str]) -> str | None:
        return driven.service_of(
            ListedContainer(id="1", name="web", state="running", image="shop", labels=labels, ports=())
        )

    assert whose({SESSION: "test", SERVICE: "a"}) == "a"
    assert whose({"app": "shop"}) is None


def test_as_a_manager_a_reset_forgets_all_services(manager: ReferenceManager) -> None:
    driven = Embedded(manager)
    driven.create("a", FOLDER)
    driven.reset()
    answer = driven.list()
    assert isinstance(answer, Ok)
    assert answer.listed == ()


# -- the store --------------------------------------------------------------------------------------------------------


def test_the_store_outlives_its_program(tmp_path: object) -> None:
    path = f"{tmp_path}/services.db"
    docker = bench()
    docker.store = Store(path)
    port = docker.manager().create("a", FOLDER).port
    docker.manager().start("a")
    docker.store.close()
    docker.store = Store(path)
    assert docker.manager().list() == [("a", "running", port)]
    docker.store.close()


def test_rows_are_read_anew_after_a_change_by_this_connection_or_another(tmp_path: Path) -> None:
    path = str(tmp_path / "services.db")
    mine, theirs = Store(path), Store(path)
    assert mine.rows() == []
    theirs.add(Record("a", 1, "", "created", None))
    assert [row[0] for row in mine.rows()] == ["a"]
    mine.mark("a", "running", "c1")
    assert [row[3] for row in mine.rows()] == ["running"]
    theirs.mark("a", "stopped", None)
    assert [row[3] for row in mine.rows()] == ["stopped"]
    mine.close()
    theirs.close()
