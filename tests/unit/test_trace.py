"""The trace's file: it has what each look saw, keeps to its schema, and files of earlier formats can be read."""

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from builders import PORTS, container, exited, holding, idle, listed, picture, running, state

from churn.errors import UsageError
from churn.lifecycle.observation import Holder, Port
from churn.session.seen import as_data
from churn.session.trace import FORMAT, read


def test_what_was_seen_has_the_managers_words_each_container_and_who_has_each_port() -> None:
    seen = picture(
        state(a=running(), b=idle(port=PORTS["b"])),
        containers=holding(container(), exited("b1", "b")),
        listed=(listed("a"), evolve(listed("b"), word="odd")),
    ).with_ports(
        {PORTS["a"]: Port(health=200), PORTS["b"]: Port(bindable=False, holder=Holder.STRANGER), 7: Port(bindable=True)}
    )
    told = as_data(seen)
    assert [(entry["service"], entry["word"]) for entry in told["listed"]][1] == ("b", "odd")
    assert "told" not in told, "the manager was not asked about one service"
    assert {alias: (one["service"], one["state"]) for alias, one in told["containers"].items()} == {
        "a#1": ("a", "running"),
        "b#1": ("b", "exited"),
    }
    assert told["ports"] == {
        str(PORTS["a"]): {"holder": "a#1", "health": 200},
        str(PORTS["b"]): {"holder": "a stranger"},
        "7": {"holder": "free"},
    }


def write(path: Path, *lines: dict[str, Any] | str) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def head(version: object) -> dict[str, Any]:
    return {"line": "head", "churn": "trace", "format": version, "seed": 3}


@pytest.mark.parametrize(("version", "kind"), [(1, "remove-container"), (2, "remove"), (3, "remove")])
def test_a_trace_of_an_earlier_format_is_read_as_one_of_today(tmp_path: Path, version: int, kind: str) -> None:
    steps = ({"line": "begin", "n": 1, "do": "remove a"}, {"line": "begin", "n": 2, "do": "wait long"})
    first, *rest = read(write(tmp_path / "trace.jsonl", head(version), *steps))
    assert (first["format"], first["seed"]) == (FORMAT, 3)
    assert [line["do"] for line in rest] == [f"{kind} a", "wait long"]


def test_of_a_run_that_was_killed_the_whole_lines_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "trace.jsonl", head(FORMAT), {"line": "begin", "n": 1, "do": "list"})
    path.write_text(path.read_text() + '{"line": "en')
    assert [line["line"] for line in read(path)] == ["head", "begin"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((head(FORMAT + 1),), "format 1 to 3, got 4"),
        (({"line": "begin"},), "line 1: expected the head of a trace"),
        ((head(FORMAT), "{oh"), "line 2: expected a JSON object"),
        ((head(FORMAT), "[]"), "line 2: expected a JSON object with the key 'line'"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_place(
    tmp_path: Path, lines: tuple[dict[str, Any] | str, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        list(read(write(tmp_path / "trace.jsonl", *lines)))


def test_a_trace_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        list(read(tmp_path / "none"))


def test_a_device_in_place_of_a_trace_is_refused_and_not_read() -> None:
    with pytest.raises(UsageError, match="/dev/full: expected a trace, got no regular file"):
        list(read(Path("/dev/full")))
