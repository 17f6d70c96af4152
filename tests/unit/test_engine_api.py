"""The Docker Engine API over an emulated engine in this process, as the docker SDK meets it: time there is virtual."""

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from stat import S_IMODE
from typing import Any

import docker
import pytest
import requests
from attrs import define, evolve
from docker.errors import APIError, ContainerError, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import DeviceRequest, Mount

from churn.system.clock import VirtualClock
from churn.system.engines.emulated import Core
from churn.system.engines.emulated.api.adapter import client
from churn.system.engines.emulated.container import Timing
from churn.system.engines.emulated.hooks import EmulatedHooks
from churn.system.faults import made
from churn.system.faults.gate import Gate, Struck

IMAGE, PORT = "churn/stand-in:1", 20001


@define
class Bench:
    """An emulated engine, the SDK on it, and the gate where faults strike."""

    core: Core
    gate: Gate
    sdk: docker.DockerClient

    @property
    def now(self) -> float:
        return self.core.clock.now()

    @property
    def containers(self) -> Any:
        return self.sdk.containers

    def create(self, name: str = "web", **settings: Any) -> Container:
        return self.sdk.containers.create(IMAGE, name=name, **settings)

    def run(self, name: str = "web", **settings: Any) -> Container:
        return self.sdk.containers.run(IMAGE, detach=True, name=name, **settings)

    def state(self, name: str = "web") -> str:
        return str(self.sdk.containers.get(name).status)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """A bare request, with no version before its path."""
        return self.sdk.api.request(method, f"{self.sdk.api.base_url}{path}", timeout=60, **options)

    def switch_on(self, name: str, **settings: Any) -> None:
        self.gate.switch_on(made(name, settings))


def bench(seed: int = 0, **settings: Any) -> Bench:
    core = Core(VirtualClock(), seed=seed, images=frozenset({IMAGE}), **settings)
    gate = Gate(hooks=EmulatedHooks(core), clock=core.clock)
    return Bench(core, gate, client(core, gate))


@pytest.fixture
def engine() -> Bench:
    return bench()


def refused(call: Callable[[], object]) -> tuple[type[APIError], int, str]:
    """How the SDK says that the engine refuses."""
    with pytest.raises(APIError) as caught:
        call()
    return type(caught.value), caught.value.status_code, caught.value.explanation


# -- time -------------------------------------------------------------------------------------------------------------


def test_a_server_that_ignores_sigterm_takes_ten_virtual_seconds_to_stop(engine: Bench) -> None:
    container = engine.run(entrypoint="sleep", command=["1000"])
    began = engine.now
    container.stop()
    assert 10 <= engine.now - began < 11
    assert container.wait()["StatusCode"] == 137


@pytest.mark.parametrize(("settings", "grace"), [({}, 3), ({"stop_signal": "SIGTERM"}, 1)])
def test_a_grace_is_the_callers(engine: Bench, settings: dict[str, Any], grace: int) -> None:
    container = engine.run(entrypoint="sleep", command=["1000"], **settings)
    began = engine.now
    container.stop(timeout=grace)
    assert grace <= engine.now - began < grace + 1


def test_a_grace_of_the_containers_own_counts_where_the_caller_gives_none(engine: Bench) -> None:
    body = {"Image": IMAGE, "Entrypoint": ["sleep", "1000"], "StopTimeout": 2}
    engine.sdk.api.create_container_from_config(body, name="web")
    engine.containers.get("web").start()
    began = engine.now
    engine.containers.get("web").stop()
    assert 2 <= engine.now - began < 3


def test_a_container_that_is_to_be_stopped_by_another_signal_ends_by_that() -> None:
    engine = bench()
    image = imported(engine, "other:1", "CMD serve", "STOPSIGNAL SIGQUIT")
    container = engine.sdk.containers.run(image, detach=True, name="web")
    container.kill("TERM")
    assert container.wait()["StatusCode"] == 0
    container.start()
    began = engine.now
    container.stop()
    assert engine.now - began < 1
    assert [event["Actor"]["Attributes"].get("signal") for event in told(engine, "kill")] == ["15", "3"]


def test_a_program_that_ends_by_itself_is_waited_for(engine: Bench) -> None:
    container = engine.run(entrypoint="sleep", command=["3600"])
    began = engine.now
    assert container.wait()["StatusCode"] == 0
    assert 3599 < engine.now - began < 3601


def test_what_runs_in_the_foreground_gives_its_output_or_its_exit_code(engine: Bench) -> None:
    assert engine.sdk.containers.run(IMAGE, ["-c", "echo one; echo two"], entrypoint="sh") == b"one\ntwo\n"
    with pytest.raises(ContainerError) as caught:
        engine.sdk.containers.run(IMAGE, ["-c", "exit 3"], entrypoint="sh", remove=True)
    assert caught.value.exit_status == 3


def test_a_slow_server_tells_when_it_is_up(engine: Bench) -> None:
    engine.core.behave("/told", "slow=30")
    container = engine.run(volumes=["/told:/behaviour"])
    assert container.logs() == b""
    engine.core.clock.sleep(30)
    assert container.logs() == b"stand-in: port 8000, slow=30\n"


def test_a_server_that_crashes_says_so_on_its_standard_error(engine: Bench) -> None:
    engine.core.behave("/told", "crash")
    container = engine.run(volumes=["/told:/behaviour"])
    assert container.wait()["StatusCode"] == 1
    assert container.logs(stdout=False) == b"stand-in: crashing, as told\n"
    assert container.logs(stderr=False) == b""


