"""The driver of AIMA, against a program that answers from files."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from aima_text import (
    ASYNC,
    CREATED,
    DONE,
    MODEL,
    OPENING,
    PROGRESS,
    SERVICE,
    STATUS,
    failure,
    listing,
    row,
    shown,
)
from attrs import evolve

from churn.errors import EnvironmentFault, UsageError
from churn.lifecycle.contract import Bounds, Means, Noticing, Reply
from churn.lifecycle.observation import Status
from churn.lifecycle.outcome import Garbled, Ok, Outcome, Rejected, Unknown
from churn.lifecycle.sequence import Naming
from churn.system import process
from churn.system.clock import RealClock
from churn.system.host import RealHost
from churn.system.managers.aima import Aima, AimaSettings
from churn.system.protocols import ListedContainer as Container, Manager

PROGRAM = """\
#!/bin/sh
# What it is asked goes to `asked`; how it answers is in the folder that has the command's two words for its name.
echo "$*" >>"$FAKE/asked"
env >"$FAKE/environ"
answer=$FAKE/$3-$4
[ ! -e "$answer/first" ] || . "$answer/first"
cat "$answer/out" 2>/dev/null
cat "$answer/err" >&2 2>/dev/null
exit "$(cat "$answer/code" 2>/dev/null || echo 0)"
"""

DOCKER = """\
#!/bin/sh
echo "docker $*" >>"$FAKE/asked"
[ ! -e "$FAKE/no-engine" ] || { echo 'no engine there' >&2; exit 1; }
[ -e "$FAKE/images/$5" ] || { echo "no image $5" >&2; exit 1; }
"""

TTS = "qujing-qwen3-tts-real:latest"


class Fake:
    """The program, its answers, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = self._program("aima", PROGRAM)
        self._program("docker", DOCKER)
        self.environ = {"PATH": f"{folder}:{os.environ['PATH']}", "FAKE": str(folder), "DOCKER_HOST": "unix:///real"}
        self.image(TTS)
        self.answers("model-create", shown({"model_id": MODEL}))
        self.answers("service-create", CREATED)
        self.answers("service-start", f"{PROGRESS}{DONE}{shown({'success': True})}")
        self.answers("service-stop", DONE)
        self.answers("service-status", STATUS)
        self.answers("service-list", listing(row()))

    def _program(self, name: str, script: str) -> Path:
        path = self.folder / name
        path.write_text(script)
        path.chmod(0o755)
        return path

    def answers(self, command: str, out: str = "", err: str = OPENING, code: int = 0, first: str = "") -> None:
        """How the command answers from now on; `first` is a line of shell that it runs before."""
        place = self.folder / command
        place.mkdir(exist_ok=True)
        for name, content in (("out", out), ("err", err), ("code", str(code)), ("first", first)):
            (place / name).write_text(content)

    def fails(self, command: str, message: str) -> None:
        self.answers(command, "", OPENING + failure(message), 1)

    def image(self, tag: str) -> None:
        path = self.folder / "images" / tag
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    @property
    def asked(self) -> list[str]:
        """The command lines so far, without what all have in common."""
        lines = (self.folder / "asked").read_text().splitlines()
        return [line.removeprefix("-o json ") for line in lines]

    @property
    def saw(self) -> dict[str, str]:
        """The environment of the last command."""
        lines = (self.folder / "environ").read_text().splitlines()
        return dict(line.partition("=")[::2] for line in lines)


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    folder = tmp_path / "fake"
    folder.mkdir()
    return Fake(folder)


@pytest.fixture
def marker() -> Iterator[str]:
    own = uuid4().hex
    yield own
    process.end_marked(own)


@pytest.fixture
def aima(fake: Fake, tmp_path: Path, marker: str) -> Aima:
    return driver(fake, tmp_path, marker)


def driver(fake: Fake, tmp_path: Path, marker: str = "", **settings: object) -> Aima:
    chosen = AimaSettings(binary=str(fake.path), **settings)  # type: ignore[arg-type]  # fields of AimaSettings
    return Aima(tmp_path / "aima", chosen, fake.environ, "unix:///between", RealClock(), marker)


def container(*ports: int) -> Container:
    return Container(
        id="1", name="aima-tts-1", state="running", image=TTS, labels={"aima.managed": "true"}, ports=ports
    )


def reason(outcome: Outcome) -> str:
    assert isinstance(outcome, (Rejected, Unknown)), outcome
    return outcome.reason


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_it_is_a_manager(aima: Aima) -> None:
    assert isinstance(aima, Manager)


