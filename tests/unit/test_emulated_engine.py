"""The emulated engine against what was measured on a real one: states, status codes, texts, and when things happen."""

import itertools
import re
import time

import pytest
from attrs import evolve
from builders import Bench, bench

from churn import errors
from churn.lifecycle.observation import Event, Holder, Port, Resource, ResourceKind
from churn.lifecycle.operations import Address
from churn.system.engines.emulated import EmulatedEngine
from churn.system.engines.emulated.container import Timing
from churn.system.refusals import refusal

PORT = 20001
FOLDER = "/behaviour-of-x"


@pytest.fixture
def docker() -> Bench:
    return bench()


def refused(call: object, *arguments: object, **options: object) -> errors.EngineError:
    """The error that a call ends with."""
    with pytest.raises(errors.EngineError) as caught:
        call(*arguments, **options)  # type: ignore[operator]
    return caught.value


# -- a container's life -----------------------------------------------------------------------------------------------


def test_a_container_goes_from_created_to_running_to_exited_to_nothing(docker: Bench) -> None:
    identity = docker.create(ports=(PORT,))
    seen = [docker.states()]
    for call in (
        docker.engine.start,
        docker.engine.stop,
        docker.engine.start,
        docker.engine.stop,
        docker.engine.remove,
    ):
        call(identity)
        seen.append(docker.states())
    assert seen == [["created"], ["running"], ["exited"], ["running"], ["exited"], []]


def test_what_inspect_tells(docker: Bench) -> None:
    identity = docker.run("web", ports=(PORT,), labels={"k": "v"}, restart_policy="always")
    detail = docker.engine.inspect(identity)
    assert (detail.id, detail.name, detail.state, detail.running) == (identity, "web", "running", True)
    assert (detail.labels, detail.ports, detail.restart_policy) == ({"k": "v"}, (PORT,), "always")
    assert (detail.exit_code, detail.restart_count, detail.error) == (0, 0, "")
    assert docker.engine.changes(identity) == ()


def test_ports_are_listed_while_they_are_published_and_told_by_inspect_always(docker: Bench) -> None:
    identity = docker.create(ports=(PORT,))
    assert docker.engine.list()[0].ports == ()
    docker.engine.start(identity)
    assert docker.engine.list()[0].ports == (PORT,)
    docker.engine.stop(identity)
    assert docker.engine.list()[0].ports == ()
    assert docker.engine.inspect(identity).ports == (PORT,)


@pytest.mark.parametrize("reference", ["web", "/web"])
def test_a_container_is_found_by_its_name(docker: Bench, reference: str) -> None:
    assert docker.engine.inspect(reference if docker.create("web") else "").name == "web"


def test_a_container_is_found_by_the_beginning_of_its_id_where_that_is_unambiguous(docker: Bench) -> None:
    one, other = docker.create("one"), docker.create("other")
    assert docker.engine.inspect(one[:12]).id == one
    assert one != other
    assert refused(docker.engine.inspect, "").status == 404


def test_ids_are_those_of_docker_and_depend_on_the_seed() -> None:
    first, same, another = (bench(seed=seed).create() for seed in (1, 1, 2))
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert first == same
    assert first != another


def test_a_container_without_a_name_gets_one(docker: Bench) -> None:
    names = {docker.engine.inspect(docker.create("")).name for _ in range(3)}
    assert len(names) == 3
    assert all(names)


# -- calls that have nothing to do ------------------------------------------------------------------------------------


def test_to_start_what_runs_does_nothing(docker: Bench) -> None:
    identity = docker.run()
    docker.engine.events()
    docker.engine.start(identity)
    assert docker.states() == ["running"]
    assert docker.engine.events() == ()
    assert docker.core.start(identity) is False


@pytest.mark.parametrize("started", [False, True], ids=["created", "exited"])
def test_to_stop_what_does_not_run_does_nothing(docker: Bench, started: bool) -> None:
    identity = docker.create()
    if started:
        docker.engine.start(identity)
        docker.engine.stop(identity)
    before, began = docker.states(), docker.clock.now()
    docker.engine.events()
    docker.engine.stop(identity)
    assert docker.states() == before
    assert docker.engine.events() == ()
    assert docker.clock.now() == began


# -- refusals ---------------------------------------------------------------------------------------------------------


def a_name_is_taken(docker: Bench) -> errors.EngineError:
    docker.create("web")
    return refused(docker.create, "web")


def an_image_is_missing(docker: Bench) -> errors.EngineError:
    return refused(docker.create, image="nosuch/image:1")


def a_name_is_bad(docker: Bench) -> errors.EngineError:
    return refused(docker.create, "web page")


def a_name_is_one_letter(docker: Bench) -> errors.EngineError:
    return refused(docker.create, "x")


def a_port_is_zero(docker: Bench) -> errors.EngineError:
    return refused(docker.create, ports=(0,))


def a_port_is_bad(docker: Bench) -> errors.EngineError:
    return refused(docker.create, ports=(99999,))


def start_of_nothing(docker: Bench) -> errors.EngineError:
    return refused(docker.engine.start, "web")


def stop_of_nothing(docker: Bench) -> errors.EngineError:
    return refused(docker.engine.stop, "web")


def remove_of_nothing(docker: Bench) -> errors.EngineError:
    return refused(docker.engine.remove, "web")


