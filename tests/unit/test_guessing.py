"""What a manager printed of a service is turned into the lines of a description that read it."""

import tomllib

import pytest

from churn.system.managers.command.file import read
from churn.system.managers.command.guessing import guessed, identifying, skipping, with_nothing

JSON_LINES = (
    '{"name": "web1", "State": "Up", "Ports": "0.0.0.0:8001->80/tcp"}\n{"name": "x", "State": "Up", "Ports": ""}\n'
)
TABLE = "NAME   STATUS   PORT\nweb1   up       8001\nweb2   down     -\n\n2 services\n"


@pytest.mark.parametrize(
    ("printed", "port"),
    [
        ('[{"name": "web1", "state": "up", "port": 8001}]', 8001),
        ('{"services": [{"id": "web1", "status": "up", "endpoint": "http://here:8001/v1"}]}', 8001),
        ('{"data": {"web1": {"name": "web1", "how is it": "up"}}}', None),
        ('{"service": "web1", "status": "up", "since": 3}', None),
        (JSON_LINES, 8001),
        (TABLE, 8001),
        ("* web1 up since 8001 s\n", 8001),
        ("web1 up none\n", None),
    ],
)
def test_the_lines_read_what_was_printed(printed: str, port: int | None) -> None:
    guess = guessed(printed, "web1", 8001)
    assert guess is not None
    assert tomllib.loads("\n".join(guess.lines)), "they are TOML"
    found = guess.finds(printed, "web1")
    assert found is not None
    assert (found.word, found.port) == ("up" if "up" in printed.lower() and found.word != "Up" else "Up", port)


def test_a_heading_is_no_service() -> None:
    guess = guessed(TABLE, "web1", 8001)
    assert guess is not None
    assert [entry.service for entry in guess.reading.entries(TABLE)] == ["web1", "web2"]


@pytest.mark.parametrize(
    "printed", ["", "null", "panic: nil", '[{"name": "web2", "state": "up"}]', "web1", '{"a": "web1"}']
)
def test_where_nobody_can_say_nothing_is_said(printed: str) -> None:
    assert guessed(printed, "web1", 8001) is None


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        ('{"service_id": "x-1", "name": "web1"}', "id = 'service_id'"),
        ("x-1\n", r"id_pattern = '(?P<id>\S+)'"),
        ("made service x-1\n", r"id_pattern = 'made\s+service\s+(?P<id>\S+)'"),
        ("nothing of that\n", None),
    ],
)
def test_where_create_tells_an_id(printed: str, line: str | None) -> None:
    assert identifying(printed, "x-1") == ((line,) if line else ())


def test_what_is_printed_of_no_service(tmp_path) -> None:  # type: ignore[no-untyped-def]
    start = "[start]\nargv = ['true']\n[stop]\nargv = ['true']\n[list]\nargv = ['true']\n"
    (tmp_path / "json.toml").write_text(f"{start}entries = 'services[].{{service: a, status: b}}'")
    (tmp_path / "text.toml").write_text(f"{start}pattern = '^(?P<service>x)(?P<status>y)$'\nskip = 'NAME'")
    json, text = (read(tmp_path / name).readings["list"] for name in ("json.toml", "text.toml"))
    assert with_nothing(json, '{"services": null}') == ("entries = 'services[].{service: a, status: b} || `[]`'",)
    assert with_nothing(json, '{"other": []}') == with_nothing(text, "") == ()
    assert skipping(text, "no services.\n") == (r"skip = 'NAME|no\s+services\.'",)
    assert skipping(json, "no services.\n") == ()


@pytest.mark.parametrize(
    ("line", "port"),
    [("a up 8000 8000", 8000), ("a up - -", None), ("a - up 8000", 8000)],
    ids=["twice", "twice none", "none before it"],
)
def test_of_several_columns_that_may_be_the_port_one_is_read(line: str, port: int | None) -> None:
    guess = guessed(f"{line}\n", "a", 8000)
    assert guess is not None
    found = guess.finds(f"{line}\n", "a")
    assert found is not None
    assert found.port == port


def test_nobody_guesses_how_thousands_of_lines_are_read() -> None:
    assert guessed("a up 8000\n" * 5000, "a", 8000) is None
