"""The same calls on the emulated engine, by each of its faces, and on the real one: the same states, codes and errors."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from attrs import define, field

from churn import errors
from churn.lifecycle.observation import Resource, ResourceKind
from churn.system.clock import RealClock, VirtualClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated import Core, EmulatedEngine, EmulatedHost
from churn.system.engines.emulated.api.server import ServerSettings, served
from churn.system.host import RealHost
from churn.system.protocols import Engine, Host, Mount, Spec
from churn.system.standin.image import TAG

GRACE = 1.0
NAMELESS = Mount("", "/model", read_only=False)


@define
class Rig:
    """An engine with its host; containers of a test of its own."""

    engine: Engine
    host: Host
    run: str = field(factory=lambda: uuid4().hex[:12])

    @property
    def labels(self) -> dict[str, str]:
        return {"churn.test": self.run}

    def name(self, word: str) -> str:
        return f"churn-test-{self.run}-{word}"

    def spec(self, word: str = "a", **changes: object) -> Spec:
        settings: dict[str, object] = {
            "labels": self.labels,
            "mounts": (Mount(self.host.folder(self.run), "/behaviour"),),
        }
        return Spec(image=TAG, name=self.name(word), **{**settings, **changes})  # type: ignore[arg-type]  # fields of Spec

    def create(self, word: str = "a", **changes: object) -> str:
        return self.engine.create(self.spec(word, **changes))

    def running(self, word: str = "a", **changes: object) -> str:
        container = self.create(word, **changes)
        self.engine.start(container)
        return container

    def state(self, container: str) -> str:
        return self.engine.inspect(container).state

    def refusal(self, call: Callable[[], object]) -> tuple[int, type[errors.EngineError]]:
        """The status code and class of the error that a call ends with."""
        with pytest.raises(errors.EngineError) as caught:
            call()
        return caught.value.status, type(caught.value)

    def clear(self) -> None:
        for row in self.engine.list(self.labels):
            with suppress(errors.NotFound, errors.RemovalInProgress):
                self.engine.remove(row.id, force=True)


@pytest.fixture(params=["emulated", "socket", pytest.param("docker", marks=pytest.mark.docker)])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """The emulated engine by direct calls, the same served on a socket, and the real one."""
    if request.param == "emulated":
        core = Core(VirtualClock(), images=frozenset({TAG}))
        yield Rig(EmulatedEngine(core), EmulatedHost(core))
        return
    if request.param == "socket":
        with (
            tempfile.TemporaryDirectory(prefix="churn-") as folder,
            served(Path(folder), ServerSettings(frozenset({TAG}))) as server,
            closing(DockerEngine({}, f"unix://{server.path}")) as engine,
        ):
            yield Rig(engine, RealHost(folders=tmp_path, clock=RealClock()))
        return
    request.getfixturevalue("standin")
    made = Rig(request.getfixturevalue("docker_engine"), RealHost(folders=tmp_path, clock=RealClock()))
    made.host.behave(made.host.folder(made.run), "healthy")
    yield made
    made.clear()


def test_a_containers_life(rig: Rig) -> None:
    container = rig.create()
    assert rig.state(container) == "created"
    rig.engine.start(container)
    assert rig.state(container) == "running"
    rig.engine.stop(container, GRACE)
    found = rig.engine.inspect(container)
    assert (found.state, found.exit_code, found.restart_count) == ("exited", 0, 0)
    rig.engine.start(container)
    assert rig.state(container) == "running"
    rig.engine.remove(container, force=True)
    assert rig.engine.list(rig.labels) == ()


def test_what_has_nothing_to_do_is_no_error(rig: Rig) -> None:
    container = rig.running()
    rig.engine.start(container)
    rig.engine.stop(container, GRACE)
    rig.engine.stop(container, GRACE)
    assert rig.state(container) == "exited"


@pytest.mark.parametrize("call", ["start", "stop", "kill", "remove", "inspect", "changes"])
def test_a_container_that_is_not_there(rig: Rig, call: str) -> None:
    assert rig.refusal(lambda: getattr(rig.engine, call)(rig.name("nosuch"))) == (404, errors.NotFound)


def test_a_name_that_is_taken_and_free_again_once_its_owner_is_gone(rig: Rig) -> None:
    container = rig.create()
    assert rig.refusal(rig.create) == (409, errors.NameTaken)
    rig.engine.remove(container)
    assert rig.create() != container


def test_an_image_that_is_not_there(rig: Rig) -> None:
    missing = Spec(image="churn/nosuch:1", name=rig.name("a"), labels=rig.labels)
    assert rig.refusal(lambda: rig.engine.create(missing)) == (404, errors.NoSuchImage)


def test_a_name_that_is_none(rig: Rig) -> None:
    bad = Spec(image=TAG, name="no name/at all", labels=rig.labels)
    assert rig.refusal(lambda: rig.engine.create(bad)) == (400, errors.BadParameter)


def test_removing_a_running_container_without_force(rig: Rig) -> None:
    container = rig.running()
    assert rig.refusal(lambda: rig.engine.remove(container)) == (409, errors.Conflict)
    assert rig.state(container) == "running"


def test_killing_one_that_does_not_run(rig: Rig) -> None:
    container = rig.create()
    assert rig.refusal(lambda: rig.engine.kill(container)) == (409, errors.Conflict)


def test_a_port_of_another_container_leaves_one_that_starts_once_the_port_is_free(rig: Rig) -> None:
    port = rig.host.free_port()
    first = rig.running("a", ports=(port,))
    second = rig.create("b", ports=(port,))
    assert rig.refusal(lambda: rig.engine.start(second)) == (500, errors.PortTaken)
    found = rig.engine.inspect(second)
    assert (found.state, found.exit_code) == ("created", 128)
    assert found.error
    rig.engine.stop(first, GRACE)
    rig.engine.start(second)
    assert rig.state(second) == "running"


def test_a_gpu_where_there_is_none(rig: Rig) -> None:
    container = rig.create(gpu=True)
    assert rig.refusal(lambda: rig.engine.start(container)) == (500, errors.NoSuchDevice)
    assert rig.state(container) == "created"


def test_a_killed_container_has_exit_code_137_and_its_port_is_free_at_once(rig: Rig) -> None:
    port = rig.host.free_port()
    container = rig.running(ports=(port,))
    assert rig.host.look({}, (port,))[port].bindable is False
    rig.engine.kill(container)
    found = rig.engine.inspect(container)
    assert (found.state, found.exit_code) == ("exited", 137)
    assert rig.host.look({}, (port,))[port].bindable is True


def test_a_server_that_ignores_sigterm_is_killed_after_the_grace(rig: Rig) -> None:
    rig.host.behave(rig.host.folder(rig.run), "ignore-sigterm")
    container = rig.running()
    rig.engine.stop(container, GRACE)
    assert rig.engine.inspect(container).exit_code == 137


def test_the_list_is_of_those_with_the_labels_in_every_state(rig: Rig) -> None:
    rig.create("a")
    container = rig.running("b", labels={**rig.labels, "more": "x"})
    assert {row.state for row in rig.engine.list(rig.labels)} == {"created", "running"}
    assert [row.id for row in rig.engine.list({**rig.labels, "more": ""})] == [container]
    assert rig.engine.list({**rig.labels, "more": "y"}) == ()


def test_only_a_running_container_is_listed_with_its_port(rig: Rig) -> None:
    port = rig.host.free_port()
    container = rig.create(ports=(port,))
    assert [row.ports for row in rig.engine.list(rig.labels)] == [()]
    rig.engine.start(container)
    assert [row.ports for row in rig.engine.list(rig.labels)] == [(port,)]
    rig.engine.stop(container, GRACE)
    assert [row.ports for row in rig.engine.list(rig.labels)] == [()]
    assert rig.engine.inspect(container).ports == (port,)


def test_events_are_told_in_their_order_once(rig: Rig) -> None:
    rig.engine.events()
    before = rig.engine.mark()
    container = rig.running()
    rig.engine.stop(container, GRACE)
    rig.engine.remove(container)
    told = [event for event in rig.engine.events() if event.container == container]
    actions = [event.action for event in told if event.action in ("create", "start", "die", "destroy")]
    assert actions == ["create", "start", "die", "destroy"]
    assert [event.mark for event in told] == sorted({event.mark for event in told})
    assert told[0].mark > before
    assert [event for event in rig.engine.events() if event.container == container] == []


def test_a_fresh_containers_layer_is_untouched(rig: Rig) -> None:
    assert rig.engine.changes(rig.running()) == ()


def test_volumes_and_networks_come_and_go(rig: Rig) -> None:
    rig.engine.create_volume(rig.name("v"), rig.labels)
    rig.engine.create_volume(rig.name("v"), rig.labels)
    rig.engine.create_network(rig.name("n"), rig.labels)
    assert rig.refusal(lambda: rig.engine.create_network(rig.name("n"), rig.labels)) == (409, errors.Conflict)
    made = {Resource(ResourceKind.VOLUME, rig.name("v")), Resource(ResourceKind.NETWORK, rig.name("n"))}
    assert rig.engine.resources(rig.labels) == made
    for resource in made:
        rig.engine.remove_resource(resource)
    assert rig.engine.resources(rig.labels) == frozenset()


def test_a_kill_tells_its_signal_and_when_it_was(rig: Rig) -> None:
    container = rig.running()
    rig.engine.events()
    rig.engine.stop(container, GRACE)
    rig.engine.start(container)
    rig.engine.remove(container, force=True)
    told = [event for event in rig.engine.events() if event.container == container and event.action == "kill"]
    assert [event.signal for event in told] == ["15", "9"]
    assert told[0].at < told[1].at


def test_inspect_tells_what_a_container_was_made_from(rig: Rig) -> None:
    folder = rig.host.folder(rig.run)
    mounts = (Mount(folder, "/behaviour"), Mount(rig.name("v"), "/models", read_only=False), NAMELESS)
    container = rig.create(environment={"A": "1=2"}, memory=64 * 2**20, mounts=mounts, command=("serve", "a b"))
    found = rig.engine.inspect(container)
    assert found.form["image"] == TAG
    assert found.form["command"].endswith("serve 'a b'")
    assert found.form["env A"] == "1=2"
    assert found.form["label churn.test"] == rig.run
    assert found.form["limit Memory"] == str(64 * 2**20)
    assert found.form["mount /behaviour"] == f"bind {folder}, read-only"
    assert found.form["mount /models"] == f"volume {rig.name('v')}"
    assert found.form["mount /model"] == "a volume of its own"
    named, nameless = sorted(found.volumes, key=lambda volume: volume.nameless)
    assert (named.name, named.target, named.read_only) == (rig.name("v"), "/models", False)
    assert (nameless.target, nameless.nameless, nameless.read_only) == ("/model", True, False)
    rig.engine.remove(container, volumes=True)
    assert rig.engine.resources(rig.labels, {named.name, nameless.name}) == {Resource(ResourceKind.VOLUME, named.name)}
    rig.engine.remove_resource(Resource(ResourceKind.VOLUME, named.name))


def test_two_containers_that_are_made_alike_have_the_same_form(rig: Rig) -> None:
    first, second = (rig.engine.inspect(rig.running(word, mounts=(NAMELESS,))).form for word in ("a", "b"))
    assert first == second


def test_a_volume_without_a_name_stays_where_it_is_not_removed_with_its_container(rig: Rig) -> None:
    container = rig.create(mounts=(NAMELESS,))
    (volume,) = rig.engine.inspect(container).volumes
    rig.engine.remove(container)
    left = Resource(ResourceKind.VOLUME, volume.name)
    assert rig.engine.resources(rig.labels, {volume.name}) == {left}
    rig.engine.remove_resource(left)


def test_a_file_in_a_volume_outlives_its_container_and_is_not_in_its_layer(rig: Rig) -> None:
    mount = Mount(rig.name("v"), "/models", read_only=False)
    first = rig.running("a", mounts=(mount,))
    assert rig.engine.get_file(first, "/models/mark") is None
    rig.engine.put_file(first, "/models/mark", b"here\n")
    assert rig.engine.changes(first) == ()
    rig.engine.remove(first, force=True, volumes=True)
    second = rig.running("b", mounts=(mount,))
    assert rig.engine.get_file(second, "/models/mark") == b"here\n"
    rig.engine.remove(second, force=True)
    assert rig.refusal(lambda: rig.engine.get_file(second, "/models/mark")) == (404, errors.NotFound)
    rig.engine.remove_resource(Resource(ResourceKind.VOLUME, mount.source))


def test_a_volume_without_a_name_that_nobody_can_write_into_is_refused(rig: Rig) -> None:
    refused = rig.refusal(lambda: rig.create(mounts=(Mount("", "/model"),)))
    assert refused == (400, errors.BadParameter)