def forced_remove_of_nothing(docker: Bench) -> errors.EngineError:
    return refused(docker.engine.remove, "web", force=True)


def kill_of_nothing(docker: Bench) -> errors.EngineError:
    return refused(docker.engine.kill, "web")


def inspect_of_nothing(docker: Bench) -> errors.EngineError:
    return refused(docker.engine.inspect, "web")


def changes_of_nothing(docker: Bench) -> errors.EngineError:
    return refused(docker.engine.changes, "web")


def remove_running(docker: Bench) -> errors.EngineError:
    return refused(docker.engine.remove, docker.run("web"))


def remove_paused(docker: Bench) -> errors.EngineError:
    docker.core.pause(docker.run("web"))
    return refused(docker.engine.remove, "web")


def remove_twice(docker: Bench) -> errors.EngineError:
    docker.create("web")
    docker.core.remove("web")
    return refused(docker.engine.remove, "web", force=True)


def start_in_removal(docker: Bench) -> errors.EngineError:
    docker.create("web")
    docker.core.remove("web")
    return refused(docker.core.start, "web")


def start_while_it_is_killed_for_removal(docker: Bench) -> errors.EngineError:
    docker.core.remove(docker.run("web"), force=True)
    return refused(docker.core.start, "web")


def start_paused(docker: Bench) -> errors.EngineError:
    docker.core.pause(docker.run("web"))
    return refused(docker.engine.start, "web")


def kill_stopped(docker: Bench) -> errors.EngineError:
    docker.create("web")
    return refused(docker.engine.kill, "web")


def a_port_of_a_container(docker: Bench) -> errors.EngineError:
    docker.run("other", ports=(PORT,))
    return refused(docker.engine.start, docker.create("web", ports=(PORT,)))


def a_port_of_a_stranger(docker: Bench) -> errors.EngineError:
    docker.core.neighbours.strangers[PORT] = "pid 7 (nginx)"
    return refused(docker.engine.start, docker.create("web", ports=(PORT,)))


def a_port_of_a_process(docker: Bench) -> errors.EngineError:
    docker.core.neighbours.processes["7 llama-server"] = PORT
    return refused(docker.engine.start, docker.create("web", ports=(PORT,)))


def a_gpu_is_missing(docker: Bench) -> errors.EngineError:
    return refused(docker.engine.start, docker.create("web", gpu=True))


ID = "[0-9a-f]{64}"
REFUSALS = [
    (a_name_is_taken, 409, errors.NameTaken,
     (rf'Conflict\. The container name "/web" is already in use by container "{ID}"\. '
     r"You have to remove \(or rename\) that container to be able to reuse that name\.")),
    (an_image_is_missing, 404, errors.NoSuchImage, r"No such image: nosuch/image:1"),
    (a_name_is_bad, 400, errors.BadParameter,
     r"Invalid container name \(web page\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\] are allowed"),
    (a_name_is_one_letter, 400, errors.BadParameter, r"Invalid container name \(x\), .*"),
    (a_port_is_zero, 400, errors.BadParameter, r'invalid port specification: "0"'),
    (a_port_is_bad, 400, errors.BadParameter, r'invalid port specification: "99999"'),
    (start_of_nothing, 404, errors.NotFound, r"No such container: web"),
    (stop_of_nothing, 404, errors.NotFound, r"No such container: web"),
    (remove_of_nothing, 404, errors.NotFound, r"No such container: web"),
    (forced_remove_of_nothing, 404, errors.NotFound, r"No such container: web"),
    (kill_of_nothing, 404, errors.NotFound, r"No such container: web"),
    (inspect_of_nothing, 404, errors.NotFound, r"No such container: web"),
    (changes_of_nothing, 404, errors.NotFound, r"No such container: web"),
    (remove_running, 409, errors.Conflict,
     (rf"You cannot remove a running container {ID}\. "
     r"Stop the container before attempting removal or force remove")),
    (remove_paused, 409, errors.Conflict,
     (rf"You cannot remove a paused container {ID}\. "
     r"Unpause and then stop the container before attempting removal or force remove")),
    (remove_twice, 409, errors.RemovalInProgress, r"removal of container web is already in progress"),
    (start_in_removal, 409, errors.RemovalInProgress, r"container is marked for removal and cannot be started"),
    (start_while_it_is_killed_for_removal, 409, errors.RemovalInProgress,
     r"container is marked for removal and cannot be started"),
    (start_paused, 409, errors.Conflict, r"cannot start a paused container, try unpause instead"),
    (kill_stopped, 409, errors.Conflict, rf"Cannot kill container: web: Container {ID} is not running"),
    (a_port_of_a_container, 500, errors.PortTaken,
     (rf"driver failed programming external connectivity on endpoint web \({ID}\): "
     r"Bind for 0\.0\.0\.0:20001 failed: port is already allocated")),
    (a_port_of_a_stranger, 500, errors.PortTaken,
     (rf"driver failed programming external connectivity on endpoint web \({ID}\): Error starting userland proxy: "
     r"listen tcp4 0\.0\.0\.0:20001: bind: address already in use")),
    (a_port_of_a_process, 500, errors.PortTaken,
     (rf"driver failed programming external connectivity on endpoint web \({ID}\): Error starting userland proxy: "
     r"listen tcp4 0\.0\.0\.0:20001: bind: address already in use")),
    (a_gpu_is_missing, 500, errors.NoSuchDevice,
     r'could not select device driver "nvidia" with capabilities: \[\[gpu\]\]'),
]  # fmt: skip