# -- versions and statuses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("1.42", "client version 1.42 is too new. Maximum supported API version is 1.41"),
        ("2.0", "client version 2.0 is too new. Maximum supported API version is 1.41"),
        ("1.23", "client version 1.23 is too old. Minimum supported API version is 1.24"),
        ("1.9", "client version 1.9 is too old. Minimum supported API version is 1.24"),
    ],
)
def test_a_version_that_is_not_spoken_is_refused(engine: Bench, version: str, text: str) -> None:
    answer = engine.ask("GET", f"/v{version}/info")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(text)


@pytest.mark.parametrize("prefix", ["/v1.24", "/v1.41", ""])
def test_versions_from_1_24_up_to_1_41_are_spoken_and_none_is_the_newest(engine: Bench, prefix: str) -> None:
    assert engine.ask("GET", f"{prefix}/version").json()["ApiVersion"] == "1.41"


def test_what_has_nothing_to_do_is_304(engine: Bench) -> None:
    engine.create()
    statuses = [
        engine.ask("POST", f"/containers/web/{verb}").status_code for verb in ("stop", "start", "start", "stop", "stop")
    ]
    assert statuses == [304, 204, 304, 204, 304]


def test_what_is_not_emulated_is_told_and_404(engine: Bench) -> None:
    heard: list[str] = []
    engine.sdk.api.get_adapter(engine.sdk.api.base_url)._api.log = heard.append
    engine.create()
    assert refused(lambda: engine.containers.get("web").exec_run("true")) == (NotFound, 404, "page not found")
    assert heard == ["not emulated: POST /containers/" + engine.containers.get("web").id + "/exec"]


REFUSALS: Mapping[str, tuple[Callable[[Bench], object], type[APIError], int, str]] = {
    "no container": (lambda engine: engine.containers.get("nosuch"), NotFound, 404, "No such container: nosuch"),
    "no image": (
        lambda engine: engine.sdk.images.get("nosuch"), ImageNotFound, 404, "no such image: nosuch: No such image: nosuch:latest",
    ),
    "created of no image": (
        lambda engine: engine.containers.create("nosuch:1"), ImageNotFound, 404, "No such image: nosuch:1",
    ),
    "no network": (lambda engine: engine.sdk.networks.get("nosuch"), NotFound, 404, "network nosuch not found"),
    "no volume": (lambda engine: engine.sdk.volumes.get("nosuch"), NotFound, 404, "get nosuch: no such volume"),
    "kill of nothing": (
        lambda engine: engine.sdk.api.kill("nosuch"), NotFound, 404, "Cannot kill container: nosuch: No such container: nosuch",
    ),
    "name": (lambda engine: engine.run() and engine.create(), APIError, 409, "is already in use by container"),
    "rename": (
        lambda engine: engine.create("other") and engine.create().rename("other"),
        APIError, 409, 'Error when allocating new name: Conflict. The container name "/other" is already in use',
    ),
    "rename to nothing": (lambda engine: engine.create().rename("no name"), APIError, 400, "Invalid container name (/no name)"),
    "running": (lambda engine: engine.run().remove(), APIError, 409, "You cannot remove a running container"),
    "policy": (
        lambda engine: engine.create(restart_policy={"Name": "nosuch"}), APIError, 400, "invalid restart policy 'nosuch'",
    ),
    "policy of one that goes by itself": (
        lambda engine: engine.run(auto_remove=True).update(restart_policy={"Name": "always"}),
        APIError, 409, "Restart policy cannot be updated because AutoRemove is enabled for the container",
    ),
    "runtime": (lambda engine: engine.create(runtime="nosuch"), APIError, 400, "Unknown runtime specified nosuch"),
    "port": (
        lambda engine: engine.run("other", ports={80: PORT}) and engine.run(ports={80: PORT}),
        APIError, 500, f"Bind for 0.0.0.0:{PORT} failed: port is already allocated",
    ),
    "the same port twice": (
        lambda engine: engine.run(ports={80: PORT, 81: PORT}), APIError, 500, "port is already allocated",
    ),
    "program": (
        lambda engine: engine.run(entrypoint="/nosuch"),
        APIError, 400, 'unable to start container process: exec: "/nosuch": stat /nosuch: no such file or directory: unknown',
    ),
    "program on no path": (
        lambda engine: engine.run(entrypoint="nosuch"), APIError, 400, 'exec: "nosuch": executable file not found in $PATH',
    ),
    "gpu": (
        lambda engine: engine.run(device_requests=[DeviceRequest(driver="cdi", capabilities=[["gpu", "compute"]])]),
        APIError, 500, 'could not select device driver "cdi" with capabilities: [[gpu compute]]',
    ),
    "signal": (lambda engine: engine.run().kill("NOSUCH"), APIError, 400, "Invalid signal: NOSUCH"),
    "filter": (lambda engine: engine.containers.list(filters={"nosuch": "x"}), APIError, 400, "Invalid filter 'nosuch'"),
    "status": (lambda engine: engine.containers.list(filters={"status": "x"}), APIError, 400, "Invalid filter 'status=x'"),
    "several networks": (
        lambda engine: engine.sdk.api.create_container_from_config(
            {"Image": IMAGE, "NetworkingConfig": {"EndpointsConfig": {"a": {}, "b": {}}}}
        ),
        APIError, 400, "Container cannot be connected to network endpoints: a, b",
    ),
    "short volume": (lambda engine: engine.sdk.volumes.create("v"), APIError, 400, "volume name is too short"),
    "volume with a slash": (
        lambda engine: engine.create(volumes=["a/b:/data"]), APIError, 400, "includes invalid characters for a local volume name",
    ),
    "relative place": (lambda engine: engine.create(volumes=["data:there"]), APIError, 500, "mount path must be absolute"),
    "mode": (lambda engine: engine.create(volumes=["data:/data:nosuch"]), APIError, 500, "invalid mode: nosuch"),
    "place twice": (
        lambda engine: engine.create(volumes=["one:/data"], mounts=[Mount("/data", "two")]),
        APIError, 400, "Duplicate mount point: /data",
    ),
    "nothing asked for": (
        lambda engine: engine.sdk.api.create_container_from_config({}), APIError, 400, "Config cannot be empty",
    ),
    "until": (lambda engine: engine.containers.prune({"until": "soon"}), APIError, 400, 'time or duration: "soon"'),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_has_the_sdks_class_and_dockers_status_and_text(engine: Bench, case: str) -> None:
    provoke, kind, status, text = REFUSALS[case]
    found = refused(lambda: provoke(engine))
    assert found[:2] == (kind, status)
    assert text in found[2]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/containers/create", b"{nonsense"),
        ("/containers/create", b"[]"),
        ("/containers/json?filters=nonsense", b""),
        ('/containers/json?filters={"status":"running"}', b""),
        ("/containers/json?limit=several", b""),
        ("/events?since=yesterday", b""),
    ],
)
def test_what_cannot_be_read_is_500_with_an_error_body(engine: Bench, path: str, body: bytes) -> None:
    answer = engine.ask("POST" if body else "GET", path, data=body)
    assert answer.status_code == 500
    assert answer.json()["message"]


