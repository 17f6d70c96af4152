"""What a manager's help tells of its commands, and the description that is drafted from it."""

import tomllib

import pytest

from churn.system.managers.command.drafting import Draft, explains_commands, keeping, offered, taking

PLAIN = """usage: mine COMMAND

  add NAME PORT    make a service known
  up NAME          start it
  down NAME        stop it
  ls               list all services

MINE_STATE is where it remembers them.
"""
ARGPARSE = "usage: mine [-h] {create,start,stop,list} ...\n\noptions:\n  -h, --help  show this help\n"
CLICK = "Commands:\n  deploy    Deploy a model.\n  ps        What runs.\n  run       Run it.\n  undeploy  Undo it.\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PLAIN, {"create": "add", "start": "up", "stop": "down", "list": "ls"}),
        (ARGPARSE, {"create": "create", "start": "start", "stop": "stop", "list": "list"}),
        (CLICK, {"create": "deploy", "start": "run", "list": "ps", "remove": "undeploy"}),
        ("no help at all", {}),
    ],
)
def test_which_command_does_what(text: str, told: dict[str, str]) -> None:
    assert offered(text) == told


@pytest.mark.parametrize(
    ("word", "text", "own", "told"),
    [
        ("add", PLAIN, "", "{service} {port}"),
        ("up", PLAIN, "", "{service}"),
        ("up", "  up NAME [--port N]   start it", "", "{service} --port {port}"),
        ("up", "", "usage: mine up [-h] [--port PORT] name", "{service} --port {port}"),
        ("up", "", "usage: mine up [-h] name port", "{service} {port}"),
        ("up", "", "Usage: mine up --name TEXT", "--name {service}"),
    ],
)
def test_what_a_command_takes(word: str, text: str, own: str, told: str) -> None:
    assert taking(word, text, own) == told


def test_its_commands_are_asked_for_help_only_where_it_says_that_it_knows_that() -> None:
    assert explains_commands(ARGPARSE)
    assert not explains_commands(PLAIN), "mine up --help would start a service of that name"


def test_the_draft_has_what_is_known_and_the_rest_as_comments() -> None:
    text = Draft(
        {"start": "./mine up {service}", "stop": "./mine down {service}"}, keeping(PLAIN), frozenset({"./mine"})
    ).text()
    told = tomllib.loads(text)
    assert told["env"] == {"MINE_STATE": "{state}"}
    assert told["start"]["argv"] == ["{dir}/mine", "up", "{service}"]
    assert {"# [create]", "# [list]", "# [remove]"} <= {*text.splitlines()}