@pytest.mark.parametrize(("provoke", "status", "kind", "text"), REFUSALS, ids=[row[0].__name__ for row in REFUSALS])
def test_a_refusal_has_dockers_status_code_and_text(
    docker: Bench, provoke: object, status: int, kind: type[errors.EngineError], text: str
) -> None:
    error = provoke(docker)  # type: ignore[operator]
    assert type(error) is kind
    assert error.status == status
    assert re.fullmatch(text, error.message)


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (409, 'Conflict. The name "/x" is already in use by container abc. You have to remove it', errors.NameTaken),
        (409, "removal of container abc is already in progress", errors.RemovalInProgress),
        (409, "cannot remove container \"x\": container is running: stop the container before removing or force remove",
         errors.Conflict),
        (404, "No such image: x", errors.NoSuchImage),
        (404, "No such container: x", errors.NotFound),
        (400, "invalid port specification", errors.BadParameter),
        (500, "failed to set up container networking: failed to bind host port 1: address already in use",
         errors.PortTaken),
        (500, "could not select device driver \"\" with capabilities: [[gpu]]", errors.NoSuchDevice),
        (500, "no space left on device", errors.ServerError),
        (500, "No such image", errors.ServerError),
        (418, "teapot", errors.EngineError),
    ],
)  # fmt: skip
def test_refusals_are_told_apart_by_status_code_then_by_text_of_any_version(
    status: int, text: str, kind: type[errors.EngineError]
) -> None:
    error = refusal(status, text)
    assert type(error) is kind
    assert (error.status, error.message) == (status, text)


def test_a_refused_create_leaves_nothing(docker: Bench) -> None:
    for provoke in (an_image_is_missing, a_name_is_bad, a_port_is_bad):
        provoke(docker)
    assert docker.states() == []
    assert docker.engine.events() == ()
    assert docker.create("web")


@pytest.mark.parametrize("provoke", [a_port_of_a_container, a_port_of_a_stranger, a_gpu_is_missing])
def test_a_start_that_failed_leaves_its_container_created_with_the_error_told(docker: Bench, provoke: object) -> None:
    text = provoke(docker).message  # type: ignore[operator]
    detail = docker.engine.inspect("web")
    assert (detail.state, detail.exit_code) == ("created", 128)
    assert text in detail.error


def test_a_container_left_by_a_port_clash_starts_once_the_port_is_free(docker: Bench) -> None:
    a_port_of_a_container(docker)
    docker.engine.stop("other")
    docker.engine.start("web")
    detail = docker.engine.inspect("web")
    assert (detail.state, detail.exit_code, detail.error) == ("running", 0, "")


def test_a_start_that_failed_on_its_second_port_holds_not_even_its_first(docker: Bench) -> None:
    docker.core.neighbours.strangers[PORT + 1] = "pid 7 (nginx)"
    refused(docker.engine.start, docker.create("web", ports=(PORT, PORT + 1)))
    assert docker.core.on_port(PORT) is None


def test_a_gpu_request_is_met_by_an_engine_that_has_one() -> None:
    docker = bench(gpu=True)
    docker.run("web", gpu=True)
    assert docker.states() == ["running"]


# -- removal ----------------------------------------------------------------------------------------------------------


def test_removing_is_a_state_in_which_the_container_is_still_listed(docker: Bench) -> None:
    docker.core.remove(docker.create("web"))
    assert docker.states() == ["removing"]
    docker.clock.sleep(docker.core.timing.remove)
    assert docker.states() == []


def test_a_running_container_is_killed_before_it_is_removed_by_force(docker: Bench) -> None:
    docker.run("web", ports=(PORT,))
    docker.core.remove("web", force=True)
    assert docker.states() == ["running"]
    docker.clock.sleep(docker.core.timing.kill)
    assert docker.states() == ["removing"]
    assert docker.core.on_port(PORT) is None


def test_a_name_is_freed_after_the_container_has_left_the_list(docker: Bench) -> None:
    """So that it is not listed does not mean that its name is free."""
    docker.core.remove(docker.create("web"))
    docker.clock.sleep(docker.core.timing.remove)
    assert docker.states() == []
    assert type(refused(docker.create, "web")) is errors.NameTaken
    assert type(refused(docker.engine.inspect, "web")) is errors.NotFound
    docker.clock.sleep(docker.core.timing.free_name)
    assert docker.create("web")


@pytest.mark.parametrize("force", [False, True])
def test_when_remove_has_returned_the_name_is_free(docker: Bench, force: bool) -> None:
    for _ in range(3):
        if force:
            docker.run("web")
        else:
            docker.create("web")
        docker.engine.remove("web", force=force)
        assert docker.states() == []


@pytest.mark.parametrize("paused", [False, True])
def test_force_removes_what_has_a_process(docker: Bench, paused: bool) -> None:
    docker.run("web", ports=(PORT,))
    if paused:
        docker.core.pause("web")
    docker.engine.remove("web", force=True)
    assert docker.states() == []
    assert docker.core.on_port(PORT) is None