# -- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "created"),
    [
        ("reply-lost-before", requests.ConnectionError, False),
        ("reply-lost-after", requests.ConnectionError, True),
        ("connection-reset", requests.ConnectionError, False),
        ("truncated-json", requests.exceptions.ChunkedEncodingError, True),
        ("hang", requests.ReadTimeout, False),
    ],
)
def test_a_reply_that_gets_lost_is_the_librarys_own_error(
    engine: Bench, fault: str, error: type[Exception], created: bool
) -> None:
    engine.switch_on(fault, call="create")
    with pytest.raises(error):
        engine.create()
    engine.gate.heal()
    assert [one.name for one in engine.containers.list(all=True)] == ["web"] * created
    assert engine.gate.struck == [Struck(fault, "create")]
    assert str(engine.gate.struck[0]) == f"{fault} on create"


def test_a_client_gives_up_on_a_hanging_engine_after_its_timeout_in_virtual_time(engine: Bench) -> None:
    engine.switch_on("hang", call="list")
    engine.sdk.api.timeout = 7
    began = engine.now
    with pytest.raises(requests.ReadTimeout):
        engine.containers.list()
    assert engine.now - began == 7


def test_a_reply_that_comes_late_is_all_there_and_time_has_passed(engine: Bench) -> None:
    plain = took(engine, "plain")
    engine.switch_on("latency", milliseconds=300, call="create", times=2)
    late = [took(engine, f"late{number}") - plain for number in range(3)]
    assert late == pytest.approx([0.3, 0.3, 0.0])
    assert engine.gate.struck == [Struck("latency", "create")] * 2
    assert engine.gate.held == pytest.approx(0.6)


def took(engine: Bench, name: str) -> float:
    """Seconds until a container of that name was created."""
    began = engine.now
    assert engine.create(name).status == "created"
    return engine.now - began


def test_a_latency_stays_on_for_longer_than_it_lasts(engine: Bench) -> None:
    engine.switch_on("latency", milliseconds=300, call="list")
    engine.core.clock.sleep(1)
    began = engine.now
    engine.containers.list()
    assert engine.now - began == pytest.approx(0.3)


def test_a_latency_may_be_for_one_container_only(engine: Bench) -> None:
    engine.switch_on("latency", container="web", times=0)
    engine.create("other")
    assert engine.gate.struck == []
    engine.create("web")
    assert engine.gate.struck == [Struck("latency", "create")]
    engine.sdk.api.start("web")
    assert engine.gate.struck[1:] == [Struck("latency", "start")]


def test_a_client_gives_up_on_a_reply_that_comes_later_than_its_timeout(engine: Bench) -> None:
    engine.switch_on("latency", milliseconds=9000, call="create")
    engine.sdk.api.timeout = 7
    began = engine.now
    with pytest.raises(requests.ReadTimeout):
        engine.create()
    assert 7 <= engine.now - began < 8
    assert states(engine) == {"/web": "created"}


@pytest.mark.parametrize(
    ("fault", "verb", "status", "text"),
    [
        ("name-conflict", "create", 409, "is already in use by container"),
        ("image-gone", "create", 404, "No such image"),
        ("port-allocated", "start", 500, "port is already allocated"),
        ("missing-gpu-driver", "start", 500, "could not select device driver"),
        ("removal-in-progress", "remove", 409, "is already in progress"),
        ("server-error", "start", 500, "start: the engine failed, as told"),
    ],
)
def test_a_refusal_by_fault_has_no_effect_and_comes_once(
    engine: Bench, fault: str, verb: str, status: int, text: str
) -> None:
    calls = {
        "create": lambda: engine.create("new"),
        "start": container_of(engine).start,
        "remove": container_of(engine).remove,
    }
    before = states(engine)
    engine.switch_on(fault)
    found = refused(calls[verb])
    assert found[1] == status
    assert text in found[2]
    assert states(engine) == before
    calls[verb]()
    assert states(engine) != before


def container_of(engine: Bench) -> Container:
    """The container `web`, made where it is not there."""
    return engine.containers.get("web") if "/web" in states(engine) else engine.create()


def states(engine: Bench) -> dict[str, str]:
    return {row["Names"][0]: row["State"] for row in engine.sdk.api.containers(all=True)}


