"""A manager that a file describes, with programs of the tests' own: no engine is needed."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from builders import laboratory
from hypothesis import HealthCheck, given, settings, strategies as st

from churn.errors import EngineError, EnvironmentFault
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.explore.tour import Tour, walk
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Listed, Status
from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.lifecycle.paths import Atlas
from churn.system import process
from churn.system.clock import RealClock
from churn.system.managers.command import CommandManager, read
from churn.system.managers.reference import ReferenceManager, ServiceError
from churn.system.protocols import ListedContainer as Container, Manager

LABELS = {"churn.owner": "r1", "churn.host": "here"}


def container(labels: dict[str, str] | None = None, name: str = "odd") -> Container:
    return Container(id="1", name=name, state="running", image="fake", labels=labels or {}, ports=())


PROMPT = 10.0
"""Seconds, generous for a slow machine, that tell a cut-off from a wait to the end."""

FAKE = r"""
set -eu
cd "$STATE"

refuse() {
  echo "warning: not the reason" >&2
  echo "Error: $*" >&2
  exit 1
}

known() {
  name=${1#id-}
  [ -f "$name" ] || refuse "no service $1"
  read -r status port <"$name"
}

tell() {
  printf '{"id": "id-%s", "name": "%s", "state": "%s", ' "$name" "$name" "$status"
  echo "\"endpoint\": \"http://localhost:$port\"}"
}

list() {
  separator=
  echo '{"services": ['
  for file in *; do
    [ -f "$file" ] || continue
    printf '%s' "$separator"
    known "$file"
    tell
    separator=,
  done
  echo ']}'
}

case $1 in
  create)
    [ ! -f "$2" ] || refuse "there is a service $2"
    echo "new $3" >"$2"
    known "$2"
    tell
    ;;
  start) known "$2" && echo "up $port" >"$name" ;;
  stop) known "$2" && echo "down $port" >"$name" ;;
  restart) known "$2" && echo "up $port" >"$name" ;;
  remove) known "$2" && rm "$name" ;;
  status) known "$2" && tell ;;
  list) list ;;
esac
"""
"""A manager whose services are files: STATE is their folder, a service's id is id-NAME."""

WHOLE = """
[env]
STATE = "{state}"
[create]
argv = ["sh", "{dir}/fake.sh", "create", "{service}", "{port}"]
id = "id"
[start]
argv = ["sh", "{dir}/fake.sh", "start", "{id}"]
[stop]
argv = ["sh", "{dir}/fake.sh", "stop", "{id}"]
[restart]
argv = ["sh", "{dir}/fake.sh", "restart", "{id}"]
[remove]
argv = ["sh", "{dir}/fake.sh", "remove", "{id}"]
[list]
argv = ["sh", "{dir}/fake.sh", "list"]
entries = "services[].{service: id, status: state, port: endpoint}"
port_pattern = ':(?P<port>[0-9]+)$'
[status]
argv = ["sh", "{dir}/fake.sh", "status", "{id}"]
entries = "{status: state, port: endpoint}"
port_pattern = ':(?P<port>[0-9]+)$'
[words]
created = ["new"]
running = ["up"]
stopped = ["down"]
[containers]
labels = { "fake.run" = "{run}" }
service_label = "fake.service"
name_pattern = 'fake-(?P<service>.+)-[0-9]+'
"""


def commands(start: str = "exit 0", stop: str = "exit 0", **others: str) -> str:
    """A description whose operations are these shell scripts; the further text of one follows its script, line by line."""
    parts = {"start": start, "stop": stop, **others}
    lines = []
    for kind, text in parts.items():
        script, _, further = text.partition("\n")
        lines += [f"[{kind}]", f"argv = ['sh', '-c', '''{script}''', 'x', '{{state}}']", further]
    return "\n".join(lines)