def test_a_container_that_cannot_be_removed_is_dead(docker: Bench) -> None:
    identity = docker.run("web", ports=(PORT,))
    docker.core.remover.unremovable.add(identity)
    assert refused(docker.engine.remove, "web", force=True).status == 500
    assert docker.states() == ["dead"]
    assert not docker.engine.inspect("web").running
    assert docker.core.on_port(PORT) is None


def test_a_dead_container_cannot_be_started_keeps_its_name_and_can_be_removed_later(docker: Bench) -> None:
    identity = docker.create("web")
    docker.core.remover.unremovable.add(identity)
    refused(docker.engine.remove, "web")
    assert refused(docker.engine.start, "web").status == 409
    assert type(refused(docker.create, "web")) is errors.NameTaken
    assert type(refused(docker.engine.kill, "web")) is errors.Conflict
    docker.core.remover.unremovable.clear()
    docker.engine.remove("web")
    assert docker.states() == []
    assert docker.create("web")


def test_a_container_cannot_be_renamed_to_what_is_bad_or_taken(docker: Bench) -> None:
    docker.create("one")
    docker.create("two")
    assert type(refused(docker.core.rename, "one", "two")) is errors.NameTaken
    assert type(refused(docker.core.rename, "one", "o n e")) is errors.BadParameter
    assert [row.name for row in docker.engine.list()] == ["one", "two"]


def test_a_renamed_container_frees_its_old_name_and_holds_its_new_one(docker: Bench) -> None:
    identity = docker.create("old")
    docker.core.rename("old", "new")
    assert docker.engine.inspect("new").id == identity
    assert docker.create("old") != identity
    assert type(refused(docker.create, "new")) is errors.NameTaken
    assert [row.name for row in docker.engine.list()] == ["new", "old"]
    assert [event.action for event in docker.engine.events()] == ["create", "rename", "create"]


# -- signals, stop and ports ------------------------------------------------------------------------------------------


def test_after_stop_has_returned_the_port_is_free_at_once(docker: Bench) -> None:
    for _ in range(3):
        identity = docker.run(ports=(PORT,))
        docker.engine.stop(identity)
        assert docker.core.on_port(PORT) is None
        docker.engine.remove(identity)


def test_after_sigterm_the_port_is_held_until_the_server_has_ended(docker: Bench) -> None:
    """`docker kill -s TERM` returns at once, and who starts another container at once fails."""
    one, other = docker.run("one", ports=(PORT,)), docker.create("other", ports=(PORT,))
    docker.engine.kill(one, "TERM")
    assert docker.engine.inspect(one).state == "running"
    assert type(refused(docker.core.start, other)) is errors.PortTaken
    docker.clock.sleep(docker.core.timing.terminate)
    assert docker.engine.inspect(one).state == "exited"
    docker.engine.start(other)
    assert docker.core.on_port(PORT) is not None


def test_sigkill_ends_the_server_with_137(docker: Bench) -> None:
    identity = docker.run(ports=(PORT,))
    docker.engine.kill(identity)
    detail = docker.engine.inspect(identity)
    assert (detail.state, detail.exit_code) == ("exited", 137)
    assert docker.core.on_port(PORT) is None


@pytest.mark.parametrize("signal", ["KILL", "SIGKILL", "9"])
@pytest.mark.parametrize("paused", [False, True])
def test_when_a_kill_has_returned_the_port_is_free_at_once(docker: Bench, signal: str, paused: bool) -> None:
    identity = docker.run(ports=(PORT,))
    if paused:
        docker.core.pause(identity)
    docker.engine.kill(identity, signal)
    assert docker.states() == ["exited"]
    assert docker.core.on_port(PORT) is None


def test_other_signals_end_nothing(docker: Bench) -> None:
    identity = docker.run()
    docker.engine.kill(identity, "HUP")
    docker.clock.sleep(60.0)
    assert docker.states() == ["running"]


def test_a_stop_of_a_server_that_obeys_takes_a_moment_and_exits_with_0(docker: Bench) -> None:
    identity, began = docker.run(), docker.clock.now()
    began = docker.clock.now()
    docker.engine.stop(identity, grace=10.0)
    assert docker.clock.now() - began == pytest.approx(docker.core.timing.terminate)
    assert docker.engine.inspect(identity).exit_code == 0


@pytest.mark.parametrize("grace", [0.0, 1.0, 10.0])
def test_a_stop_of_a_server_that_ignores_sigterm_takes_the_grace_and_exits_with_137(
    docker: Bench, grace: float
) -> None:
    docker.host.behave(FOLDER, "ignore-sigterm")
    identity = docker.run(folder=FOLDER, ports=(PORT,))
    began = docker.clock.now()
    docker.engine.stop(identity, grace)
    assert docker.clock.now() - began == pytest.approx(grace + docker.core.timing.kill)
    assert docker.engine.inspect(identity).exit_code == 137
    assert docker.core.on_port(PORT) is None


def test_a_server_that_ignores_sigterm_outlives_it(docker: Bench) -> None:
    docker.host.behave(FOLDER, "ignore-sigterm")
    identity = docker.run(folder=FOLDER)
    docker.engine.kill(identity, "TERM")
    docker.clock.sleep(600.0)
    assert docker.states() == ["running"]