def test_a_fault_on_a_container_shows_in_it(engine: Bench) -> None:
    container = engine.run()
    engine.switch_on("oom-kill", container="web")
    container.reload()
    assert (container.status, container.attrs["State"]["OOMKilled"], container.attrs["State"]["ExitCode"]) == (
        "exited",
        True,
        137,
    )
    container.start()
    engine.switch_on("container-dies", container="web", code=4)
    assert container.wait()["StatusCode"] == 4
    engine.switch_on("sigterm-ignored", container="web")
    container.start()
    container.stop(timeout=1)
    assert container.wait()["StatusCode"] == 137


def test_an_engine_that_restarts_does_not_answer_meanwhile(engine: Bench) -> None:
    engine.run()
    engine.run("again", restart_policy={"Name": "always"})
    engine.switch_on("engine-restart", milliseconds=500)
    with pytest.raises(requests.ConnectionError, match="Is it running"):
        engine.sdk.ping()
    engine.core.clock.sleep(1)
    assert states(engine) == {"/web": "exited", "/again": "running"}


# -- images -----------------------------------------------------------------------------------------------------------


def tar(files: Mapping[str, bytes]) -> bytes:
    """An archive of files; a name that ends with a slash is a folder, content that begins with an arrow a link."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.rstrip("/"))
            entry.mode = 0o750
            if name.endswith("/"):
                entry.type = tarfile.DIRTYPE
            elif content.startswith(b"-> "):
                entry.type, entry.linkname = tarfile.SYMTYPE, content.removeprefix(b"-> ").decode()
            else:
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def imported(engine: Bench, tag: str, *changes: str, files: Mapping[str, bytes] | None = None) -> str:
    """A new image of that tag; every one has files of its own."""
    repository, _, version = tag.partition(":")
    content = tar({"bin/serve": b"a program", "bin/sh": b"a shell", "id": tag.encode(), **(files or {})})
    query = {"fromSrc": "-", "repo": repository, "tag": version, "changes": list(changes)}
    assert engine.ask("POST", "/images/create", params=query, data=content).status_code == 200
    return tag


def test_an_import_has_what_its_changes_say(engine: Bench) -> None:
    imported(
        engine, "made:1", 'ENTRYPOINT ["/bin/serve"]', "CMD --fast now", "ENV A=1 B=two", "ENV C three", "LABEL k=v",
        "WORKDIR /srv", "EXPOSE 80 53/udp", "VOLUME /data", "USER nobody",
    )  # fmt: skip
    config = engine.sdk.images.get("made:1").attrs["Config"]
    assert config["Entrypoint"] == ["/bin/serve"]
    assert config["Cmd"] == ["/bin/sh", "-c", "--fast now"]
    assert config["Env"] == ["A=1", "B=two", "C=three"]
    assert (config["Labels"], config["WorkingDir"], config["User"]) == ({"k": "v"}, "/srv", "nobody")
    assert (config["ExposedPorts"], config["Volumes"]) == ({"80/tcp": {}, "53/udp": {}}, {"/data": {}})


def test_a_change_that_is_none_is_refused(engine: Bench) -> None:
    answer = engine.ask("POST", "/images/create", params={"fromSrc": "-", "changes": "RUN x"}, data=tar({"x": b""}))
    assert (answer.status_code, answer.json()["message"]) == (400, "RUN is not a valid change command")


def test_a_container_has_what_its_image_gives_it_and_its_own_comes_first(engine: Bench) -> None:
    imported(
        engine, "made:1", 'CMD ["/bin/serve"]', "ENV A=1 B=2", "EXPOSE 80", "WORKDIR /srv", "LABEL k=image other=image"
    )
    container = engine.containers.create("made:1", environment={"A": "own"}, labels={"k": "own"}, working_dir="/own")
    config = container.attrs["Config"]
    assert config["Env"] == ["A=own", "B=2"]
    assert config["Labels"] == {"k": "own", "other": "image"}
    assert (config["WorkingDir"], config["Cmd"], config["ExposedPorts"]) == ("/own", ["/bin/serve"], {"80/tcp": {}})


def test_what_is_saved_is_loaded_under_the_same_id(engine: Bench) -> None:
    imported(engine, "made:1", 'CMD ["/bin/serve"]', files={"etc/conf": b"x"})
    image = engine.sdk.images.get("made:1")
    saved = b"".join(image.save(named=True))
    elsewhere = bench(seed=1)
    (loaded,) = elsewhere.sdk.images.load(saved)
    assert (loaded.id, loaded.tags, loaded.attrs["Config"]) == (image.id, ["made:1"], image.attrs["Config"])
    container = elsewhere.containers.create("made:1")
    assert read(container, "/etc/conf") == b"x"


def test_an_archive_with_several_layers_is_one_file_system(engine: Bench) -> None:
    """A later layer's files are over those of earlier ones, and it may take some of those away."""
    layers = [
        tar({"bin/": b"", "bin/serve": b"old", "etc/": b"", "etc/gone": b"x", "opt/": b"", "opt/a": b"a"}),
        tar({"bin/serve": b"new", "etc/.wh.gone": b"", "opt/.wh..wh..opq": b"", "opt/b": b"b", "sbin": b"-> bin"}),
    ]
    (image,) = engine.sdk.images.load(archive_of("made:1", layers, {"Cmd": ["/sbin/serve"]}))
    container = engine.sdk.containers.create("made:1")
    assert read(container, "/bin/serve") == read(container, "/sbin/serve") == b"new"
    assert names(container, "/opt") == ["opt", "opt/b"]
    assert refused(lambda: container.get_archive("/etc/gone"))[1] == 404
    container.start()
    assert len(image.attrs["RootFS"]["Layers"]) == 2
    deleted = engine.sdk.api.remove_image("made:1", force=True) if container.remove(force=True) is None else []
    assert [sorted(one) for one in deleted] == [["Untagged"], ["Deleted"], ["Deleted"], ["Deleted"]]