Make = Callable[[str], CommandManager]
Until = Callable[[Callable[[], bool]], float]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a manager of a description; what its commands leave running is killed afterwards."""
    made: list[CommandManager] = []

    def one(text: str) -> CommandManager:
        (tmp_path / "fake.sh").write_text(FAKE)
        (tmp_path / "fake.toml").write_text(text)
        ports = iter([20_001, 20_001, 20_002, 20_003])
        description, state = read(tmp_path / "fake.toml"), tmp_path / uuid4().hex
        driven = CommandManager(
            description,
            uuid4().hex,
            LABELS,
            {"PATH": os.environ["PATH"]},
            RealClock(),
            lambda taken, _: next(port for port in ports if port not in taken),
            state,
        )
        made.append(driven)
        return driven

    yield one
    for driven in made:
        process.end_marked(driven.marker)


@pytest.fixture
def fake(make: Make) -> CommandManager:
    return make(WHOLE)


def told(outcome: Outcome) -> list[tuple[str, str, Status | None, int | None]]:
    """What an outcome lists."""
    assert isinstance(outcome, Ok), outcome
    return [(entry.service, entry.word, entry.status, entry.port) for entry in outcome.listed or ()]


def unreadable(outcome: Outcome) -> str:
    """Why an output could not be read; its evidence has to hold the output."""
    assert isinstance(outcome, Unknown), outcome
    assert outcome.reason.startswith("unreadable: expected ")
    assert outcome.garbled is not None
    assert not outcome.overran
    assert outcome.until == outcome.ended
    return outcome.reason.removeprefix("unreadable: ")


# -- a whole life -----------------------------------------------------------------------------------------------------


def test_it_is_a_manager_and_tells_containers_by_their_names_too(fake: CommandManager) -> None:
    assert isinstance(fake, Manager)


def test_a_life_from_create_to_stop_is_told_in_the_files_words(fake: CommandManager) -> None:
    assert told(fake.list()) == []
    assert isinstance(fake.create("a", "/folder"), Ok)
    assert told(fake.list()) == [("a", "new", Status.CREATED, 20_001)]
    assert isinstance(fake.create("b", "/folder"), Ok)
    assert isinstance(fake.start("b"), Ok)
    assert told(fake.list()) == [("a", "new", Status.CREATED, 20_001), ("b", "up", Status.RUNNING, 20_002)]
    assert told(fake.status("b")) == [("b", "up", Status.RUNNING, 20_002)]
    assert isinstance(fake.stop("b"), Ok)
    assert told(fake.status("b")) == [("b", "down", Status.STOPPED, 20_002)]
    assert isinstance(fake.restart("b"), Ok)
    assert told(fake.status("b")) == [("b", "up", Status.RUNNING, 20_002)]
    assert isinstance(fake.remove("b"), Ok)
    assert told(fake.list()) == [("a", "new", Status.CREATED, 20_001)]


def test_a_service_that_was_removed_is_known_no_more_and_can_be_created_again(fake: CommandManager) -> None:
    fake.create("a", "/folder")
    assert isinstance(fake.remove("a"), Ok)
    for outcome in (fake.start("a"), fake.restart("a"), fake.remove("a")):
        assert isinstance(outcome, Rejected)
        assert outcome.reason == "no service no-such-a"
    assert isinstance(fake.create("a", "/folder"), Ok)
    assert isinstance(fake.start("a"), Ok)


def test_what_the_manager_does_not_know_it_is_asked_for_by_an_id_that_it_cannot_know(fake: CommandManager) -> None:
    for outcome in (fake.start("a"), fake.stop("a"), fake.status("a")):
        assert isinstance(outcome, Rejected)
        assert outcome.reason == "no service no-such-a"
    assert told(fake.list()) == []


def test_a_refusal_has_the_last_line_of_its_errors_as_its_reason_and_all_output_as_evidence(
    fake: CommandManager,
) -> None:
    fake.create("a", "/folder")
    outcome = fake.create("a", "/folder")
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "there is a service a"
    assert "warning: not the reason" in outcome.evidence.output
    assert told(fake.list()) == [("a", "new", Status.CREATED, 20_001)]


def test_a_refusal_without_a_word_is_told_by_its_exit_code(make: Make) -> None:
    outcome = make(commands(create="exit 0", start="exit 7")).start("a")
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "exit code 7"


def test_evidence_is_the_command_that_was_run_with_its_own_variables(fake: CommandManager, tmp_path: Path) -> None:
    fake.create("a", "/folder")
    outcome = fake.start("a")
    state = fake._state
    assert outcome.evidence.command == f"env STATE={state} sh {tmp_path}/fake.sh start id-a"
    assert outcome.evidence.ran
    assert 0 < outcome.took < PROMPT


def test_containers_are_told_by_label_and_by_name_under_the_services_name_or_id(fake: CommandManager) -> None:
    fake.create("a", "/folder")
    assert fake.service_of(container({"fake.service": "id-a"})) == "a"
    assert fake.service_of(container({"fake.service": "b"})) == "b"
    assert fake.service_of(container({"other": "a"})) is None
    assert fake.service_of(container(name="fake-id-a-12")) == "a"
    assert fake.service_of(container(name="fake-b-1")) == "b"
    assert fake.service_of(container(name="fake-b")) is None
    assert fake.service_of(container({"fake.service": "b"}, "fake-id-a-12")) == "b", "a label says more than a name"


def test_without_a_pattern_names_tell_nothing_and_without_a_label_labels_do_not(make: Make) -> None:
    driven = make(commands())
    assert driven.service_of(container({"": "b"}, "fake-b-1")) is None


def test_its_containers_carry_the_files_labels_or_else_those_of_the_run(make: Make, fake: CommandManager) -> None:
    assert fake.contract.labels == {"fake.run": fake.marker.removeprefix("churn-")}
    assert make(commands()).contract.labels == LABELS


# -- what commands get ------------------------------------------------------------------------------------------------


def test_commands_are_told_the_labels_that_containers_have_to_carry(make: Make) -> None:
    driven = make(commands(create="env\nid_pattern = '(?m)^CHURN_LABELS=(?P<id>.*)$'"))
    outcome = driven.create("a", "")
    lines = set(outcome.evidence.output.splitlines())
    assert {
        "CHURN_LABELS=churn.owner=r1,churn.host=here",
        "CHURN_OWNER=r1",
        "CHURN_HOST=here",
        f"{process.MARKER}={driven.marker}",
    } <= lines


def test_every_placeholder_has_its_value(make: Make, tmp_path: Path) -> None:
    words = "{service} {port} {folder} {dir} {run} {state}"
    text = f"[create]\nargv = ['echo', '{words}']\n" + commands()
    driven = make(text)
    outcome = driven.create("a", "/f")
    run, state = driven.marker.removeprefix("churn-"), driven._state
    assert outcome.evidence.output == f"a 20001 /f {tmp_path} {run} {state}"


def test_an_update_is_told_what_to_change_and_a_new_port_is_churns_from_then_on(make: Make, tmp_path: Path) -> None:
    words = "'x', '{service}', '{setting}', '{value}', '{port}'"
    update = f"argv = ['sh', '-c', 'echo \"$@\" >>{tmp_path}/told', {words}]\nport = true\nimage = 'i:2'"
    others = "\n".join(f"[{kind}]\nargv = ['true']" for kind in ("create", "start", "stop"))
    driven = make(f"{others}\n[update]\n{update}")
    driven.create("a", "")
    for setting, value in ((Setting.IMAGE, "i:2"), (Setting.PORT, "4711"), (Setting.IMAGE, "i:2")):
        assert isinstance(driven.update("a", setting, value), Ok)
    assert (tmp_path / "told").read_text() == "a image i:2 20001\na port 4711 20001\na image i:2 4711\n"


def test_two_services_of_a_sequence_never_get_the_same_port_and_each_keeps_its_own(make: Make) -> None:
    driven = make(commands() + "\n[create]\nargv = ['echo', '{port}']")
    ports = [driven.create(name, "").evidence.output for name in ("a", "b", "a", "c")]
    assert ports == ["20001", "20002", "20001", "20003"]


def test_a_variable_that_needs_a_service_is_left_out_where_there_is_none(make: Make) -> None:
    text = "env = { PORT = '{port}', RUN = '{run}' }\n" + commands(
        start="echo $PORT$RUN", list="echo [$PORT]\nentries = '[]'"
    )
    driven = make(text)
    driven.create("a", "")
    assert driven.start("a").evidence.output.startswith("20001")
    listed = driven.list()
    assert listed.evidence.output == "[]"
    assert "PORT" not in listed.evidence.command.split("sh", 1)[0]


def test_nothing_of_a_sequence_is_left_for_the_next_one(fake: CommandManager) -> None:
    fake.create("a", "/folder")
    old = fake._state
    fake.reset()
    assert told(fake.list()) == []
    assert not old.exists()
    assert fake._state.stat().st_mode & 0o777 == 0o700
    assert isinstance(fake.start("a"), Rejected)
    assert fake.service_of(container({"fake.service": "id-a"})) == "id-a"


def test_a_reset_of_its_own_is_run_first_with_the_old_folder(make: Make, tmp_path: Path) -> None:
    driven = make(commands(reset=f'mv "$1"/kept {tmp_path}/kept', start='touch "$1"/kept'))
    driven.create("a", "")
    driven.start("a")
    driven.reset()
    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("script", "why"), [("echo cannot >&2; exit 1", "cannot"), ("sleep 30\ntimeout = 0.2", "cut off after 0.2 s")]
)
def test_a_reset_that_fails_is_a_fault_of_the_environment(make: Make, script: str, why: str) -> None:
    with pytest.raises(EnvironmentFault, match=f"to reset fake, but: .*{why}"):
        make(commands(reset=script)).reset()


def test_a_program_that_is_not_there_is_a_fault_of_the_environment(make: Make) -> None:
    driven = make("[start]\nargv = ['no-such-program']\n[stop]\nargv = ['true']")
    driven.create("a", "")
    with pytest.raises(EnvironmentFault, match="there is no program 'no-such-program'"):
        driven.start("a")


# -- what takes too long ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["start", "stop", "list", "status"])
def test_what_takes_longer_than_its_timeout_is_cut_off_and_how_it_ended_is_unknown(
    make: Make, kind: str, until: Until
) -> None:
    script = "echo begun; sleep 30\ntimeout = 0.3"
    reading = "\nentries = '[]'"
    both = {"list": "echo []" + reading, "status": "echo []" + reading}
    driven = make(commands(**{**both, kind: script + (reading if kind in both else "")}))
    driven.create("a", "")
    operation = getattr(driven, kind)
    outcome = operation() if kind == "list" else operation("a")
    assert isinstance(outcome, Unknown)
    assert not outcome.overran, "the file's timeout is Churn's own, which makes nothing the manager's fault"
    assert outcome.reason == "it was cut off after 0.3 s"
    assert 0.3 <= outcome.took < PROMPT
    assert outcome.until == outcome.ended + driven.contract.bounds.grace
    assert outcome.evidence.output == "begun"
    until(lambda: process.marked(driven.marker) == ())


def test_what_takes_longer_than_the_contract_and_its_grace_is_the_managers_fault(make: Make) -> None:
    driven = make(f"{commands(start='sleep 30')}\n[contract.bounds]\nstart = 0.2\ngrace = 0.1")
    driven.create("a", "")
    outcome = driven.start("a")
    assert isinstance(outcome, Unknown)
    assert outcome.overran


def test_the_cut_off_kills_the_whole_process_group(make: Make, until: Until) -> None:
    driven = make(commands(start="sleep 30 & sleep 30 & wait\ntimeout = 0.3"))
    driven.create("a", "")
    driven.start("a")
    until(lambda: process.marked(driven.marker) == ())


# -- without a create, a list or a status -----------------------------------------------------------------------------


@pytest.fixture
def bare(make: Make) -> CommandManager:
    """One without create, which lists the files in its folder: those that run."""
    return make(
        commands(
            start='echo up >"$1/a"',
            stop='rm "$1/a"',
            list='cd "$1"; for f in *; do [ ! -f "$f" ] || echo "$f up"; done\npattern = "^(?P<service>.+) (?P<status>up)$"',
        )
        + "\n[words]\nrunning = ['up']"
    )


def test_without_a_create_services_are_declared_and_listed_as_created_until_their_first_start(
    bare: CommandManager,
) -> None:
    created = bare.create("a", "/folder")
    assert isinstance(created, Ok)
    assert not created.evidence.ran
    assert told(bare.list()) == [("a", "(not listed)", Status.CREATED, None)]
    assert isinstance(bare.start("a"), Ok)
    assert told(bare.list()) == [("a", "up", Status.RUNNING, None)]


def test_without_a_create_a_service_that_was_only_declared_is_removed_by_nobody(bare: CommandManager) -> None:
    bare.create("a", "/folder")
    outcome = bare.remove("a")
    assert isinstance(outcome, Ok)
    assert not outcome.evidence.ran
    assert told(bare.list()) == []
    assert isinstance(bare.start("a"), Rejected)


def test_without_a_create_it_is_asked_for_nothing_that_was_not_declared(bare: CommandManager) -> None:
    for outcome in (bare.start("b"), bare.stop("b")):
        assert isinstance(outcome, Rejected)
        assert not outcome.evidence.ran
    assert told(bare.list()) == []


@pytest.mark.parametrize(("contract", "kind"), [("", Rejected), ("[contract]\nsecond_create = 'ignored'", Ok)])
def test_without_a_create_a_second_one_is_answered_as_the_contract_has_it(
    make: Make, contract: str, kind: type[Outcome]
) -> None:
    driven = make(commands() + "\n" + contract)
    assert isinstance(driven.create("a", ""), Ok)
    assert isinstance(driven.create("a", ""), kind)


def test_a_service_that_was_started_and_is_not_listed_is_left_out_unless_the_manager_forgets_the_idle(
    bare: CommandManager,
) -> None:
    bare.create("a", "")
    bare.start("a")
    bare.stop("a")
    assert told(bare.list()) == []


FORGETFUL = "forgets_idle = true\n"
ANSWERS = {"start": 'cat "$1/start" >&2; [ ! -s "$1/start" ]', "stop": "exit 0"}


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (["create"], Status.CREATED),
        (["create", "stop"], Status.STOPPED),
        (["create", "start"], Status.STOPPED),
        (["create", "start", "stop"], Status.STOPPED),
        (["create", "refused"], Status.FAILED),
        (["create", "refused", "stop"], Status.STOPPED),
    ],
    ids=str,
)
def test_what_a_forgetful_manager_does_not_list_does_not_run(make: Make, steps: list[str], status: Status) -> None:
    reading = "\nentries = '[]'"
    listing = {"list": "echo []" + reading, "status": "echo no such container >&2; exit 1" + reading}
    driven = make(FORGETFUL + commands(**ANSWERS, **listing))
    (driven._state / "start").write_text("refused\n" if "refused" in steps else "")
    for step in steps:
        {"create": lambda: driven.create("a", ""), "stop": lambda: driven.stop("a")}.get(
            step, lambda: driven.start("a")
        )()
    assert told(driven.list()) == [("a", "(not listed)", status, None)]
    assert told(driven.status("a")) == [("a", "(not listed)", status, None)]


def test_a_service_left_out_is_told_with_the_port_that_churn_has_for_it(make: Make) -> None:
    driven = make(FORGETFUL + commands(list="echo []\nentries = '[]'") + "\n[env]\nPORT = '{port}'")
    driven.create("a", "")
    assert told(driven.list()) == [("a", "(not listed)", Status.CREATED, 20_001)]


def test_a_create_of_its_own_is_not_made_up_for(make: Make) -> None:
    driven = make(commands(create="exit 0", list="echo []\nentries = '[]'"))
    driven.create("a", "")
    assert told(driven.list()) == []


def test_without_a_list_it_tells_nothing_and_is_not_asked(make: Make) -> None:
    outcome = make(commands()).list()
    assert isinstance(outcome, Ok)
    assert outcome.listed is None
    assert not outcome.evidence.ran


class InProcess(CommandManager):
    """Its commands are done by a reference manager in this process: a start creates what is not there."""

    def __init__(self, text: Path, manager: ReferenceManager) -> None:
        host = manager.host
        super().__init__(
            read(text), "test", {}, {}, manager.clock, lambda *_: host.free_port(), text.parent / uuid4().hex
        )
        self.manager = manager

    def reset(self) -> None:
        super().reset()
        self.manager.store.clear()

    def _call(self, kind: str, service: str | None, *_: object) -> Outcome:
        began = self.clock.now()
        listed = None
        try:
            if kind == "list":
                listed = tuple(self._shown())
            else:
                {"start": self._start, "stop": self._stop}[kind](service or "")
        except (ServiceError, EngineError) as error:
            return Rejected(began, self.clock.now(), reason=str(error))
        return Ok(began, self.clock.now(), listed=listed)

    def _start(self, service: str) -> None:
        if self.manager.store.get(service) is None:
            self.manager.create(service, self.memory.folders[service])
        self.manager.start(service)

    def _stop(self, service: str) -> None:
        if self.manager.store.get(service) is not None:
            self.manager.stop(service)

    def _shown(self) -> Iterator[Listed]:
        for name, word, port in self.manager.list():
            if word == "running" or not self.description.forgets_idle:
                yield Listed(name, word, self.contract.spelled(word), port)


IN_PROCESS = """
[start]
argv = ["in-process", "{folder}"]
[stop]
argv = ["in-process"]
[list]
argv = ["in-process"]
entries = "[]"
[containers]
labels = { "churn.session" = "test" }
service_label = "churn.service"
[contract]
second_start = "refused"
[contract.bounds]
settling = 0
"""


@pytest.mark.parametrize("forgets", ["", FORGETFUL], ids=["lists all that it ever started", "lists what runs"])
def test_what_is_made_up_for_a_manager_without_create_is_what_the_model_expects(tmp_path: Path, forgets: str) -> None:
    text = tmp_path / "fake.toml"
    text.write_text(forgets + IN_PROCESS)
    lab = laboratory(lambda manager, **_: InProcess(text, manager))  # type: ignore[arg-type,return-value]  # any Manager does
    walk(lab.session, Tour(Atlas(("a", "b"), lab.session.contract)), "tour")
    spent = lab.budget.spent
    assert spent > 1_000
    assert explore(Explorer(session=lab.session), Profile(sequences=20, steps=20), 0) is None
    kinds = {record.step.operation.kind for _, record in lab.trace.records()}
    assert {"create", "start", "stop", "list", "kill", "set-behaviour", "hold-port"} <= kinds
    assert "status" not in kinds


# -- ids --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "how", "identity"),
    [
        ('{"id": "x y"}', 'id = "id"', "x y"),
        ('{"id": 7}', 'id = "id"', "7"),
        ("created service svc-9 (new)", "id_pattern = 'service (?P<id>[^ ]+)'", "svc-9"),
    ],
)
def test_an_id_is_read_from_what_create_prints(make: Make, output: str, how: str, identity: str) -> None:
    text = f"[create]\nargv = ['echo', '{output}']\n{how}\n[start]\nargv = ['echo', '{{id}}']\n[stop]\nargv = ['true']"
    driven = make(text)
    assert isinstance(driven.create("a", ""), Ok)
    assert driven.start("a").evidence.output == identity


@pytest.mark.parametrize(
    "output", ["", "{}", '{"id": null}', '{"id": ""}', '{"id": true}', '{"id": "a\\u0000b"}', "null"]
)
def test_an_id_that_cannot_be_read_makes_it_unknown_how_the_create_ended(make: Make, output: str) -> None:
    driven = make(f"[create]\nargv = ['printf', '%s', '{output}']\nid = 'id'\n" + commands())
    unreadable(driven.create("a", ""))


def test_a_second_create_that_is_ignored_need_not_tell_the_id_again(make: Make) -> None:
    script = 'if [ -e "$1/made" ]; then echo there already; else touch "$1/made"; echo id=7; fi'
    text = commands(create=f"{script}\nid_pattern = 'id=(?P<id>.+)'")
    driven = make(text + "\n[status]\nargv = ['echo', '{id}']\npattern = '(?P<status>.+)'")
    assert isinstance(driven.create("a", ""), Ok)
    assert isinstance(driven.create("a", ""), Ok)
    assert told(driven.status("a")) == [("a", "7", None, None)]


# -- what cannot be read ----------------------------------------------------------------------------------------------

JSON = "entries = 'services[].{service: name, status: state, port: port}'"
TEXT = "pattern = '^(?P<service>[a-z]+) +(?P<status>[a-z]+) *(?P<port>[0-9]*)$'\nskip = 'NAME.*'"


def one(**fields: object) -> str:
    return json.dumps({"services": [{"name": "a", "state": "running", "port": 8000, **fields}]})


def listing(make: Make, output: str, reading: str) -> Outcome:
    """How a list that prints this ends."""
    driven = make(commands(list=f'cat "$1/output"\n{reading}'))
    (driven._state / "output").write_text(output, encoding="utf-8")
    return driven.list()


LINES = "json_lines = true\nentries = '[].{service: n, status: n}'"
BLOCKS = r"""
pattern = 'name: (?P<service>.)\nstate: (?P<status>.+)'
skip = '--'
"""
PUBLISHED = """
pattern = '^(?P<service>.) (?P<status>[a-z]+) (?P<port>.*)$'
port_pattern = ':(?P<port>[0-9]+)->'
"""
RUNNING = ("a", "running", Status.RUNNING)


@pytest.mark.parametrize(
    ("output", "reading", "entries"),
    [
        (one(), JSON, [(*RUNNING, 8000)]),
        (one(name=12, port="8000"), JSON, [("12", "running", Status.RUNNING, 8000)]),
        (one(state="odd", port=None), JSON, [("a", "odd", None, None)]),
        (one(port=0), JSON, [(*RUNNING, None)]),
        (one(port=""), JSON, [(*RUNNING, None)]),
        ('{"services": []}', JSON, []),
        ("null", "entries = '[] || `[]`'", []),
        ('{"service": "a", "status": "failed"}', "entries = '@'", [("a", "failed", Status.FAILED, None)]),
        ('{"n": "a"}\n\n{"n": "b"}\n', LINES, [("a", "a", None, None), ("b", "b", None, None)]),
        ("", LINES, []),
        ("NAME STATUS PORT\na  running 8000\r\n\n", TEXT, [(*RUNNING, 8000)]),
        ("a running\nb stopped\n", TEXT, [(*RUNNING, None), ("b", "stopped", Status.STOPPED, None)]),
        ("NAME STATUS PORT\n", TEXT, []),
        ("", TEXT, []),
        ("name: a\nstate: up\n--\nname: b\nstate: up\n", BLOCKS, [("a", "up", None, None), ("b", "up", None, None)]),
        ("a running 0.0.0.0:80->8000/tcp, [::]:80->8000/tcp\n", PUBLISHED, [(*RUNNING, 80)]),
    ],
)
def test_what_a_list_prints_is_read_as_its_description_says(
    make: Make, output: str, reading: str, entries: list[object]
) -> None:
    assert told(listing(make, output, reading)) == entries


@pytest.mark.parametrize(
    ("output", "reading", "expected", "got"),
    [
        ("", JSON, "a JSON document", "''"),
        ("panic: nil", JSON, "a JSON document", "'panic: nil'"),
        (one()[:-1], JSON, "a JSON document", "Expecting ',' delimiter"),
        ("[" * 100_000, JSON, "a JSON document", "…"),
        ("1" * 10_000, JSON, "a JSON document", "…"),
        ("{}\nno", "json_lines = true\nentries = '[]'", "a JSON document in each line", "no"),
        ("[]", JSON, "an array of services by services[].{", "nothing, say so"),
        ('"x"', "entries = '@'", "an array of services by @", "'x'"),
        ("[1]", "entries = '@'", "an object with service, status and port", "1"),
        ("3", "entries = 'sort(@)'", "a document for sort(@)", "3"),
        (one(name=None), JSON, "an entry with a service", "'service': None"),
        (one(name=""), JSON, "an entry with a service", "''"),
        (one(name=True), JSON, "an entry with a service", "True"),
        (one(state=3), JSON, "an entry whose status is a word", "3"),
        (one(state=None), JSON, "an entry whose status is a word", "None"),
        (one(port=70_000), JSON, "a port from 0 to 65535", "70000"),
        (one(port=-1), JSON, "a port from 0 to 65535", "-1"),
        (one(port=8000.5), JSON, "a port from 0 to 65535", "8000.5"),
        (one(port=True), JSON, "a port from 0 to 65535", "True"),
        (one(port="http://x:8000"), JSON, "a port", "needs a `port_pattern`"),
        (one(port="none"), JSON + "\nport_pattern = ':(?P<port>.*)'", "a port by :(?P<port>.*)", "'none'"),
        (one(port="x:\u0661"), JSON + "\nport_pattern = ':(?P<port>.*)'", "a port by :(?P<port>.*)", "'x:\u0661'"),
        ("a running 8000\npanic: nil\n", TEXT, "text that ^(?P<service>", "'panic: nil'"),
        ("a running 8000 x", TEXT, "text that ^(?P<service>", "need a `skip` pattern"),
    ],
)  # fmt: skip
def test_what_is_not_as_described_is_unreadable_and_kept_as_evidence(
    make: Make, output: str, reading: str, expected: str, got: str
) -> None:
    outcome = listing(make, output, reading)
    told_expected, told_got = unreadable(outcome).split(", got ", 1)
    assert expected in told_expected
    assert got in told_got
    printed = output.encode()
    assert outcome.evidence.output.startswith(f"stdout, {len(printed)} bytes: {printed[:100]!r}"[:100])


def test_a_refusal_is_not_read(make: Make) -> None:
    assert isinstance(make(commands(list=f"echo nonsense; exit 1\n{JSON}")).list(), Rejected)


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["services", "name", "state", "port"]) | st.text(max_size=3), inner, max_size=4
        )
    ),
    max_leaves=8,
)
ROW = st.fixed_dictionaries({}, optional={"name": NESTED, "state": st.text() | NESTED, "port": NESTED})
OUTPUTS = (
    st.text()
    | st.binary().map(lambda found: found.decode("latin-1"))
    | NESTED.map(json.dumps)
    | st.lists(ROW, max_size=3).map(lambda rows: json.dumps({"services": rows}))
    | st.lists(ROW, max_size=3).map(lambda rows: "\n".join(map(json.dumps, rows)))
    | st.from_regex(r"([a-z]+ [a-z]+ [0-9]*\n){0,3}")
)
READINGS = (
    JSON,
    TEXT,
    "json_lines = true\nentries = '[].{service: name, status: state, port: port}'",
    "entries = 'sort_by(services, &port)[].{service: to_string(name), status: join(name, state), port: sum(port)}'",
    "entries = '@'",
    "pattern = '(?P<service>.*)(?P<status>.*)'",
    JSON + "\nport_pattern = '(?P<port>.*)'",
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(output=OUTPUTS, reading=st.sampled_from(READINGS))
def test_whatever_a_manager_prints_is_read_or_unreadable(make: Make, output: str, reading: str) -> None:
    both = f'cat "$1/output"\n{reading}'
    driven = make(commands(create='cat "$1/output"\nid = "services[0].name"', list=both, status=both))
    (driven._state / "output").write_bytes(output.encode("utf-8", "surrogatepass"))
    for outcome in (driven.create("a", ""), driven.list(), driven.status("a"), driven.start("a"), driven.stop("a")):
        assert isinstance(outcome, Ok) or unreadable(outcome)
        for entry in outcome.listed or () if isinstance(outcome, Ok) else ():
            assert entry.service.encode()  # what is told can be written, and the port can be tried
            assert entry.word.encode()
            assert entry.port is None or 0 < entry.port < 65_536