def test_a_create_registers_a_model_whose_files_are_the_services_folder_and_looks_at_its_port(
    aima: Aima, fake: Fake
) -> None:
    outcome = aima.create("web", "/srv/web")
    assert isinstance(outcome, Ok)
    assert fake.asked == [
        "model create web --type tts --path /srv/web",
        f"service create --model {MODEL}",
        f"service status {SERVICE}",
    ]
    assert outcome.evidence.command == " && ".join(f"{fake.path} -o json {line}" for line in fake.asked)
    for told in (MODEL, SERVICE, '"status": "stopped"'):
        assert told in outcome.evidence.output
    assert outcome.listed is None
    assert outcome.began < outcome.ended


def test_a_second_create_asks_for_a_second_service_of_the_same_model(aima: Aima, fake: Fake) -> None:
    aima.create("web", "/srv/web")
    fake.fails("service-create", "BROKEN: it broke\ndetails: there is one already")
    outcome = aima.create("web", "/srv/web")
    assert reason(outcome) == "there is one already"
    assert fake.asked[3:] == [f"service create --model {MODEL}"]


def test_a_create_ends_where_the_model_is_refused(aima: Aima, fake: Fake) -> None:
    fake.fails("model-create", "BROKEN: no such folder")
    assert reason(aima.create("web", "/srv/web")) == "BROKEN: no such folder"
    assert [line.split()[0] for line in fake.asked] == ["model"]


def test_a_create_whose_port_cannot_be_told_is_a_create_nonetheless(aima: Aima, fake: Fake) -> None:
    fake.fails("service-status", "BROKEN: it broke")
    outcome = aima.create("web", "/srv/web")
    assert isinstance(outcome, Ok)
    assert "BROKEN: it broke" in outcome.evidence.output
    assert aima.service_of(container(8000)) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "--wait --timeout 30"),
        ({"start_timeout": 60}, "--wait --timeout 60"),
        ({"asynchronous": True, "start_timeout": 60}, "--async --timeout 60"),
    ],
)
def test_a_start_waits_or_does_not(settings: dict[str, object], words: str, fake: Fake, tmp_path: Path) -> None:
    aima = driver(fake, tmp_path, **settings)
    aima.create("web", "/srv/web")
    fake.answers("service-start", ASYNC if "asynchronous" in settings else f"{DONE}{shown({'success': True})}")
    assert isinstance(aima.start("web"), Ok)
    assert fake.asked[-1] == f"service start {SERVICE} {words}"


@pytest.mark.parametrize("kind", ["start", "stop", "status"])
def test_a_service_is_asked_for_by_its_id_and_an_unknown_one_by_an_id_that_cannot_be(
    kind: str, aima: Aima, fake: Fake
) -> None:
    aima.create("web", "/srv/web")
    getattr(aima, kind)("web")
    assert fake.asked[-1].split()[:3] == ["service", kind, SERVICE]
    getattr(aima, kind)("web1")
    last = next(line for line in reversed(fake.asked) if line.startswith("service"))
    assert last.split()[:3] == ["service", kind, "svc-tts-model-00000000"]


def test_a_service_whose_id_was_not_told_is_asked_for_by_that_of_its_model(aima: Aima, fake: Fake) -> None:
    fake.answers("service-create", "what?")
    assert isinstance(aima.create("web", "/srv/web"), Unknown)
    aima.stop("web")
    assert fake.asked[-1] == f"service stop {SERVICE}"


@pytest.mark.parametrize("naming", list(Naming))
def test_names_of_every_kind_come_back_as_they_were_given(naming: Naming, aima: Aima, fake: Fake) -> None:
    for index, name in enumerate(("a", "b")):
        real, model = naming.real(name), f"model-0000000{index + 1}"
        fake.answers("model-create", shown({"model_id": model}))
        fake.answers("service-create", f"{DONE}{shown({'service_id': f'svc-tts-{model}'})}")
        fake.answers("service-status", shown(row("creating", 8000 + index, model)))
        assert isinstance(aima.create(real, "/srv"), Ok)
    fake.answers(
        "service-list", listing(row("running", 8001, "model-00000002"), row("creating", 8000, "model-00000001"))
    )
    told = aima.list()
    assert isinstance(told, Ok)
    assert [(one.service, one.status, one.port) for one in told.listed or ()] == [
        (naming.real("b"), Status.RUNNING, 8001),
        (naming.real("a"), Status.CREATED, 8000),
    ]
    assert [aima.service_of(container(port)) for port in (8000, 8001)] == [naming.real("a"), naming.real("b")]