def archive_of(tag: str, layers: list[bytes], config: dict[str, Any]) -> bytes:
    """An image as `docker save` writes it."""
    described = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2024-05-01T00:00:00.5Z",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{place:064x}" for place, _ in enumerate(layers)]},
        "history": [{"created_by": f"step {place}"} for place, _ in enumerate(layers)],
    }
    places = [f"{place}/layer.tar" for place, _ in enumerate(layers)]
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": places}]
    parts = {"manifest.json": json.dumps(manifest).encode(), "config.json": json.dumps(described).encode()}
    return tar({**parts, **dict(zip(places, layers, strict=True))})


def read(container: Container, path: str) -> bytes:
    """A file of a container."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(container.get_archive(path)[0]))) as found:
        file = found.extractfile(found.getmembers()[0])
        assert file is not None
        return file.read()


def names(container: Container, path: str) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(container.get_archive(path)[0]))) as found:
        return sorted(found.getnames())


def test_an_images_history_is_told_from_its_newest_step(engine: Bench) -> None:
    engine.sdk.images.load(archive_of("made:1", [tar({"a": b""}), tar({"b": b""})], {"Cmd": ["x"]}))
    image = engine.sdk.images.get("made:1")
    steps = [(step["Id"], step["CreatedBy"]) for step in image.history()]
    assert steps == [(image.id, "step 1"), ("<missing>", "step 0")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"nonsense", "Error processing tar file(exit status 1): unexpected EOF"),
        (tar({"x": b""}), "repositories: no such file or directory"),
        (tar({"manifest.json": b"nonsense"}), "invalid archive"),
        (tar({"manifest.json": b'[{"Config": "nosuch"}]'}), "invalid archive"),
    ],
)
def test_an_archive_that_cannot_be_loaded_is_told_in_a_good_reply(engine: Bench, content: bytes, text: str) -> None:
    answer = engine.ask("POST", "/images/load", data=content)
    assert answer.status_code == 200
    assert text in answer.json()["error"]
    assert len(engine.sdk.images.list()) == 1


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("made", "made:latest"), ("made:latest", "made:latest"), ("docker.io/library/made", "made:latest"),
        ("library/made", "made:latest"), ("docker.io/team/made:1", "team/made:1"),
        ("localhost:5000/made:1", "localhost:5000/made:1"),
    ],
)  # fmt: skip
def test_an_image_is_known_by_its_name_however_long(engine: Bench, asked: str, known: str) -> None:
    repository, _, version = known.rpartition(":")
    engine.sdk.images.get(IMAGE).tag(repository, version)
    assert known in engine.sdk.images.get(asked).tags
    assert engine.sdk.containers.create(asked).image.id == engine.sdk.images.get(IMAGE).id
    assert [one.tags for one in engine.sdk.images.list(name=repository)] == [engine.sdk.images.get(IMAGE).tags]


def test_a_tag_that_is_given_to_another_image_leaves_the_first_without(engine: Bench) -> None:
    first = engine.sdk.images.get(imported(engine, "made:1", "CMD x")).id
    imported(engine, "made:2", "CMD y")
    engine.sdk.images.get("made:2").tag("made", "1")
    assert [one.id for one in engine.sdk.images.list(filters={"dangling": True})] == [first]
    pruned = engine.sdk.images.prune()["ImagesDeleted"]
    assert pruned[0] == {"Deleted": first}
    assert engine.sdk.images.list(filters={"dangling": True}) == []


def removing(engine: Bench, *, tags: int, user: str, force: bool, by_id: bool) -> list[str] | str:
    """What a removal does with an image of so many tags that a container in that state was made of: its words, or its text."""
    for number in range(tags):
        if number:
            engine.sdk.images.get("made:0").tag("made", str(number))
        else:
            imported(engine, "made:0", 'CMD ["/bin/serve"]')
    image = engine.sdk.images.get("made:0")
    if user:
        container = engine.sdk.containers.create("made:0", name="web")
        if user == "running":
            container.start()
    answer = engine.ask("DELETE", f"/images/{image.id if by_id else 'made:0'}", params={"force": force})
    return answer.json()["message"] if answer.status_code == 409 else [next(iter(one)) for one in answer.json()]


GONE = ["Untagged", "Deleted", "Deleted"]
"""A tag, the image and its layer; a layer that a container is made of stays."""


@pytest.mark.parametrize(
    ("case", "found"),
    [
        ({"tags": 1, "user": "", "force": False, "by_id": False}, GONE),
        ({"tags": 1, "user": "", "force": False, "by_id": True}, GONE),
        ({"tags": 2, "user": "", "force": False, "by_id": False}, ["Untagged"]),
        (
            {"tags": 2, "user": "", "force": False, "by_id": True},
            "(must be forced) - image is referenced in multiple repositories",
        ),
        ({"tags": 2, "user": "", "force": True, "by_id": True}, ["Untagged", *GONE]),
        (
            {"tags": 1, "user": "stopped", "force": False, "by_id": False},
            'unable to remove repository reference "made:0" (must force)',
        ),
        ({"tags": 1, "user": "stopped", "force": True, "by_id": False}, ["Untagged", "Deleted"]),
        (
            {"tags": 1, "user": "stopped", "force": False, "by_id": True},
            "(must be forced) - image is being used by stopped container",
        ),
        ({"tags": 1, "user": "stopped", "force": True, "by_id": True}, ["Untagged", "Deleted"]),
        ({"tags": 2, "user": "stopped", "force": False, "by_id": False}, ["Untagged"]),
        ({"tags": 1, "user": "running", "force": False, "by_id": False}, "(must force) - container"),
        ({"tags": 1, "user": "running", "force": True, "by_id": False}, ["Untagged"]),
        (
            {"tags": 1, "user": "running", "force": True, "by_id": True},
            "(cannot be forced) - image is being used by running container",
        ),
        (
            {"tags": 2, "user": "running", "force": False, "by_id": True},
            "(cannot be forced) - image is being used by running container",
        ),
    ],
    ids=lambda case: "-".join(f"{key} {value}" for key, value in case.items()) if isinstance(case, dict) else "",
)
def test_what_removing_an_image_does(engine: Bench, case: dict[str, Any], found: list[str] | str) -> None:
    told_of = removing(engine, **case)
    assert found in told_of if isinstance(found, str) else told_of == found


def test_a_container_outlives_its_image(engine: Bench) -> None:
    removing(engine, tags=1, user="stopped", force=True, by_id=False)
    container = engine.containers.get("web")
    assert refused(lambda: engine.sdk.images.get("made:0"))[1] == 404
    assert engine.sdk.api.containers(all=True)[0]["Image"] == container.attrs["Image"]
    container.start()
    assert container.attrs["Config"]["Cmd"] == ["/bin/serve"]
    assert read(container, "/id") == b"made:0"


# -- files ------------------------------------------------------------------------------------------------------------


def test_what_is_put_into_a_container_can_be_got_out_as_it_was(engine: Bench) -> None:
    container = engine.create()
    assert container.put_archive("/tmp", tar({"dir/": b"", "dir/file": b"hello", "dir/link": b"-> file"}))  # noqa: S108 -- in a container
    stream, stat = container.get_archive("/tmp/dir")  # noqa: S108 -- in a container
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as found:
        entries = {entry.name: (entry.type, S_IMODE(entry.mode), entry.linkname) for entry in found}
    file, folder, link = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE
    assert entries == {"dir": (folder, 0o750, ""), "dir/file": (file, 0o750, ""), "dir/link": (link, 0o750, "file")}
    assert (stat["name"], stat["size"]) == ("dir", 4096)
    assert container.get_archive("/tmp/dir/link")[1]["linkTarget"] == "/tmp/dir/file"  # noqa: S108 -- in a container
    assert [(one["Path"], one["Kind"]) for one in container.diff()] == [
        ("/tmp", 0), ("/tmp/dir", 1), ("/tmp/dir/file", 1), ("/tmp/dir/link", 1),  # noqa: S108 -- in a container
    ]  # fmt: skip


def test_files_stay_through_stops_and_go_with_their_container(engine: Bench) -> None:
    container = engine.run()
    container.put_archive("/", tar({"marker": b"1"}))
    container.restart()
    assert read(container, "/marker") == b"1"
    container.remove(force=True)
    assert engine.create().diff() is None


def test_links_that_lead_in_a_circle_lead_nowhere(engine: Bench) -> None:
    container = engine.create()
    container.put_archive("/", tar({"a": b"-> b", "b": b"-> a"}))
    assert refused(lambda: container.put_archive("/a", tar({"x": b""})))[1] in (400, 404)


# -- networks and volumes ---------------------------------------------------------------------------------------------


def test_a_container_on_no_network_publishes_nothing_until_it_is_on_one(engine: Bench) -> None:
    network = engine.sdk.networks.create("net")
    container = engine.run(ports={80: PORT})
    engine.sdk.networks.get("bridge").disconnect(container)
    assert engine.core.on_port(PORT) is None
    other = engine.run("other", ports={80: PORT})
    assert refused(lambda: network.connect(container))[1] == 500
    other.remove(force=True)
    network.connect(container)
    container.reload()
    assert [place["HostPort"] for place in container.ports["80/tcp"]] == [str(PORT), str(PORT)]
    container.stop()
    container.start()
    assert list(container.attrs["NetworkSettings"]["Networks"]) == ["net"]


def test_another_network_of_the_same_name_is_not_the_same(engine: Bench) -> None:
    network = engine.sdk.networks.create("net")
    container = engine.run(network="net")
    container.stop()
    network.remove()
    engine.sdk.networks.create("net")
    assert refused(container.start)[2] == f"network {network.id} not found"


def test_nameless_volumes_go_with_their_container_only_where_that_is_asked(engine: Bench) -> None:
    def volumes() -> list[str]:
        return [one.name for one in engine.sdk.volumes.list() if one.name != "named"]

    engine.run(volumes=["named:/data", "/nameless"]).remove(force=True)
    assert len(volumes()) == 1
    engine.run(volumes=["named:/data", "/nameless"]).remove(force=True, v=True)
    assert len(volumes()) == 1
    engine.run(volumes=["named:/data", "/nameless"], auto_remove=True).stop()
    engine.core.clock.sleep(1)
    assert len(volumes()) == 1
    assert [one.name for one in engine.sdk.volumes.list() if one.name == "named"] == ["named"]


def test_a_start_that_fails_removes_a_container_that_goes_by_itself(engine: Bench) -> None:
    assert refused(lambda: engine.run(entrypoint="/nosuch", auto_remove=True))[1] == 400
    engine.core.clock.sleep(1)
    assert engine.containers.list(all=True) == []


# -- lists ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(engine: Bench) -> Bench:
    """Containers of all kinds."""
    engine.sdk.networks.create("net")
    engine.create("created", labels={"team": "a"}, volumes=["data:/data"])
    engine.run("running", labels={"team": "a", "tier": "web"}, ports={80: PORT}, network="net")
    engine.run("paused", labels={"team": "b"}).pause()
    engine.run("failed", entrypoint="sh", command=["-c", "exit 3"]).wait()
    engine.run("ended", entrypoint="true").wait()
    engine.core.clock.sleep(3600)
    engine.create("late")
    return engine


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": "created"}, {"created", "late"}),
        ({"status": ["running", "paused"]}, {"running", "paused"}),
        ({"exited": 3}, {"failed"}),
        ({"exited": [0, 3]}, {"failed", "ended"}),
        ({"label": "team"}, {"created", "running", "paused"}),
        ({"label": "team=a"}, {"created", "running"}),
        ({"label": ["team=a", "tier"]}, {"running"}),
        ({"label": "team=c"}, set()),
        ({"name": "ed$"}, {"created", "paused", "failed", "ended"}),
        ({"name": ["late", "^/running$"]}, {"late", "running"}),
        ({"name": "["}, set()),
        ({"publish": PORT}, {"running"}),
        ({"publish": "80"}, set()),
        ({"expose": "80/tcp"}, {"running"}),
        ({"volume": "data"}, {"created"}),
        ({"volume": "/data"}, {"created"}),
        ({"network": "net"}, {"running"}),
        ({"ancestor": IMAGE}, {"created", "running", "paused", "failed", "ended", "late"}),
        ({"ancestor": "other"}, set()),
        ({"before": "paused"}, {"created", "running"}),
        ({"since": "ended"}, {"late"}),
        ({"health": "none"}, {"created", "running", "paused", "failed", "ended", "late"}),
        ({"label": "team=a", "status": "running"}, {"running"}),
    ],
)
def test_a_list_is_filtered(crowd: Bench, filters: dict[str, Any], found: set[str]) -> None:
    assert {one.name for one in crowd.containers.list(all=True, filters=filters)} == found


@pytest.mark.parametrize(
    ("filters", "gone"),
    [
        ({}, {"created", "failed", "ended", "late"}),
        ({"label": "team=a"}, {"created"}),
        ({"label!": ["team"]}, {"failed", "ended", "late"}),
        ({"until": "30m"}, {"created", "failed", "ended"}),
        ({"until": "2h"}, set()),
        ({"until": "1h30m10s"}, set()),
        ({"until": str(2**31)}, {"created", "failed", "ended", "late"}),
        ({"until": "2023-11-14T22:30:00Z"}, {"created", "failed", "ended"}),
    ],
)
def test_what_is_pruned(crowd: Bench, filters: dict[str, Any], gone: set[str]) -> None:
    before = set(states(crowd))
    pruned = crowd.containers.prune(filters=filters)["ContainersDeleted"] or []
    assert {name.removeprefix("/") for name in before - set(states(crowd))} == gone
    assert len(pruned) == len(gone)


def test_the_newest_are_listed_first_and_a_limit_counts_all(crowd: Bench) -> None:
    assert [one.name for one in crowd.containers.list(limit=2)] == ["late", "ended"]
    assert [one.name for one in crowd.containers.list()] == ["paused", "running"]


def test_sizes_are_told_where_they_are_asked_for(engine: Bench) -> None:
    engine.create().put_archive("/", tar({"x": b"12345"}))
    row = engine.sdk.api.containers(all=True, size=True)[0]
    assert row["SizeRw"] == 5
    assert row["SizeRootFs"] > row["SizeRw"]
    assert "SizeRw" not in engine.sdk.api.containers(all=True)[0]


def test_the_engine_tells_what_it_uses(crowd: Bench) -> None:
    told_of = crowd.sdk.df()
    assert {len(told_of["Images"]), len(told_of["Containers"]), len(told_of["Volumes"])} == {1, 6}
    assert told_of["Images"][0]["Containers"] == 6
    assert told_of["Volumes"][0]["UsageData"]["RefCount"] == 1


# -- logs and events --------------------------------------------------------------------------------------------------


def test_lines_are_written_when_the_program_comes_to_them(engine: Bench) -> None:
    container = engine.run(entrypoint="sh", command=["-c", "echo one; sleep 60; echo two; sleep 60; echo three"])
    assert container.logs() == b"one\n"
    engine.core.clock.sleep(60)
    assert container.logs() == b"one\ntwo\n"
    container.kill()
    engine.core.clock.sleep(60)
    assert container.logs() == b"one\ntwo\n"


def test_logs_are_of_the_span_and_number_that_is_asked_for(engine: Bench) -> None:
    container = engine.run(entrypoint="sh", command=["-c", "echo one; echo two"])
    container.wait()
    between = engine.core.calendar.epoch + engine.now + 10
    engine.core.clock.sleep(20)
    container.start()
    container.wait()
    assert container.logs() == b"one\ntwo\none\ntwo\n"
    assert container.logs(since=between) == container.logs(until=between) == b"one\ntwo\n"
    assert container.logs(tail=3) == b"two\none\ntwo\n"
    assert container.logs(tail=0) == b""
    assert container.logs(timestamps=True).startswith(b"2023-11-14T")
    assert container.logs(follow=True, stream=False) == container.logs()


def test_a_stream_has_all_that_will_come(engine: Bench) -> None:
    container = engine.run(entrypoint="sh", command=["-c", "echo one; sleep 60; echo two"])
    assert list(container.logs(stream=True, follow=True)) == [b"one\n", b"two\n"]
    assert engine.now > 60
    stream = engine.sdk.events(since=0, decode=True)
    assert [event["Action"] for event in stream] == ["create", "connect", "start", "die", "disconnect"]
    stream.close()


def told(engine: Bench, *actions: str, **filters: Any) -> list[dict[str, Any]]:
    """What the engine has told so far of these actions (none: of all)."""
    query = {
        "since": "0",
        "until": str(int(engine.core.calendar.nanoseconds() / 10**9) + 1),
        "filters": json.dumps(filters),
    }
    lines = engine.ask("GET", "/events", params=query).content.splitlines()
    return [event for event in map(json.loads, lines) if not actions or event["Action"] in actions]


def life(engine: Bench) -> list[tuple[str, str]]:
    """A life with everything in it, and what was told of it."""
    container = engine.create(volumes=["data:/data"], ports={80: PORT})
    container.start()
    container.kill("HUP")
    container.pause()
    container.unpause()
    container.restart(timeout=1)
    container.stop(timeout=1)
    container.remove()
    return [(event["Type"], event["Action"]) for event in told(engine)]


def test_the_events_of_a_whole_life(engine: Bench) -> None:
    up = [("network", "connect"), ("volume", "mount"), ("container", "start")]
    down = [
        ("container", "kill"),
        ("container", "die"),
        ("network", "disconnect"),
        ("volume", "unmount"),
        ("container", "stop"),
    ]
    moved = [("container", action) for action in ("kill", "pause", "unpause")]
    born = [("volume", "create"), ("container", "create")]
    assert life(engine) == [*born, *up, *moved, *down, *up, ("container", "restart"), *down, ("container", "destroy")]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"event": ["die"]}, {"die"}),
        ({"type": ["volume"]}, {"create", "mount", "unmount"}),
        ({"container": ["web"], "event": ["start", "stop"]}, {"start", "stop"}),
        ({"container": ["we"], "event": ["start"]}, {"start"}),
        ({"container": ["nosuch"]}, set()),
        ({"image": ["churn/stand-in"], "event": ["start"]}, {"start"}),
        ({"image": ["churn/stand"]}, set()),
        ({"network": ["bridge"]}, {"connect", "disconnect"}),
        ({"label": ["team=a"], "event": ["create"]}, {"create"}),
        ({"label": ["team=b"]}, set()),
        ({"scope": ["swarm"]}, set()),
        ({"nosuch": ["x"], "event": ["die"]}, {"die"}),
    ],
)
def test_events_are_filtered(engine: Bench, filters: dict[str, list[str]], found: set[str]) -> None:
    engine.run(labels={"team": "a"}, volumes=["data:/data"]).stop()
    assert {event["Action"] for event in told(engine, **filters)} == found


def test_events_have_an_end_where_nothing_more_will_happen(engine: Bench) -> None:
    engine.run()
    assert engine.ask("GET", "/events", params={"since": "0"}).content.count(b"\n") == len(told(engine))


# -- the same seed ----------------------------------------------------------------------------------------------------


def test_the_same_seed_has_the_same_ids_in_the_same_order_and_another_has_others() -> None:
    def ids(seed: int) -> list[str]:
        engine = bench(seed)
        life(engine)
        engine.create("late")
        imported(engine, "made:1", "CMD x")
        return [event["Actor"]["ID"] for event in told(engine)]

    assert ids(7) == ids(7)
    assert [one for one in ids(7) if len(one) == 64] != [one for one in ids(8) if len(one) == 64]


def test_the_same_calls_take_the_same_time_and_are_told_alike() -> None:
    def told_of(seed: int) -> list[tuple[str, str, int]]:
        engine = bench(seed)
        life(engine)
        return [(event["Type"], event["Action"], event["timeNano"]) for event in told(engine)]

    assert told_of(1) == told_of(2)


def test_an_engine_can_be_as_slow_as_one_likes() -> None:
    engine = bench(timing=evolve(Timing(), start=90.0))
    began = engine.now
    engine.run()
    assert engine.now - began > 90


# -- what the user has configured -------------------------------------------------------------------------------------


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose docker goes through a proxy, to another engine."""
    proxies = {"default": {"httpProxy": "http://proxy:1", "httpsProxy": "http://proxy:1"}}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": proxies, "HttpHeaders": {"X-Mine": "1"}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:1")