def test_what_can_be_paused_and_unpaused(docker: Bench) -> None:
    identity = docker.create("web")
    assert refused(docker.core.pause, "web").message == f"Container {identity} is not running"
    docker.engine.start("web")
    assert refused(docker.core.unpause, "web").message == f"Container {identity} is not paused"
    docker.core.pause("web")
    assert refused(docker.core.pause, "web").message == f"Container {identity} is already paused"


def test_a_paused_container_keeps_its_port_and_can_be_stopped(docker: Bench) -> None:
    identity = docker.run(ports=(PORT,))
    docker.core.pause(identity)
    assert docker.states() == ["paused"]
    assert docker.engine.list()[0].ports == (PORT,)
    assert refused(docker.core.pause, identity).status == 409
    docker.engine.stop(identity)
    assert docker.states() == ["exited"]


def test_a_paused_container_goes_on_when_it_is_unpaused(docker: Bench) -> None:
    identity = docker.run()
    docker.core.pause(identity)
    docker.core.unpause(identity)
    assert docker.states() == ["running"]
    assert refused(docker.core.unpause, identity).status == 500


def test_what_was_planned_for_an_earlier_life_does_not_end_the_next(docker: Bench) -> None:
    """SIGTERM, then SIGKILL: the container ends once, and its next start is not ended by what is left of the two."""
    identity = docker.run()
    docker.core.signal(identity, "TERM")
    docker.core.signal(identity, "KILL")
    docker.clock.sleep(docker.core.timing.kill)
    assert docker.states() == ["exited"]
    docker.core.start(identity)
    docker.clock.sleep(60.0)
    assert docker.states() == ["running"]


# -- restart policies -------------------------------------------------------------------------------------------------

REVIVING = ["always", "unless-stopped", "on-failure"]


def crashing(docker: Bench, policy: str) -> str:
    """A container whose server has just been told to crash, and will be well the next time."""
    identity = docker.run(folder=FOLDER, restart_policy=policy, ports=(PORT,))
    docker.host.behave(FOLDER, "crash")
    docker.clock.sleep(docker.core.timing.crash)
    docker.engine.list()
    docker.host.behave(FOLDER, "healthy")
    return identity


@pytest.mark.parametrize("policy", REVIVING)
def test_a_restart_policy_revives_a_server_that_crashed(docker: Bench, policy: str) -> None:
    identity = crashing(docker, policy)
    assert docker.states() == ["restarting"]
    assert docker.core.on_port(PORT) is None
    docker.clock.sleep(docker.core.timing.backoff)
    detail = docker.engine.inspect(identity)
    assert (detail.state, detail.restart_count) == ("running", 1)
    assert docker.core.on_port(PORT) is not None


@pytest.mark.parametrize("policy", ["no", ""])
def test_without_one_a_server_that_crashed_stays_so(docker: Bench, policy: str) -> None:
    identity = crashing(docker, policy)
    docker.clock.sleep(600.0)
    detail = docker.engine.inspect(identity)
    assert (detail.state, detail.exit_code, detail.restart_count) == ("exited", 1, 0)


@pytest.mark.parametrize("policy", REVIVING)
def test_a_restart_policy_does_not_revive_what_was_stopped(docker: Bench, policy: str) -> None:
    identity = docker.run(restart_policy=policy)
    docker.engine.stop(identity)
    docker.clock.sleep(600.0)
    assert docker.states() == ["exited"]


@pytest.mark.parametrize("policy", REVIVING)
@pytest.mark.parametrize("signal", ["KILL", "TERM"])
def test_a_restart_policy_does_not_revive_what_was_killed_through_the_engine(
    docker: Bench, policy: str, signal: str
) -> None:
    docker.engine.kill(docker.run(restart_policy=policy), signal)
    docker.clock.sleep(600.0)
    assert docker.states() == ["exited"]


def test_a_restart_policy_revives_again_after_a_stop_and_a_start(docker: Bench) -> None:
    identity = docker.run(folder=FOLDER, restart_policy="always")
    docker.engine.stop(identity)
    docker.engine.start(identity)
    docker.host.behave(FOLDER, "crash")
    docker.clock.sleep(docker.core.timing.crash)
    assert docker.states() == ["restarting"]


def starts(docker: Bench) -> list[float]:
    """When a server that crashes at each start was started, by virtual time, to a hundredth of a second."""
    docker.host.behave(FOLDER, "crash")
    identity = docker.run(folder=FOLDER, restart_policy="always")
    times, count = [docker.clock.now()], 0
    while len(times) < 12:
        docker.clock.sleep(0.01)
        now = docker.engine.inspect(identity).restart_count
        if now > count:
            count = now
            times.append(docker.clock.now())
    return times


def test_the_pause_before_a_restart_doubles_up_to_a_minute(docker: Bench) -> None:
    times = starts(docker)
    pauses = [later - sooner - docker.core.timing.crash for sooner, later in itertools.pairwise(times)]
    expected = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60.0]
    assert pauses == pytest.approx(expected, abs=0.03)


def test_the_pause_is_short_again_after_a_server_that_was_up_for_long(docker: Bench) -> None:
    identity = crashing(docker, "always")
    for restarts in (1, 2):
        docker.clock.sleep(docker.core.timing.backoff)
        assert docker.engine.inspect(identity).restart_count == restarts
        docker.clock.sleep(11.0)
        docker.host.behave(FOLDER, "crash")
        docker.clock.sleep(docker.core.timing.crash)
        docker.engine.list()
        docker.host.behave(FOLDER, "healthy")