@pytest.mark.parametrize(("kind", "engine"), [("tts", "tts"), ("asr", "whisper"), ("llm", "vllm")])
def test_a_models_type_decides_the_id(kind: str, engine: str, fake: Fake, tmp_path: Path) -> None:
    aima = driver(fake, tmp_path, model_type=kind)
    aima.create("web", "/srv/web")
    aima.stop("nobody")
    assert fake.asked[0] == f"model create web --type {kind} --path /srv/web"
    assert fake.asked[-1] == f"service stop svc-{engine}-model-00000000"


def test_commands_have_an_environment_of_their_own(aima: Aima, fake: Fake, tmp_path: Path, marker: str) -> None:
    aima.list()
    home, data = Path(fake.saw["HOME"]), Path(fake.saw["AIMA_DATA_DIR"])
    assert home.is_dir()
    assert data.is_dir()
    assert home.is_relative_to(tmp_path)
    assert data.is_relative_to(tmp_path)
    assert fake.saw["DOCKER_HOST"] == "unix:///between"
    assert fake.saw["AIMA_LLM_API_KEY"]
    assert fake.saw[process.MARKER] == marker


def test_a_reset_gives_a_new_store_and_forgets_all_names(aima: Aima, fake: Fake) -> None:
    aima.create("web", "/srv/web")
    kept = Path(fake.saw["AIMA_DATA_DIR"], "aima.db")
    kept.touch()
    aima.reset()
    assert kept.parent.is_dir()
    assert not kept.exists()
    aima.stop("web")
    assert fake.asked[-1] == "service stop svc-tts-model-00000000"
    assert aima.service_of(container(8000)) is None


def test_the_program_is_the_one_named_else_the_environments_else_on_path(fake: Fake, tmp_path: Path) -> None:
    def program(binary: str = "", **environ: str) -> str:
        return Aima(tmp_path / "aima", AimaSettings(binary=binary), environ, "", RealClock(), "").program

    assert program("/opt/aima", AIMA_BIN="/other") == "/opt/aima"
    assert program(AIMA_BIN="/other") == "/other"
    assert program() == "aima"
    assert fake.path.name == "aima"
    aima = Aima(tmp_path / "aima", AimaSettings(), fake.environ, "", RealClock(), "")
    assert aima.list().evidence.command == "aima -o json service list"
    assert fake.asked == ["service list"]


# -- how it ended -----------------------------------------------------------------------------------------------------


def test_the_exit_code_is_the_truth(aima: Aima, fake: Fake) -> None:
    fake.answers("service-stop", DONE, OPENING, 1)
    outcome = aima.stop("web")
    assert reason(outcome) == "exit code 1"
    assert "it is done" in outcome.evidence.output


def test_a_panic_is_a_failure_that_tells_itself(aima: Aima, fake: Fake) -> None:
    fake.answers("service-stop", "", f"{OPENING}panic: a nil was followed\n\ngoroutine 1 [running]:\n", 2)
    assert reason(aima.stop("web")) == "panic: a nil was followed"


def test_a_reason_names_services_and_no_ids_that_differ_from_run_to_run(aima: Aima, fake: Fake) -> None:
    aima.create("web", "/srv/web")
    fake.fails("service-stop", f"BROKEN: it broke\ndetails: stop {SERVICE} of {MODEL}: no")
    outcome = aima.stop("web")
    assert reason(outcome) == "stop web of web: no"
    assert SERVICE in outcome.evidence.output
    fake.fails("service-stop", "BROKEN: it broke\ndetails: stop svc-tts-model-00000000: no")
    assert reason(aima.stop("web1")) == "stop svc-tts-model-00000000: no"


def test_success_that_is_not_said_is_unreadable_and_kept_as_it_came(aima: Aima, fake: Fake) -> None:
    help_text = "Manage services\n\nUsage:\n  aima service [command]\n"
    fake.answers("service-stop", help_text, OPENING)
    outcome = aima.stop("web")
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("unreadable: expected a JSON object with 'success', which is true, got 'Manage ")
    assert outcome.garbled == Garbled("a JSON object with 'success', which is true", "no JSON")
    assert outcome.evidence.output.startswith(f"stdout, {len(help_text)} bytes: {help_text.encode()!r}\nstderr, ")
    assert not outcome.overran
    assert outcome.until == outcome.ended


