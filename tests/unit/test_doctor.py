"""The checks of `churn doctor`, each with the worlds that its verdicts are about."""

import json
import shutil
import socketserver
import sys
import threading
from collections import namedtuple
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from attrs import Factory, define, evolve

from churn.doctor import Check, CheckVerdict, Surroundings, aima, engine, examine, images, leftovers, machine, planned
from churn.doctor.engine import Reach, elsewhere, reached
from churn.doctor.findings import CheckFinding, listing, ok
from churn.errors import EngineUnreachable
from churn.lifecycle.observation import Holder, Port, Resource, ResourceKind
from churn.system.clock import RealClock
from churn.system.engines.docker import About, DockerEngine, ImageInfo, Place, named_by, places
from churn.system.engines.emulated.api.server import ServerSettings, served
from churn.system.host import RealHost, first_ephemeral, interfaces
from churn.system.ownership import OWNER, labels
from churn.system.protocols import ListedContainer, carries
from churn.system.runs import new_run
from churn.system.standin.image import BASE, LABEL, TAG
from sandbox import run_that_is_over

OK, NOTE, PROBLEM = CheckVerdict.OK, CheckVerdict.NOTE, CheckVerdict.PROBLEM
ABOUT = About(identity="ID:1", version="20.10.24", api="1.41", runtimes=frozenset({"runc"}))
BUSYBOX = Path("/bin/busybox")
FREE, HELD, UNTOLD = Port(bindable=True), Port(None, False, Holder.STRANGER, "pid 7 (nginx)"), Port()


@define
class FakeEngine:
    """An engine that tells what it is given."""

    url: str = "unix:///var/run/docker.sock"
    told: About = ABOUT
    interface: str | None = "docker0"
    rows: tuple[ListedContainer, ...] = ()
    images: Mapping[str, ImageInfo] = Factory(dict)
    things: Mapping[Resource, str] = Factory(dict)
    """Each with its owner."""

    def about(self) -> About:
        return self.told

    def bridge(self) -> str | None:
        return self.interface

    def architecture(self) -> str:
        return "amd64"

    def image(self, tag: str) -> ImageInfo | None:
        return self.images.get(tag)

    def list(self, labels: Mapping[str, str] | None = None) -> tuple[ListedContainer, ...]:
        return tuple(row for row in self.rows if carries(row.labels, labels or {}))

    def labelled(self, label: str) -> Mapping[Resource, str]:
        return self.things if label == OWNER else {}

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        raise AssertionError(f"a check removes {reference}, {force}, {volumes}")

    def remove_resource(self, resource: Resource) -> None:
        raise AssertionError(f"a check removes {resource}")


def row(name: str = "web", ports: tuple[int, ...] = (), **marks: str) -> ListedContainer:
    return ListedContainer(id=f"id-{name}", name=name, state="running", image="nginx", labels=marks, ports=ports)


def looking(**special: Port) -> machine.Look:
    """A host whose ports are free, but for ``p8000=…``."""

    def look(asks: Mapping[int, str], frees: tuple[int, ...]) -> dict[int, Port]:
        assert not asks, "no service is asked"
        return {port: special.get(f"p{port}", FREE) for port in frees}

    return look