def test_a_stop_while_it_is_restarting_is_final(docker: Bench) -> None:
    identity = crashing(docker, "always")
    docker.engine.stop(identity)
    docker.clock.sleep(600.0)
    assert docker.engine.inspect(identity).state == "exited"


def test_a_removal_while_it_is_restarting_is_final(docker: Bench) -> None:
    docker.engine.remove(crashing(docker, "always"), force=True)
    docker.clock.sleep(600.0)
    assert docker.states() == []


def test_a_restart_that_finds_its_port_taken_ends_there(docker: Bench) -> None:
    identity = crashing(docker, "always")
    docker.core.neighbours.strangers[PORT] = "pid 7 (nginx)"
    docker.clock.sleep(600.0)
    detail = docker.engine.inspect(identity)
    assert detail.state == "exited"
    assert "address already in use" in detail.error


# -- events -----------------------------------------------------------------------------------------------------------


def test_events_come_in_order_each_once_and_their_marks_count_on(docker: Bench) -> None:
    identity = docker.create("web")
    docker.engine.start(identity)
    first = docker.engine.events()
    assert first == (
        Event(mark=1, container=identity, action="create"),
        Event(mark=2, container=identity, action="start"),
    )
    docker.engine.stop(identity)
    docker.engine.remove(identity)
    assert docker.engine.events() == (
        Event(mark=3, container=identity, action="kill", signal="15"),
        Event(mark=4, container=identity, action="die"),
        Event(mark=5, container=identity, action="destroy"),
    )
    assert docker.engine.events() == ()


def test_the_mark_is_the_newest_events_place(docker: Bench) -> None:
    assert docker.engine.mark() == 0
    docker.run()
    mark = docker.engine.mark()
    assert [event.mark for event in docker.engine.events()][-1] == mark
    later = docker.create("other")
    assert docker.engine.events() == (Event(mark=mark + 1, container=later, action="create"),)


def test_each_face_of_an_engine_reads_all_events_by_itself(docker: Bench) -> None:
    other = EmulatedEngine(docker.core)
    docker.run()
    assert docker.engine.events() == other.events() != ()


def test_what_happens_by_itself_is_told_too(docker: Bench) -> None:
    docker.run(folder=FOLDER, restart_policy="always")
    docker.engine.events()
    docker.host.behave(FOLDER, "crash")
    docker.clock.sleep(0.3)
    assert [event.action for event in docker.engine.events()] == ["die", "start", "die"]


# -- the list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (None, ["one", "two", "bare"]),
        ({}, ["one", "two", "bare"]),
        ({"app": "shop"}, ["one", "two"]),
        ({"app": ""}, ["one", "two"]),
        ({"app": "shop", "part": "1"}, ["one"]),
        ({"app": "shop", "part": ""}, ["one", "two"]),
        ({"app": "sho"}, []),
        ({"nothing": ""}, []),
    ],
)
def test_the_list_is_filtered_by_labels(docker: Bench, wanted: dict[str, str] | None, names: list[str]) -> None:
    docker.run("one", labels={"app": "shop", "part": "1"})
    docker.create("two", labels={"app": "shop", "part": "2"})
    docker.create("bare")
    assert [row.name for row in docker.engine.list(wanted)] == names


def test_a_row_of_the_list_does_not_change_after_it_was_given(docker: Bench) -> None:
    identity = docker.create()
    (before,) = docker.engine.list()
    docker.engine.start(identity)
    (after,) = docker.engine.list()
    assert (before.state, after.state) == ("created", "running")


# -- networks, volumes, images ----------------------------------------------------------------------------------------


def test_resources_are_told_by_kind_and_name_and_can_be_removed(docker: Bench) -> None:
    before = docker.engine.resources()
    assert {resource.kind for resource in before} == {ResourceKind.IMAGE}
    docker.engine.create_volume("v", {})
    docker.engine.create_volume("v", {})
    docker.engine.create_network("n", {})
    made = {Resource(ResourceKind.VOLUME, "v"), Resource(ResourceKind.NETWORK, "n")}
    assert docker.engine.resources() - before == made
    for resource in made:
        docker.engine.remove_resource(resource)
    assert docker.engine.resources() == before


def test_resources_can_be_told_by_label(docker: Bench) -> None:
    docker.engine.create_volume("ours", {"owner": "us"})
    docker.engine.create_volume("theirs", {"owner": "them"})
    docker.engine.create_network("ours", {"owner": "us"})
    ours = {Resource(ResourceKind.VOLUME, "ours"), Resource(ResourceKind.NETWORK, "ours")}
    assert docker.engine.resources({"owner": "us"}) == ours
    assert docker.engine.resources({"owner": ""}) == ours | {Resource(ResourceKind.VOLUME, "theirs")}


def test_a_network_that_is_there_is_a_conflict(docker: Bench) -> None:
    docker.engine.create_network("n", {})
    assert type(refused(docker.engine.create_network, "n", {})) is errors.Conflict


@pytest.mark.parametrize("kind", ResourceKind)
def test_a_resource_that_is_not_there_is_not_found(docker: Bench, kind: ResourceKind) -> None:
    assert isinstance(refused(docker.engine.remove_resource, Resource(kind, "x")), errors.NotFound)