def test_a_program_that_was_killed_did_not_overrun(aima: Aima, fake: Fake) -> None:
    fake.answers("service-stop", DONE, OPENING, 0, "kill -KILL $$")
    outcome = aima.stop("web")
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "it was ended by SIGKILL"
    assert not outcome.overran
    assert outcome.until > outcome.ended


@pytest.mark.parametrize("kind", ["start", "stop"])
def test_what_does_not_end_is_cut_off_with_its_group(
    kind: str, fake: Fake, tmp_path: Path, marker: str, until: Callable[[Callable[[], bool]], float]
) -> None:
    aima = driver(fake, tmp_path, marker, start_timeout=1)
    aima.contract = evolve(aima.contract, bounds=Bounds(stop=0.2, grace=0.2))
    fake.answers(f"service-{kind}", first="echo begun; sleep 60 & sleep 60")
    outcome = getattr(aima, kind)("web")
    assert isinstance(outcome, Unknown)
    assert outcome.overran
    assert outcome.took < 10
    assert outcome.until > outcome.ended
    assert "begun" in outcome.evidence.output
    assert outcome.reason == f"it was cut off after {1.2 if kind == 'start' else 0.4:g} s"
    until(lambda: process.marked(marker) == ())


def test_a_process_that_it_falls_back_to_is_seen(
    aima: Aima, fake: Fake, tmp_path: Path, marker: str, until: Callable[[Callable[[], bool]], float]
) -> None:
    """Also where it gets an environment of its own."""
    fake.answers("service-start", f"{DONE}", first="env -i setsid sleep 60 >/dev/null 2>&1 &")
    assert isinstance(aima.start("web"), Ok)
    host = RealHost(folders=tmp_path, clock=RealClock())
    until(lambda: [line.split()[1] for line in host.processes(marker) or ()] == ["sleep"])


# -- whose failure it is ----------------------------------------------------------------------------------------------


def test_a_refused_start_is_the_managers_where_engine_and_image_are_there(aima: Aima, fake: Fake) -> None:
    aima.create("web", "/srv/web")
    fake.fails("service-start", f"BROKEN: it broke\ndetails: start {SERVICE}: no")
    assert reason(aima.start("web")) == "start web: no"
    assert fake.asked[-1] == f"docker image inspect --format {{{{.Id}}}} {TTS}"


def test_a_refused_start_without_an_image_is_the_environments(aima: Aima, fake: Fake) -> None:
    fake.fails("service-start", "BROKEN: no engine was found")
    (fake.folder / "images" / TTS).unlink()
    with pytest.raises(EnvironmentFault, match=rf"{TTS}.*says: no image .*AIMA refused the start: BROKEN: no engine"):
        aima.start("web")


def test_the_image_that_is_named_is_the_one_that_has_to_be_there(fake: Fake, tmp_path: Path) -> None:
    aima = driver(fake, tmp_path, model_type="llm", image="mine/vllm:2")
    fake.fails("service-start", "BROKEN: it broke")
    with pytest.raises(EnvironmentFault, match="mine/vllm:2"):
        aima.start("web")
    fake.image("mine/vllm:2")
    assert isinstance(aima.start("web"), Rejected)


def test_a_refused_start_without_an_engine_is_the_environments(aima: Aima, fake: Fake) -> None:
    fake.fails("service-start", "BROKEN: it broke")
    (fake.folder / "no-engine").touch()
    with pytest.raises(EnvironmentFault, match="no engine there"):
        aima.start("web")


def test_a_refused_start_without_the_docker_command_is_the_environments(fake: Fake, tmp_path: Path) -> None:
    (fake.folder / "docker").unlink()
    fake.environ["PATH"] = str(fake.folder)
    for name in ("cat", "env"):
        (fake.folder / name).symlink_to(Path("/bin", name))
    aima = driver(fake, tmp_path)
    fake.fails("service-start", "BROKEN: it broke")
    with pytest.raises(EnvironmentFault, match="there is no program 'docker'"):
        aima.start("web")