@pytest.mark.usefixtures("configured")
def test_what_the_user_has_configured_for_real_engines_has_no_part_in_it() -> None:
    engine = bench()
    assert engine.create().attrs["Config"]["Env"] is None
    assert engine.sdk.ping() is True


def test_what_the_docker_command_leaves_empty_is_filled_in_as_by_a_real_engine(engine: Bench) -> None:
    empty = {
        "LogConfig": {"Type": "", "Config": {}},
        "CgroupnsMode": "",
        "IpcMode": "",
        "ShmSize": 0,
        "MemorySwappiness": -1,
    }
    host = {**empty, "PidsLimit": 0, "MaskedPaths": None, "RestartPolicy": {"Name": "no"}, "NetworkMode": "default"}
    engine.sdk.api.create_container_from_config({"Image": IMAGE, "Volumes": {}, "HostConfig": host}, name="web")
    told_of = engine.containers.get("web").attrs
    filled = told_of["HostConfig"]
    assert filled["LogConfig"] == {"Type": "json-file", "Config": {}}
    assert (filled["CgroupnsMode"], filled["IpcMode"], filled["ShmSize"]) == ("host", "private", 2**26)
    assert (filled["MemorySwappiness"], filled["PidsLimit"]) == (None, None)
    assert "/proc/kcore" in filled["MaskedPaths"]
    assert told_of["Config"]["Volumes"] is None