def test_resources_are_written_as_kind_and_name_and_ordered_as_they_are_written() -> None:
    mixed = [Resource(kind, name) for name in ("b", "a") for kind in ResourceKind]
    written = ["container a", "container b", "image a", "image b", "network a", "network b", "volume a", "volume b"]
    assert [str(resource) for resource in sorted(mixed)] == written == sorted(map(str, mixed))


# -- time -------------------------------------------------------------------------------------------------------------


def test_a_load_of_seven_minutes_costs_no_real_time(docker: Bench) -> None:
    docker.host.behave(FOLDER, "slow=415")
    began = time.perf_counter()
    docker.run(folder=FOLDER, ports=(PORT,))
    started = docker.clock.now()
    while docker.host.health(PORT, "/health") != 200:
        docker.clock.sleep(1.0)
    assert docker.clock.now() - started == pytest.approx(420.0, abs=1.0)
    assert time.perf_counter() - began < 1.0


def test_nothing_happens_while_time_stands_still(docker: Bench) -> None:
    docker.engine.kill(docker.run(), "TERM")
    for _ in range(100):
        assert docker.states() == ["running"]


def test_calls_take_as_long_as_a_real_engines(docker: Bench) -> None:
    timing = docker.core.timing
    began = docker.clock.now()
    identity = docker.create()
    created = docker.clock.now()
    docker.engine.start(identity)
    started = docker.clock.now()
    assert created - began == pytest.approx(timing.create)
    assert started - created == pytest.approx(timing.start)


def test_other_times_can_be_set() -> None:
    docker = bench(timing=evolve(Timing(), load=0.0, start=2.0))
    docker.run(ports=(PORT,))
    assert docker.clock.now() >= 2.0
    assert docker.host.health(PORT, "/") == 200


# -- an engine that is down -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", ["identity", "list", "events", "create", "start", "stop", "kill", "remove", "inspect", "changes"]
)
def test_while_it_is_down_no_call_is_answered(docker: Bench, call: str) -> None:
    identity = docker.run()
    docker.core.down = True
    arguments = () if call in ("identity", "list", "events", "create") else (identity,)
    source = docker if call == "create" else docker.engine
    error = refused(getattr(source, call), *arguments)
    assert type(error) is errors.EngineUnreachable
    assert error.status == 0


def test_when_it_is_up_again_all_is_as_it_was(docker: Bench) -> None:
    docker.run()
    docker.core.down = True
    docker.core.down = False
    assert docker.states() == ["running"]


def test_an_engine_is_known_by_its_seed() -> None:
    assert bench(seed=1).engine.identity() == bench(seed=1).engine.identity()
    assert bench(seed=1).engine.identity() != bench(seed=2).engine.identity()


# -- the host: servers ------------------------------------------------------------------------------------------------


def healths(docker: Bench, *, timeout: float = 2.0) -> int:
    return docker.host.health(PORT, "/health", timeout)


def loaded(docker: Bench, word: str = "healthy") -> str:
    """A container whose server has had the time to load."""
    docker.host.behave(FOLDER, word)
    identity = docker.run(folder=FOLDER, ports=(PORT,))
    docker.clock.sleep(docker.core.timing.load)
    return identity


def test_a_healthy_server_answers_when_it_has_loaded(docker: Bench) -> None:
    docker.run(folder=FOLDER, ports=(PORT,))
    assert healths(docker) == 0
    docker.clock.sleep(docker.core.timing.load)
    assert healths(docker) == 200


def test_a_server_answers_no_more_when_it_was_stopped(docker: Bench) -> None:
    docker.engine.stop(loaded(docker))
    assert healths(docker) == 0


def test_a_server_loads_anew_at_each_start(docker: Bench) -> None:
    identity = loaded(docker)
    docker.engine.stop(identity)
    docker.engine.start(identity)
    assert healths(docker) == 0
    docker.clock.sleep(docker.core.timing.load)
    assert healths(docker) == 200


def test_a_slow_server_loads_that_much_longer(docker: Bench) -> None:
    loaded(docker, "slow=20")
    assert healths(docker) == 0
    docker.clock.sleep(19.9)
    assert healths(docker) == 0
    docker.clock.sleep(0.2)
    assert healths(docker) == 200


def test_a_server_that_crashes_at_its_start_ends_with_1(docker: Bench) -> None:
    docker.host.behave(FOLDER, "crash")
    identity = docker.run(folder=FOLDER, ports=(PORT,))
    assert docker.states() == ["running"]
    docker.clock.sleep(docker.core.timing.crash)
    detail = docker.engine.inspect(identity)
    assert (detail.state, detail.exit_code) == ("exited", 1)
    assert healths(docker) == 0
    assert docker.core.on_port(PORT) is None


def test_a_server_that_is_told_to_crash_while_it_runs_ends_a_moment_later(docker: Bench) -> None:
    identity = loaded(docker)
    docker.host.behave(FOLDER, "crash")
    assert healths(docker) == 200
    docker.clock.sleep(docker.core.timing.crash)
    detail = docker.engine.inspect(identity)
    assert (detail.state, detail.exit_code) == ("exited", 1)
    assert healths(docker) == 0


def test_a_server_that_did_not_get_to_read_the_word_lives_on(docker: Bench) -> None:
    loaded(docker)
    docker.host.behave(FOLDER, "crash")
    docker.host.behave(FOLDER, "healthy")
    docker.clock.sleep(60.0)
    assert healths(docker) == 200