@pytest.mark.parametrize(
    ("warned", "expected"),
    [
        ("failed to create SQLite store, trying another", "expected a database.*warns: failed to create SQLite store"),
        ("it did not start: Range of CPUs is small", "expected an engine with as many processors.*AIMA_TTS_CPU"),
    ],
)
def test_what_it_has_to_do_without_is_the_environments_failure(
    warned: str, expected: str, aima: Aima, fake: Fake
) -> None:
    fake.answers("service-list", listing(), f"2031/02/03 04:05:06 WARN {warned}\n{OPENING}")
    with pytest.raises(EnvironmentFault, match=expected):
        aima.list()


def test_a_database_that_another_of_its_commands_has_is_its_own_matter(aima: Aima, fake: Fake) -> None:
    warned = "failed to create SQLite store, trying file store error=database is locked (261)"
    fake.answers("service-list", listing(), f"2031/02/03 04:05:06 WARN {warned}\n{OPENING}")
    assert isinstance(aima.list(), Ok)


def test_a_program_that_is_not_there_is_the_environments_failure(fake: Fake, tmp_path: Path) -> None:
    fake.path.unlink()
    with pytest.raises(EnvironmentFault, match="there is no program"):
        driver(fake, tmp_path).list()


def test_a_folder_that_cannot_be_made_is_the_environments_failure(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "aima").touch()
    with pytest.raises(EnvironmentFault, match=r"expected to make .*aima anew"):
        driver(fake, tmp_path)


# -- what is promised -------------------------------------------------------------------------------------------------


def test_its_containers_are_told_apart_by_the_ports_last_told(aima: Aima, fake: Fake) -> None:
    aima.create("web", "/srv/web")
    assert aima.service_of(container(8000)) == "web"
    assert aima.service_of(container(8001)) is None
    assert aima.service_of(container()) is None
    fake.answers("service-list", listing(row(port=8001)))
    aima.list()
    assert [aima.service_of(container(port)) for port in (8000, 8001)] == [None, "web"]


def test_a_port_that_two_services_are_told_with_tells_nothing(aima: Aima, fake: Fake) -> None:
    aima.create("web", "/srv/web")
    fake.answers("model-create", shown({"model_id": "model-2"}))
    fake.answers("service-status", shown(row("creating", 8000, "model-2")))
    aima.create("web1", "/srv/web1")
    assert aima.service_of(container(8000)) is None


def test_services_of_others_keep_the_ids_they_are_told_with(aima: Aima, fake: Fake) -> None:
    fake.answers("service-list", listing(row("sleeping", 8005, "model-77777777")))
    told = aima.list()
    assert isinstance(told, Ok)
    assert [(one.service, one.word, one.status) for one in told.listed or ()] == [
        ("svc-tts-model-77777777", "sleeping", None)
    ]
    assert aima.service_of(container(8005)) is None


def test_its_contract_is_what_users_expect(fake: Fake, tmp_path: Path) -> None:
    strict = driver(fake, tmp_path).contract
    assert strict.running_means is Means.HEALTHY
    assert (strict.idle_stop, strict.second_create) == (Reply.IGNORED, Reply.REFUSED)
    assert strict.death_noticed is Noticing.SETTLING
    assert strict.restart_policies == frozenset()
    assert strict.processes == frozenset()
    assert {word: strict.spelled(word) for word in ("creating", "running", "stopped", "failed", "paused")} == {
        "creating": Status.CREATED,
        "running": Status.RUNNING,
        "stopped": Status.STOPPED,
        "failed": Status.FAILED,
        "paused": None,
    }
    assert strict.bounds.start == 40
    assert strict.obedient
    loose = driver(fake, tmp_path, asynchronous=True, model_type="asr", start_timeout=60).contract
    assert (loose.running_means, loose.health_path, loose.bounds.start) == (Means.LAUNCHED, "/", 70)


@pytest.mark.parametrize("settings", [{"model_type": "image"}, {"start_timeout": 0}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"expected a (model type|start timeout)"):
        AimaSettings(**settings)  # type: ignore[arg-type]  # fields of AimaSettings


@pytest.mark.parametrize(("stand_in", "seconds"), [(True, 30), (False, 600)])
def test_the_stand_in_needs_no_ten_minutes_to_load_and_a_real_model_gets_them(stand_in: bool, seconds: int) -> None:
    assert AimaSettings().loading(stand_in=stand_in).start_timeout == seconds
    assert AimaSettings(start_timeout=7).loading(stand_in=stand_in).start_timeout == 7
    assert "start_timeout" not in AimaSettings().kept(), "a replay decides anew"
    assert AimaSettings(start_timeout=7).kept()["start_timeout"] == 7