def program(folder: Path, name: str, script: str) -> dict[str, str]:
    """An environment in which that program is the only one of its name."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"PATH": str(folder)}


# -- running checks ---------------------------------------------------------------------------------------------------


def test_a_check_that_breaks_is_a_problem_that_says_so_and_the_others_go_on() -> None:
    def broken() -> CheckFinding:
        raise KeyError("SystemTime")

    def unreachable() -> CheckFinding:
        raise EngineUnreachable("gone")

    checks = (Check("first", lambda: ok("fine")), Check("key", broken), Check("gone", unreachable))
    first, key, gone, last = examine((*checks, Check("last", lambda: ok("fine"))))
    assert (first, last) == (CheckFinding(OK, "fine", name="first"), CheckFinding(OK, "fine", name="last"))
    assert (key.name, key.verdict, key.found) == ("key", PROBLEM, "the check itself failed: KeyError: 'SystemTime'")
    assert (gone.name, gone.verdict, gone.found) == ("gone", PROBLEM, "the check itself failed: gone (status 0)")
    assert key.fix


def test_ctrl_c_is_not_taken_for_a_broken_check() -> None:
    def interrupted() -> CheckFinding:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(examine([Check("slow", interrupted)]))


def test_of_many_things_the_first_few_are_named() -> None:
    assert listing(["a", "b"]) == "a, b"
    assert listing([str(number) for number in range(9)]) == "0, 1, 2, 3, 4, 5 and 3 more"


# -- the engine -------------------------------------------------------------------------------------------------------


def test_an_engine_that_answers_is_ok_and_others_are_mentioned() -> None:
    reach, other = Reach("DOCKER_HOST", FakeEngine()), Place("unix:///run/podman/podman.sock")
    found = engine.answers(reach, lambda: {Place("unix:///same.sock"): ABOUT, other: evolve(ABOUT, identity="ID:2")})
    assert found.verdict is OK
    assert "unix:///var/run/docker.sock answers (named by DOCKER_HOST)" in found.found
    assert other.url in found.found
    assert "same.sock" not in found.found, "it is this very engine"
    assert "others" not in engine.answers(reach, dict).found


@pytest.mark.parametrize(
    ("error", "others", "fix"),
    [
        ("Connection refused", {}, "systemctl start docker"),
        ("PermissionError(13, 'Permission denied')", {}, "usermod -aG docker"),
        ("refused", {Place("unix:///x.sock"): ABOUT}, "export DOCKER_HOST=unix:///x.sock (Docker 20.10.24)"),
        ("refused", {Place("unix:///x.sock", "mine"): ABOUT}, "unset DOCKER_HOST; export DOCKER_CONTEXT=mine"),
    ],
)
def test_without_an_engine_the_fix_is_what_would_reach_one(error: str, others: dict[Place, About], fix: str) -> None:
    found = engine.answers(Reach("DOCKER_HOST", error=error), lambda: others)
    assert found.verdict is PROBLEM
    assert error in found.found
    assert "DOCKER_HOST" in found.found
    assert fix in found.fix


def test_without_an_engine_what_would_ask_it_is_not_looked_at() -> None:
    found = Reach("DOCKER_HOST", error="gone").asking(engine.version)()
    assert (found.verdict, found.found) == (NOTE, "not looked at: no engine answers")
    assert Reach("DOCKER_HOST", FakeEngine()).asking(engine.version)().verdict is OK


def test_an_engine_that_cannot_be_reached_is_told_not_raised(tmp_path: Path) -> None:
    with reached({"DOCKER_HOST": f"unix://{tmp_path}/nosuch.sock"}) as reach:
        assert reach.engine is None
        assert "nosuch.sock" in reach.error
        assert reach.named == "DOCKER_HOST"


class _NoEngine(BaseHTTPRequestHandler):
    """Knows an API's version, and nothing else that an engine tells."""

    def do_GET(self) -> None:
        body = json.dumps({"ApiVersion": "1.41"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _OverSocket(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def get_request(self) -> tuple[object, tuple[str, int]]:  # type: ignore[override]  # HTTP wants an address
        return super().get_request()[0], ("local", 0)


@contextmanager
def answering_otherwise(path: Path) -> Iterator[None]:
    with _OverSocket(str(path), _NoEngine) as server:  # type: ignore[arg-type]  # the same as HTTPServer's
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield
        server.shutdown()


def test_what_answers_but_is_no_engine_is_told_too(tmp_path: Path) -> None:
    with answering_otherwise(tmp_path / "x.sock"), reached({"DOCKER_HOST": f"unix://{tmp_path}/x.sock"}) as reach:
        assert reach.engine is None
        assert reach.error == "KeyError: 'SystemTime'"


def test_what_names_the_engine_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert named_by({"DOCKER_HOST": "unix:///x.sock", "DOCKER_CONTEXT": "mine"}) == "DOCKER_HOST"
    assert named_by({"DOCKER_CONTEXT": "mine"}) == "docker context mine"
    assert named_by({"DOCKER_HOST": ""}) == "docker context default"
    (tmp_path / "config.json").write_text('{"currentContext": "theirs"}')
    assert named_by({}) == "docker context theirs"


def context(configuration: Path, name: str, url: str) -> None:
    """Make a context as the `docker` command does."""
    folder = configuration / "contexts" / "meta" / sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": url}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    (configuration / "config.json").write_text("{}")


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the SDK leaves it to the garbage collector
def test_engines_are_looked_for_at_sockets_and_contexts_each_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with served(tmp_path) as server:
        (tmp_path / "podman").mkdir()
        (tmp_path / "podman" / "podman.sock").symlink_to(server.path)
        context(tmp_path, "mine", f"unix://{server.path}")
        context(tmp_path, "far", "tcp://192.0.2.1:2375")
        context(tmp_path, "by-ssh", "ssh://me@192.0.2.1")
        found = {place.context: place.url for place in places({"XDG_RUNTIME_DIR": str(tmp_path)})}
    assert found.pop("default").startswith("unix:///")
    found.pop("", None)  # what this machine has
    assert found == {"mine": f"unix://{server.path}", "far": "tcp://192.0.2.1:2375"}


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the SDK leaves it to the garbage collector
def test_places_and_contexts_that_cannot_be_read_are_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    context(tmp_path, "mine", "tcp://192.0.2.1:2375")
    unreadable = {"XDG_RUNTIME_DIR": "/" + "x" * 5000}
    assert "mine" in {place.context for place in places(unreadable)}
    for broken in ('{"Name": "mine"}', "{", '{"Name": "mine", "Metadata": {}, "Endpoints": {"docker": 7}}'):
        next(tmp_path.glob("contexts/meta/*/meta.json")).write_text(broken)
        assert "mine" not in {place.context for place in places(unreadable)}


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the SDK leaves it to the garbage collector
def test_engines_elsewhere_are_those_that_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    context(tmp_path, "dead", f"unix://{tmp_path}/nosuch.sock")
    context(tmp_path, "odd", f"unix://{tmp_path}/odd.sock")
    with served(tmp_path, ServerSettings(seed=3)) as server, answering_otherwise(tmp_path / "odd.sock"):
        context(tmp_path, "mine", f"unix://{server.path}")
        found = {place: about for place, about in elsewhere({}).items() if place.context != "default"}
        with closing(DockerEngine({}, f"unix://{server.path}")) as same:
            assert found.pop(Place(f"unix://{server.path}", "mine")) == same.about()
    assert not {place for place in found if str(tmp_path) in place.url}


@pytest.mark.parametrize(
    ("version", "api", "verdict"),
    [
        ("20.10.24+dfsg1", "1.41", OK),
        ("28.2.2", "1.50", OK),
        ("19.3.1", "1.40", NOTE),
        ("20.9", "1.40", NOTE),
        ("29.0.1", "1.52", NOTE),
        ("1.11.0", "1.23", PROBLEM),
    ],
)
def test_versions_that_are_known_are_ok_others_a_note_too_old_ones_a_problem(
    version: str, api: str, verdict: CheckVerdict
) -> None:
    found = engine.version(FakeEngine(told=evolve(ABOUT, version=version, api=api)))
    assert found.verdict is verdict
    assert version in found.found
    assert api in found.found


@pytest.mark.parametrize(
    ("fake", "verdict", "told"),
    [
        (FakeEngine(), OK, "on docker0"),
        (FakeEngine(interface="br0"), PROBLEM, "br0 is not among this machine's (docker0, lo)"),
        (FakeEngine(interface=None), PROBLEM, "no default network"),
        (FakeEngine(interface=""), NOTE, "does not tell its interface"),
        (FakeEngine(url="tcp://192.0.2.1:2375", interface="br0"), OK, "an engine elsewhere"),
        (FakeEngine(told=evolve(ABOUT, apart="rootless"), interface="br0"), OK, "rootless"),
        (FakeEngine(told=evolve(ABOUT, apart="rootless"), interface=None), PROBLEM, "no default network"),
    ],
)
def test_the_engine_needs_its_default_network_and_its_interface_where_that_can_be_seen(
    fake: FakeEngine, verdict: CheckVerdict, told: str
) -> None:
    found = engine.bridge(fake, frozenset({"lo", "docker0"}))
    assert found.verdict is verdict
    assert told in found.found
    assert bool(found.fix) is (verdict is PROBLEM)


def test_this_machines_interfaces_are_those_of_its_network_namespace() -> None:
    assert "lo" in interfaces()


@pytest.mark.parametrize(
    ("script", "verdict", "told"),
    [
        ("echo ID:1", OK, "reaches the same engine"),
        ("echo ID:2", PROBLEM, "reaches another engine: ID:2, not ID:1"),
        ("echo; echo Cannot connect >&2; exit 1", PROBLEM, "Cannot connect"),
        ("echo", PROBLEM, "it told no id"),
        ("exec /bin/sleep 60", PROBLEM, "no answer within 1 s"),
    ],
)
def test_the_docker_command_has_to_reach_the_same_engine(
    script: str, verdict: CheckVerdict, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 1)
    environ = program(tmp_path, "docker", f'[ "$*" = "info --format {{{{.ID}}}}" ] || exit 9\n{script}')
    found = engine.command(Reach("DOCKER_HOST", FakeEngine()), environ)
    assert found.verdict is verdict
    assert told in found.found
    assert str(tmp_path / "docker") in found.found


def test_without_a_docker_command_there_is_a_note(tmp_path: Path) -> None:
    found = engine.command(Reach("DOCKER_HOST", FakeEngine()), {"PATH": str(tmp_path)})
    assert (found.verdict, found.found) == (NOTE, "there is none on PATH")


def test_a_docker_command_that_reaches_what_churn_does_not_shows_the_way(tmp_path: Path) -> None:
    found = engine.command(Reach("DOCKER_HOST", error="gone"), program(tmp_path, "docker", "echo ID:1"))
    assert found.verdict is PROBLEM
    assert "export DOCKER_HOST=" in found.fix


def test_a_gpu_runtime_is_good_to_know() -> None:
    assert engine.gpu(FakeEngine(told=evolve(ABOUT, runtimes=frozenset({"runc", "nvidia"})))).verdict is OK
    found = engine.gpu(FakeEngine())
    assert found.verdict is NOTE
    assert "(but: runc)" in found.found


# -- images -----------------------------------------------------------------------------------------------------------


def holding(*tags: str, **marks: str) -> FakeEngine:
    return FakeEngine(images={tag: ImageInfo(f"sha256:{tag}", marks) for tag in tags})


@pytest.mark.parametrize(
    ("fake", "busybox", "image", "base"),
    [
        (holding(TAG), BUSYBOX, OK, OK),
        (holding(TAG), None, OK, NOTE),
        (holding(), BUSYBOX, NOTE, OK),
        (holding(BASE), None, NOTE, OK),
        (holding(), None, PROBLEM, NOTE),
    ],
)
def test_the_stand_in_has_to_be_there_or_what_it_is_made_from(
    fake: FakeEngine, busybox: Path | None, image: CheckVerdict, base: CheckVerdict
) -> None:
    found = images.stand_in(fake, busybox)
    assert found.verdict is image
    assert TAG in found.found
    assert ("churn image build" in found.fix) is (image is not OK)
    under = images.base(fake, busybox)
    assert under.verdict is base
    assert ("busybox-static" in under.fix) is (base is NOTE)


def test_aimas_images_are_good_to_know() -> None:
    assert images.aima(holding(*images.AIMA_IMAGES)).verdict is OK
    found = images.aima(holding(images.AIMA_IMAGES[0], **{LABEL: "1"}))
    assert found.verdict is NOTE
    assert found.found == (
        "not there: qujing-glm-asr-nano:latest, zhiwen-vllm:0128; there: qujing-qwen3-tts-real:latest (the stand-in)"
    )


# -- ports ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "rows", "verdict", "told"),
    [
        (looking(), (), OK, "8000-8002 can be bound on all interfaces"),
        (looking(), (row(ports=(9000,)),), OK, "8000-8002 can be bound on all interfaces"),
        (looking(p8001=HELD), (), PROBLEM, "8001 is held by pid 7 (nginx)"),
        (looking(p8002=Port(bindable=False)), (), PROBLEM, "8002 is held by a process that cannot be seen"),
        (looking(p8000=HELD), (row(ports=(8000,)),), PROBLEM, "8000 is held by container web"),
        (looking(), (row(ports=(8000,)),), PROBLEM, "8000 is held by container web"),
        (looking(p8001=UNTOLD), (), NOTE, "8001"),
    ],
)
def test_aimas_ports_have_to_be_free(
    look: machine.Look, rows: tuple[ListedContainer, ...], verdict: CheckVerdict, told: str
) -> None:
    found = machine.fixed_ports(look, rows)
    assert found.verdict is verdict
    assert told in found.found


def test_of_the_ephemeral_ports_one_has_to_be_free() -> None:
    every = {f"p{port}": HELD for port in range(32768, 32778)}
    assert machine.ephemeral_ports(looking(), (), 32768).verdict is OK
    some = machine.ephemeral_ports(looking(p32768=HELD), (), 32768)
    assert (some.verdict, some.found) == (NOTE, "32768 is held by pid 7 (nginx)")
    none = machine.ephemeral_ports(looking(**every), (), 32768)
    assert none.verdict is PROBLEM
    assert "none of 32768-32777 is free" in none.found
    untold = machine.ephemeral_ports(looking(p32768=UNTOLD), (), 32768)
    assert untold.verdict is NOTE
    assert "cannot be told" in untold.found


def test_a_held_port_is_found_on_this_machine(tmp_path: Path) -> None:
    host = RealHost(folders=tmp_path, clock=RealClock())
    first = host.free_port()
    assert host.hold(first)
    try:
        found = machine.ephemeral_ports(host.look, (), first)
    finally:
        host.release()
    assert found.verdict is not OK
    assert f"{first} is held by pid" in found.found


def test_the_first_ephemeral_port_is_in_the_range_that_the_kernel_gives() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert first == first_ephemeral() < last


# -- leftovers --------------------------------------------------------------------------------------------------------


def test_what_dead_runs_left_is_a_problem_and_what_others_have_is_not() -> None:
    dead = run_that_is_over()
    rows = (row("gone", **labels(dead)), row("foreign"), row("far", **{OWNER: "far"}), row("here", **labels(new_run())))
    things = {Resource(ResourceKind.VOLUME, "v"): dead, Resource(ResourceKind.NETWORK, "n"): dead}
    found = leftovers.engines(FakeEngine(rows=rows, things=things))
    assert found.verdict is PROBLEM
    assert found.found == "left by runs that are over: container gone (running), network n, volume v"
    assert found.fix == "churn clean"
    clean = leftovers.engines(FakeEngine(rows=rows[1:]))
    assert clean.verdict is OK
    assert "2 thing(s) of runs that may be alive" in clean.found
    assert leftovers.engines(FakeEngine(rows=rows[1:2])).found == "nothing of runs that are over"


def test_resources_of_a_dead_run_are_a_problem_without_a_container() -> None:
    found = leftovers.engines(FakeEngine(things={Resource(ResourceKind.VOLUME, "v"): run_that_is_over()}))
    assert (found.verdict, found.found) == (PROBLEM, "left by runs that are over: volume v")


def test_temporary_folders_of_dead_runs_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("churn.doctor.leftovers.processes", lambda _: ())
    (tmp_path / "churn-somebody's").mkdir()
    (tmp_path / f"churn-{new_run()}-x").mkdir()
    assert leftovers.here(tmp_path).verdict is OK
    dead = tmp_path / f"churn-{run_that_is_over()}-x"
    dead.mkdir()
    found = leftovers.here(tmp_path)
    assert (found.verdict, found.fix) == (PROBLEM, "churn clean")
    assert found.found == f"left by runs that are over: folder {dead}"
    assert dead.exists(), "nothing is removed"


def test_aimas_containers_that_no_run_made_are_a_problem() -> None:
    managed = {"aima.managed": "true"}
    ours, theirs = row("ours", **managed, **labels("run")), row("aima-tts-1", **managed)
    assert leftovers.aima(FakeEngine(rows=(ours, row("web"), row("odd", **{"aima.managed": "no"})))).verdict is OK
    found = leftovers.aima(FakeEngine(rows=(ours, theirs)))
    assert found.verdict is PROBLEM
    assert "aima-tts-1 (running)" in found.found
    assert "ours" not in found.found
    assert "docker rm -f aima-tts-1" in found.fix


# -- AIMA's program ---------------------------------------------------------------------------------------------------


def test_without_aima_there_is_a_note(tmp_path: Path) -> None:
    found = aima.program("", {"PATH": str(tmp_path)})
    assert (found.verdict, found.found) == (NOTE, "there is none on PATH")
    assert "--aima-bin" in found.fix


@pytest.mark.parametrize(("named", "variable", "source"), [("nosuch", "", "--aima-bin"), ("", "nosuch", "AIMA_BIN")])
def test_one_that_is_named_has_to_be_there(named: str, variable: str, source: str, tmp_path: Path) -> None:
    found = aima.program(named, {"PATH": str(tmp_path), "AIMA_BIN": variable})
    assert (found.verdict, found.found) == (PROBLEM, f"{source} names nosuch, which is no program that can be run")


AIMA = """
[ "$1" = version ] && [ "$AIMA_LLM_API_KEY" = x ] && [ "$HOME" != "$THEIRS" ] && [ -d "$AIMA_DATA_DIR" ] || exit 3
[ -z "$(ls "$AIMA_DATA_DIR")" ] || exit 4
: >"$HOME/trace" >"$AIMA_DATA_DIR/aima.db"
echo "$HOME" >"$THEIRS/was"
echo 'AIMA version 1.2.3'
echo '  Commit: abc'
"""


@pytest.mark.parametrize("way", ["named", "variable", "path", "relative"])
def test_its_version_is_asked_with_folders_of_its_own(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = {"HOME": str(tmp_path), "THEIRS": str(tmp_path)}
    environ = program(tmp_path, "aima", f"PATH=/bin:/usr/bin\n{AIMA}") | own
    path = str(tmp_path / "aima")
    if way != "path":
        environ["PATH"] = ""
    if way == "variable":
        environ["AIMA_BIN"] = path
    found = aima.program({"named": path, "relative": "./aima"}.get(way, ""), environ)
    assert (found.verdict, found.found) == (OK, f"{path}: AIMA version 1.2.3")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["aima", "was"]
    assert not Path((tmp_path / "was").read_text().strip()).exists(), "its folders are gone"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo broken >&2; exit 7", "ended with exit code 7: broken"),
        ("exec /bin/sleep 60", "did not end within 0.2 s: it told nothing"),
    ],
)
def test_one_that_cannot_tell_its_version_is_a_problem(
    script: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aima, "PATIENCE", 0.2)
    found = aima.program("", program(tmp_path, "aima", script))
    assert found.verdict is PROBLEM
    assert told in found.found


# -- this machine -----------------------------------------------------------------------------------------------------


def test_a_folder_can_be_written_or_made(tmp_path: Path) -> None:
    assert machine.folder(tmp_path, "TMPDIR").found == f"{tmp_path} can be written"
    assert machine.folder(tmp_path / "a" / "b", "TMPDIR").found == f"{tmp_path}/a/b can be made in {tmp_path}"
    assert machine.folder(tmp_path / "a" / "b", "TMPDIR").verdict is OK
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/churn")):
        found = machine.folder(place, "TMPDIR")
        assert found.verdict is PROBLEM
        assert str(place) in found.found
        assert "TMPDIR" in found.fix


@pytest.mark.parametrize(("mebibytes", "verdict"), [(99, PROBLEM), (500, NOTE), (2000, OK)])
def test_space_may_be_enough_short_or_too_little(
    mebibytes: int, verdict: CheckVerdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")(0, 0, mebibytes << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage if place == tmp_path else None)
    found = machine.space(tmp_path)
    assert found.verdict is verdict
    assert f"{mebibytes:,} MiB" in found.found


@pytest.mark.parametrize(("version", "verdict"), [((3, 10, 9), PROBLEM), ((3, 11, 0), OK), ((3, 14, 1), OK)])
def test_python_has_to_be_new_enough(version: tuple[int, int, int], verdict: CheckVerdict) -> None:
    assert machine.python(version).verdict is verdict


@pytest.mark.parametrize(
    ("visible", "pids", "root", "verdict", "told"),
    [
        (True, [1, 2], True, OK, "all can be seen"),
        (True, [1, 2], False, OK, "not which ports they hold"),
        (True, [2], False, NOTE, "hidepid"),
        (False, [], True, PROBLEM, "/proc"),
    ],
)
def test_processes_have_to_be_seen(
    visible: bool, pids: list[int], root: bool, verdict: CheckVerdict, told: str
) -> None:
    found = machine.processes(visible=visible, pids=pids, root=root)
    assert found.verdict is verdict
    assert told in found.found


# -- what is looked at ------------------------------------------------------------------------------------------------


def around(folder: Path, kind: str, **environ: str) -> Surroundings:
    return Surroundings(kind, {"PATH": "", **environ}, folder / "report")


def test_the_emulated_engine_needs_programs_folders_and_python_only(tmp_path: Path) -> None:
    with planned(around(tmp_path, "emulated", DOCKER_HOST="unix:///nosuch.sock")) as checks:
        findings = list(examine(checks))
    assert [finding.name for finding in findings] == [
        "docker command", "AIMA's program", "report folder", "temporary folder", "disk space", "Python"
    ]  # fmt: skip
    assert {finding.verdict for finding in findings} <= {OK, NOTE}


@pytest.mark.parametrize("address", ["unix:///nosuch.sock", "tcp://[::1", "tcp://churn.invalid:2375", "nonsense://"])
def test_without_an_engine_every_check_has_its_line_all_the_same(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with planned(around(tmp_path, "docker", DOCKER_HOST=address)) as checks:
        findings = {finding.name: finding for finding in examine(checks)}
        assert len(findings) == len(checks)
    assert findings["engine"].verdict is PROBLEM
    for name in ("engine's version", "engine's network", "stand-in image", "leftovers", "AIMA's containers"):
        assert findings[name].verdict is NOTE
    assert findings["Python"].found == ".".join(map(str, sys.version_info[:3]))


def test_a_temporary_folder_that_is_named_counts_even_where_python_would_take_another(tmp_path: Path) -> None:
    with planned(around(tmp_path, "emulated", TMPDIR=str(tmp_path / "nosuch" / "x"))) as checks:
        findings = {finding.name: finding for finding in examine(checks)}
    assert str(tmp_path / "nosuch") in findings["temporary folder"].found