def test_a_word_concerns_only_the_servers_that_have_its_folder(docker: Bench) -> None:
    loaded(docker)
    other = docker.run("other", folder="/another")
    for word in ("crash", "healthy"):
        docker.host.behave("/another", word)
        docker.clock.sleep(60.0)
    assert healths(docker) == 200
    assert docker.engine.inspect(other).state == "exited"


def test_an_unhealthy_server_says_so_and_its_container_runs(docker: Bench) -> None:
    loaded(docker, "unhealthy")
    assert healths(docker) == 503
    assert docker.states() == ["running"]


@pytest.mark.parametrize("timeout", [0.5, 2.0])
def test_a_server_that_hangs_costs_who_asks_the_timeout(docker: Bench, timeout: float) -> None:
    loaded(docker, "hang")
    began = docker.clock.now()
    assert healths(docker, timeout=timeout) == 0
    assert docker.clock.now() - began == pytest.approx(timeout)
    assert docker.states() == ["running"]


def test_a_server_whose_container_is_paused_hangs(docker: Bench) -> None:
    docker.core.pause(loaded(docker))
    began = docker.clock.now()
    assert healths(docker) == 0
    assert docker.clock.now() - began == pytest.approx(2.0)


@pytest.mark.parametrize("word", ["unhealthy", "hang"])
def test_the_end_of_a_fault_makes_the_server_answer_again(docker: Bench, word: str) -> None:
    loaded(docker, word)
    docker.host.behave(FOLDER, "healthy")
    assert healths(docker) == 200


def test_a_server_that_ignores_sigterm_answers_as_any(docker: Bench) -> None:
    loaded(docker, "ignore-sigterm")
    assert healths(docker) == 200


def test_nothing_answers_on_a_port_that_nobody_holds(docker: Bench) -> None:
    began = docker.clock.now()
    assert healths(docker) == 0
    assert docker.clock.now() == began


# -- the host: ports --------------------------------------------------------------------------------------------------


def test_free_ports_are_free_and_never_given_twice(docker: Bench) -> None:
    first = docker.host.free_port()
    docker.core.neighbours.strangers[first + 1] = "pid 7 (nginx)"
    docker.run(ports=(first + 2,))
    rest = [docker.host.free_port() for _ in range(3)]
    assert len({first, *rest}) == 4
    assert not {first + 1, first + 2} & set(rest)


@pytest.mark.parametrize(
    ("held", "free"), [("127.0.0.1", [False, False, True]), (Address.EVERY.value, [False] * 3), ("", [True] * 3)]
)
def test_a_port_is_held_at_the_address_where_it_is_and_an_engine_cannot_publish_it(
    docker: Bench, held: str, free: list[bool]
) -> None:
    if held:
        assert docker.host.hold(7, held)
    assert [docker.host.is_free(7, address) for address in ("127.0.0.1", Address.EVERY.value, "127.0.0.2")] == free
    made = docker.create(ports=(7,))
    if held:
        with pytest.raises(errors.PortTaken, match="address already in use"):
            docker.engine.start(made)
        docker.host.release()
    docker.engine.start(made)
    assert not docker.host.is_free(7, "127.0.0.2")


def test_whether_a_port_can_be_bound_and_who_holds_it(docker: Bench) -> None:
    docker.run("web", ports=(PORT,))
    docker.core.neighbours.strangers[PORT + 1] = "pid 7 (nginx)"
    docker.core.neighbours.processes["9 llama-server"] = PORT + 2
    seen = docker.host.look({}, (PORT, PORT + 1, PORT + 2, PORT + 3))
    assert [(port.bindable, port.holder) for port in seen.values()] == [
        (False, Holder.MANAGER), (False, Holder.STRANGER), (False, Holder.MANAGER), (True, None),
    ]  # fmt: skip
    assert "web" in seen[PORT].detail
    assert "nginx" in seen[PORT + 1].detail
    assert "llama-server" in seen[PORT + 2].detail


def test_a_look_asks_each_port_for_its_health(docker: Bench) -> None:
    loaded(docker)
    assert docker.host.look({PORT: "/health", PORT + 1: "/health"}, ()) == {PORT: Port(200), PORT + 1: Port(0)}


def test_a_port_that_is_asked_and_tried_is_told_both(docker: Bench) -> None:
    """Two possible states may want to know different things of one port."""
    loaded(docker)
    seen = docker.host.look({PORT: "/health"}, (PORT,))[PORT]
    assert (seen.health, seen.bindable, seen.holder) == (200, False, Holder.MANAGER)


def test_processes_are_those_that_the_manager_left(docker: Bench) -> None:
    assert docker.host.processes("") == ()
    docker.core.neighbours.processes["9 llama-server"] = 0
    assert docker.host.processes("") == ("9 llama-server",)


def test_processes_can_be_started_and_ended(docker: Bench) -> None:
    for name in ("one", "two"):
        docker.host.spawn(name)
    assert [process.split()[-1] for process in docker.host.processes("")] == ["one", "two"]
    docker.host.end_processes("")
    assert docker.host.processes("") == ()


def test_folders_are_told_apart_by_name(docker: Bench) -> None:
    assert docker.host.folder("a") != docker.host.folder("b")
    assert docker.host.folder("a") == docker.host.folder("a")
