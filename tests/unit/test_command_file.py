"""Description files: what a good one comes to, and what is told of one that is not."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from churn.errors import UsageError
from churn.lifecycle.contract import (
    Bounds,
    Contract,
    Leave,
    Means,
    Noticing,
    Outliving,
    Ports,
    Remains,
    Renewal,
    Reply,
    SecondStart,
    Sight,
    Willing,
)
from churn.lifecycle.form import Setting
from churn.lifecycle.observation import Status
from churn.system.managers.command import About, Description, read
from churn.system.managers.command.file import _TOP, _DescriptionReader
from churn.system.managers.command.table import Table, parsed

PARTS = {
    "": 'name = "mine"',
    "env": 'HOME_OF_MINE = "{state}"',
    "create": 'argv = ["mine", "create", "{service}"]\nid = "id"',
    "start": 'argv = ["mine", "start", "{id}"]',
    "stop": 'argv = ["mine", "stop", "{id}"]',
    "list": 'argv = ["mine", "list"]\nentries = "[].{service: name, status: state, port: port}"',
    "status": 'argv = ["mine", "status", "{id}"]\npattern = \'(?P<status>[a-z]+)\'',
    "words": 'running = ["up"]',
    "containers": 'name_pattern = "mine-.*"',
    "contract": 'ports = "anew"',
    "contract.bounds": "start = 5",
}


def written(folder: Path, **changes: str | None) -> Path:
    """A file with the usual parts, some of them as in `changes` (None: left out; `bounds` and `top` for the odd names)."""
    parts = {**PARTS, **{_NAMES.get(name, name): text for name, text in changes.items()}}
    lines = [f"[{name}]\n{text}" if name else text for name, text in parts.items() if text is not None]
    path = folder / "mine.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


_NAMES = {"bounds": "contract.bounds", "top": ""}

LEAST = {name: None for name in PARTS if name not in ("start", "stop")}
"""Changes that leave of the usual parts no more than there has to be."""


def least(folder: Path, **changes: str) -> Description:
    """What comes of a file that says no more than it has to, and `changes`."""
    few = {"top": None, "bounds": None, **{name: text for name, text in LEAST.items() if name.isidentifier()}}
    calls = {"start": 'argv = ["mine", "start"]', "stop": 'argv = ["mine", "stop"]'}
    return read(written(folder, **{**few, **calls, **changes}))


# -- what a good one comes to -----------------------------------------------------------------------------------------


def test_a_file_that_says_no_more_than_it_has_to_promises_what_is_usual(tmp_path: Path) -> None:
    found = least(tmp_path)
    assert found.name == "mine"
    usual = Contract(offers=frozenset({"create", "start", "stop"}), obedient=False)
    assert found.contract == usual
    assert found.calls["start"].timeout == usual.bounds.start + usual.bounds.grace
    assert (found.environ, found.readings, found.identity, found.forgets_idle) == ({}, {}, None, False)


def test_operations_that_have_a_command_are_offered_and_a_reset_is_none(tmp_path: Path) -> None:
    assert read(written(tmp_path)).contract.offers == {"create", "start", "stop", "list", "status"}
    assert least(tmp_path, reset='argv = ["mine", "purge"]').contract.offers == {"create", "start", "stop"}


def test_what_it_says_of_itself_the_image_and_an_empty_variable_are_read(tmp_path: Path) -> None:
    about = 'summary = "mine"\nmanual = "there"\nversions = ["1", "2"]\ncannot = ["that"]\nprobe = ["mine", "version"]'
    found = least(tmp_path, top='image = "mine/server:1"', about=about, env='MODE = ""')
    assert found.about == About(
        summary="mine", manual="there", versions=("1", "2"), cannot=("that",), probe=("mine", "version")
    )
    assert (found.image, found.variables({})) == ("mine/server:1", {"MODE": ""})


CHOICES = [
    (f"{key} = '{member.name.lower()}'", key, member)
    for key, kind in {
        "second_start": SecondStart,
        "engine_calls": Sight,
        "idle_stop": Reply,
        "second_create": Reply,
        "running_remove": Willing,
        "idle_restart": Willing,
        "busy": Leave,
        "midway": Leave,
        "overtaken": Leave,
        "running_update": Renewal,
        "daemon_restart": Outliving,
        "created_container": Remains,
        "failed_container": Remains,
        "stopped_container": Remains,
        "restarted_container": Remains,
        "ports": Ports,
        "running_means": Means,
        "death_noticed": Noticing,
    }.items()
    for member in kind
]


@pytest.mark.parametrize(("line", "field", "value"), CHOICES, ids=[line for line, *_ in CHOICES])
def test_each_choice_of_the_contract_is_told_by_a_word(tmp_path: Path, line: str, field: str, value: object) -> None:
    assert getattr(read(written(tmp_path, contract=line)).contract, field) is value


def test_the_rest_of_the_contract_is_told_as_it_is(tmp_path: Path) -> None:
    found = read(
        written(
            tmp_path,
            top='health_path = "/v1/models?x=1"',
            contract="recovers = 3\nport_range = [8000, 8100]\n"
            'restart_policies = ["always"]\nbelongings = ["mine-data-.*"]\nhelpers = [".*-db"]\nprocesses = ["mined"]\n'
            'stop_grace = 0\nvarying = ["env X"]\nwritten = ["/var/log/.*"]\nnames = "[a-z-]+"',
            bounds="create = 1\nstart = 2\nstop = 3\nlist = 4\nstatus = 5\nsettling = 0\nloading = 20\ngrace = 0.5",
            containers="labels = { a = 'b', any = '' }\nname_pattern = 'x(?P<service>.+)'\nservice_label = 'of'",
        )
    )
    contract = found.contract
    assert contract.health_path == "/v1/models?x=1"
    assert contract.port_range == (8000, 8100)
    assert contract.restart_policies == {"always"}
    assert contract.belongings == ("mine-data-.*",)
    assert contract.helpers == (".*-db",)
    assert contract.recovers == 3
    assert contract.processes == {"mined"}
    assert contract.stop_grace == 0.0
    assert contract.varying == ("env X",)
    assert contract.written == ("/var/log/.*",)
    assert contract.names == "[a-z-]+"
    assert contract.bounds == Bounds(create=1, start=2, stop=3, list=4, status=5, settling=0, loading=20, grace=0.5)
    assert contract.labels == {"a": "b", "any": ""}
    assert contract.name_pattern == "x(?P<service>.+)"
    assert found.service_label == "of"
    assert found.service_pattern is not None
    assert found.calls["start"].timeout == 2.5


def test_every_field_of_the_contract_can_be_told_or_is_known_otherwise() -> None:
    told = {line.partition(" ")[0] for line, *_ in CHOICES}
    told |= {
        "restart_policies",
        "belongings",
        "helpers",
        "processes",
        "recovers",
        "bounds",
        "stop_grace",
        "varying",
        "written",
        "port_range",
    }
    told |= {"names"}
    elsewhere = {"words", "labels", "name_pattern", "health_path", "offers", "updates", "obedient"}
    assert told | elsewhere == {field.name for field in Contract.__attrs_attrs__}  # type: ignore[attr-defined]


UPDATE = 'argv = ["mine", "set", "{service}", "{setting}", "{value}"]\n'


def test_what_an_update_changes_and_to_what_its_table_says(tmp_path: Path) -> None:
    table = f'{UPDATE}image = "mine:2"\nenvironment = "MODE=a=b"\nport = true'
    assert least(tmp_path, update=table).contract.updates == {
        Setting.IMAGE: "mine:2",
        Setting.ENVIRONMENT: "MODE=a=b",
        Setting.PORT: "",
    }
    assert least(tmp_path).contract.updates == {}


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("", "update.image: expected at least one of the keys image, environment and port = true, got nothing"),
        ("port = false", "update.image: expected at least one of the keys"),
        ('environment = "MODE"', "update.environment: expected a variable and its new value, as NAME=value, got"),
        ("image = 1", "update.image: expected a text"),
    ],
)
def test_an_update_that_changes_nothing_or_nothing_that_is_known_is_refused(
    tmp_path: Path, keys: str, told: str
) -> None:
    with pytest.raises(UsageError) as refused:
        least(tmp_path, update=f"{UPDATE}{keys}")
    assert told in str(refused.value)


def test_only_an_update_has_a_setting_and_a_value(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"start\.argv"):
        least(tmp_path, start='argv = ["mine", "start", "{value}"]')


def test_a_status_without_words_is_spelled_as_usual_unless_another_has_that_word(tmp_path: Path) -> None:
    words = read(written(tmp_path, words='running = ["up", "serving"]\nfailed = ["created"]')).contract.words
    assert words == {
        "up": Status.RUNNING,
        "serving": Status.RUNNING,
        "created": Status.FAILED,
        "stopped": Status.STOPPED,
    }


def test_a_word_that_stands_at_several_statuses_means_any_of_them(tmp_path: Path) -> None:
    contract = read(written(tmp_path, words='stopped = ["exited"]\nfailed = ["exited", "dead"]')).contract
    assert contract.meanings("exited") == (Status.STOPPED, Status.FAILED)
    assert contract.meanings("dead") == (Status.FAILED,)


@pytest.mark.parametrize(("top", "alone"), [("global = true", True), ("global = false", False), ("", False)])
def test_it_says_whether_one_machine_can_have_one_only(tmp_path: Path, top: str, alone: bool) -> None:
    assert read(written(tmp_path, top=top)).alone is alone


@pytest.mark.parametrize(
    ("start", "obedient"),
    [
        ("argv = ['x', '-v{folder}:/b']", True),
        ("argv = ['x', '{service}']", False),
        ("argv = ['x', '${folder}']", False),
    ],
)
def test_servers_obey_where_a_command_shows_them_their_folder(tmp_path: Path, start: str, obedient: bool) -> None:
    assert read(written(tmp_path, start=start)).contract.obedient is obedient


@pytest.mark.parametrize(
    "word", ["{{json .}}", "{{json}}", "${lower}", "{ print }", "{}", "{UPPER}", "{x-y}", '{"a": 1}', "$((1 + 2))"]
)
def test_braces_that_are_no_placeholder_are_left_alone(tmp_path: Path, word: str) -> None:
    found = read(written(tmp_path, start=f"argv = ['x', '{word}']"))
    assert found.calls["start"].filled({}) == ["x", word]


# -- what is told of one that is not good -----------------------------------------------------------------------------

WRONG: list[tuple[dict[str, str | None], str, str, str]] = [
    ({"top": "[contrat]"}, "contrat", "one of the keys name", "'contrat'; did you mean contract?"),
    ({"start": "argv = ['x']\ntimout = 3"}, "start.timout", "one of the keys argv, timeout", "did you mean timeout?"),
    ({"start": "argv = ['x']\nentries = '[]'"}, "start.entries", "one of the keys argv, timeout", "'entries'"),
    ({"contract": "second_strat = 'refused'"}, "contract.second_strat", "one of the keys", "did you mean second_start?"),
    ({"bounds": "starts = 3"}, "contract.bounds.starts", "one of the keys", "did you mean start?"),
    ({"containers": "label = {}"}, "containers.label", "one of the keys", "did you mean labels?"),
    ({"words": "runing = []"}, "words.runing", "one of the keys", "did you mean running?"),
    ({"start": None}, "start", "a table with the argv of this operation", "nothing"),
    ({"stop": None}, "stop", "a table with the argv of this operation", "nothing"),
    ({"start": "timeout = 3"}, "start.argv", "an array of texts", "nothing"),
    ({"start": "argv = 'mine start'"}, "start.argv", "an array of texts", "'mine start'"),
    ({"start": "argv = []"}, "start.argv", "an array of a program and its arguments", "[]"),
    ({"start": "argv = ['']"}, "start.argv", "an array of a program and its arguments", "['']"),
    ({"start": "argv = ['x', 3]"}, "start.argv[1]", "a text", "3"),
    ({"start": 'argv = ["x", "\\u0000"]'}, "start.argv[1]", "a text", "'\\x00'"),
    ({"start": "argv = ['x', '{prot}']"}, "start.argv[1]", "no other placeholder than {service}, {port}", "did you mean port?"),
    ({"start": "argv = ['awk', '{print}']"}, "start.argv[1]", "no other placeholder", "need a space: { print }"),
    ({"list": "argv = ['x', '{service}']\nentries = '[]'"}, "list.argv[1]", "no other placeholder than {dir}", "'{service}'"),
    ({"create": "argv = ['x', '{id}']\nid = 'id'"}, "create.argv[1]", "no other placeholder", "after it"),
    ({"create": "argv = ['x']"}, "start.argv[2]", "no other placeholder", "where create has an `id`"),
    ({"env": "A = '{idd}'"}, "env.A", "no other placeholder", "did you mean id?"),
    ({"env": "A = 3"}, "env.A", "a text", "3"),
    ({"env": "A-B = 'x'"}, "env.A-B", "the name of an environment variable", "'A-B'"),
    ({"env": None, "top": "env = 'A=b'"}, "env", "a table", "'A=b'"),
    ({"start": "argv = ['x']\ntimeout = '3 s'"}, "start.timeout", "seconds, a number above 0", "'3 s'"),
    ({"start": "argv = ['x']\ntimeout = 0"}, "start.timeout", "seconds, a number above 0", "0"),
    ({"start": "argv = ['x']\ntimeout = nan"}, "start.timeout", "seconds, a number above 0", "nan"),
    ({"start": f"argv = ['x']\ntimeout = 1{'0' * 400}"}, "start.timeout", "seconds, a number above 0", "1000000"),
    ({"start": "argv = ['x']\ntimeout = true"}, "start.timeout", "seconds, a number above 0", "True"),
    ({"bounds": "settling = -1"}, "contract.bounds.settling", "seconds, a number from 0", "-1"),
    ({"bounds": "stop = 0"}, "contract.bounds.stop", "seconds, a number above 0", "0"),
    ({"contract": "bounds = 3", "bounds": None}, "contract.bounds", "a table", "3"),
    ({"contract": "second_start = 'refuse'"}, "contract.second_start", "one of refused, ignored", "did you mean refused?"),
    ({"contract": "ports = 8000"}, "contract.ports", "one of fixed, anew", "8000"),
    ({"contract": "death_noticed = 'within the settling time'"}, "contract.death_noticed", "one of settling", "'within"),
    ({"contract": "restart_policies = ['alway']"}, "contract.restart_policies[0]", "one of always", "did you mean always?"),
    ({"contract": "belongings = ['(']"}, "contract.belongings[0]", "a regular expression", "'('"),
    ({"contract": "names = '('"}, "contract.names", "a regular expression", "'('"),
    ({"contract": "names = 'web[0-9]'"}, "contract.names", "a regular expression that service-a matches", "'web[0-9]'"),
    ({"contract": "processes = 'x'"}, "contract.processes", "an array of texts", "'x'"),
    ({"contract": "port_range = 8000"}, "contract.port_range", "the first and the last port", "8000"),
    ({"contract": "port_range = [8000]"}, "contract.port_range", "the first and the last port", "[8000]"),
    ({"contract": "port_range = [8100, 8000]"}, "contract.port_range", "the first and the last port", "[8100, 8000]"),
    ({"contract": "port_range = [0, 70000]"}, "contract.port_range", "two numbers from 1 to 65535", "[0, 70000]"),
    ({"contract": "port_range = ['1', '2']"}, "contract.port_range", "the first and the last port", "['1', '2']"),
    ({"contract": "idle_stop = 'replaces'"}, "contract.idle_stop", "one of refused, ignored, either", "'replaces'"),
    ({"top": "global = 'yes'"}, "global", "true or false", "'yes'"),
    ({"words": "running = 'up'"}, "words.running", "an array of texts", "'up'"),
    ({"containers": "labels = { a = 1 }"}, "containers.labels.a", "a text", "1"),
    ({"containers": "labels = { a = '{port}' }"}, "containers.labels.a", "no other placeholder than {run}", "'{port}'"),
    ({"containers": "name_pattern = '('"}, "containers.name_pattern", "a regular expression", "missing )"),
    ({"containers": "name_pattern = '(?P<servic>.*)'"}, "containers.name_pattern", "no other named", "mean service?"),
    ({"containers": "service_label = ''"}, "containers.service_label", "a text with something in it", "''"),
    ({"top": "health_path = 'health'"}, "health_path", "a path of an HTTP request", "'health'"),
    ({"top": "health_path = '/ü'"}, "health_path", "a path of an HTTP request", "'/ü'"),
    ({"top": "forgets_idle = 'yes'"}, "forgets_idle", "true or false", "'yes'"),
    ({"top": "name = 7"}, "name", "a text", "7"),
    ({"list": "argv = ['x']"}, "list.entries", "either entries", "nothing"),
    ({"list": "argv = ['x']\nentries = '[]'\npattern = '(?P<service>.)(?P<status>.)'"}, "list.entries", "either", "'both'"),
    ({"list": "argv = ['x']\nentries = '[].{a: b'"}, "list.entries", "a JMESPath expression", "Incomplete expression"),
    ({"list": "argv = ['x']\nentries = 'sort_bye(@, &a)'"}, "list.entries", "a JMESPath expression", "did you mean sort_by?"),
    ({"list": "argv = ['x']\nentries = 3"}, "list.entries", "a text", "3"),
    ({"list": "argv = ['x']\nentries = '[]'\nskip = 'x'"}, "list.skip", "this key beside pattern only", "'x'"),
    ({"list": "argv = ['x']\nentries = '[]'\nport_pattern = 'x'"}, "list.port_pattern", "a group (?P<port>…)", "'x'"),
    ({"list": "argv = ['x']\nentries = '[]'\njson_lines = 1"}, "list.json_lines", "true or false", "1"),
    ({"list": "argv = ['x']\npattern = '(?P<status>.*)'"}, "list.pattern", "a group (?P<service>…)", "'(?P<status>.*)'"),
    ({"status": "argv = ['x']\npattern = '(?P<status>.)(?P<prt>.)'"}, "status.pattern", "no other named", "did you mean port?"),
    ({"status": "argv = ['x']\npattern = '(?P<status>.)'\njson_lines = true"}, "status.json_lines", "beside entries", "True"),
    ({"create": "argv = ['x']\nid = 'id'\nid_pattern = '(?P<id>.*)'"}, "create.id_pattern", "either id or id_pattern", "'both'"),
    ({"create": "argv = ['x']\nid_pattern = '.*'"}, "create.id_pattern", "a group (?P<id>…)", "'.*'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "key", "expected", "got"), WRONG, ids=[f"{key}: {got}" for _, key, _, got in WRONG]
)
def test_what_is_wrong_is_told_by_file_and_key_with_what_was_expected_and_got(
    tmp_path: Path, changes: dict[str, str | None], key: str, expected: str, got: str
) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(UsageError) as caught:
        read(path)
    place, _, rest = str(caught.value).removeprefix(f"{path}: ").partition(": expected ")
    assert place == key
    told_expected, told_got = rest.split(", got ", 1)
    assert expected in told_expected
    assert got in told_got
    assert "\n" not in rest


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[start\n", "expected TOML, but: Expected ']'"),
        (b"\xff", "expected UTF-8 text, got other bytes at 0"),
        (None, "expected a manager's description, but it cannot be read: No such file"),
        (b"a = " + b"[" * 100_000, "expected TOML, but: "),
        (b"a = " + b"1" * 10_000, "expected TOML, but: "),
    ],
    ids=["not-toml", "not-text", "no-file", "nested-too-deeply", "too-many-digits"],
)
def test_a_file_that_cannot_be_read_is_told_as_that(tmp_path: Path, content: bytes | None, expected: str) -> None:
    path = tmp_path / "broken.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=f"^{path}: ") as caught:
        read(path)
    assert expected in str(caught.value)


def _places(data: dict[str, Any], before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in data.items():
        found.append((*before, key))
        if isinstance(value, dict):
            found += _places(value, (*before, key))
    return found


ODD = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["{id}", "(?P<id>x)", "a.b", "[*", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_stands_in_a_place_it_is_understood_or_told_by_file_and_key(data: st.DataObject) -> None:
    content = _good()
    *way, last = data.draw(st.sampled_from([*_places(content), ("new",), ("list", "skip"), ("containers", "labels")]))
    part = content
    for key in way:
        part = part[key]
    part[last] = data.draw(ODD)
    found = _told(content)
    assert isinstance(found, Description) or re.match(r"mine\.toml: .+: expected ", found, re.DOTALL)


def _told(content: dict[str, Any]) -> Description | str:
    """What comes of a file with this content, or what is told of it."""
    try:
        return _DescriptionReader(Table(Path("mine.toml"), "", content, _TOP)).description()
    except UsageError as error:
        return str(error)


def _good() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        return parsed(written(Path(folder)))
