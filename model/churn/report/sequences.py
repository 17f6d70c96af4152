"""Every sequence of a run, from its trace, small enough for a page: what repeats is kept once, and looked up by its place."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from attrs import define, field

from churn.errors import UsageError
from churn.lifecycle.operations import KINDS, Operation
from churn.report.words import called, deed, label
from churn.session.seen import UNTRIED
from churn.session.trace import read
from churn.visible import both_ends, visible

MOST_BYTES = 2_500_000
"""Of the data in a page. Beyond it sequences in which all was well are left out, the last ones first."""
_MOST_OUTPUT = 1_000
"""Characters that are kept of what a command printed."""
_ENDED = ("ok", "rejected", "unknown", "none")
_NOWHERE = -1
_PARTS = {
    "five-cycle": "the cycles",
    "side by side": "services side by side",
    "interrupts": "operations that are ended midway",
    "tour": "a tour of all states",
    "search": "a planned search",
    "exploration": "steps drawn at random",
    "shrinking": "a bug done again, or made smaller",
}
"""What the parts of a run are called on the page."""


@define
class _Table:
    """Values by their places: each is kept once."""

    values: list[Any] = field(factory=list)
    places: dict[str, int] = field(factory=dict)

    def place(self, value: Any) -> int:
        key = json.dumps(value)
        if key not in self.places:
            self.places[key] = len(self.values)
            self.values.append(value)
        return self.places[key]


@define(kw_only=True)
class _Packer:
    """Packs the lines of a trace. A step is a list: what was done, how it ended, seconds, whether it is wrong, look, details."""

    operations: _Table = field(factory=_Table)
    looks: _Table = field(factory=_Table)
    details: _Table = field(factory=_Table)
    sequences: list[dict[str, Any]] = field(factory=list)
    _known: dict[str, Operation] = field(factory=dict)
    _placed: dict[tuple[str, ...], dict[str, int]] = field(factory=dict)
    """By the services of a sequence: the places of the operations on them."""
    _places: dict[str, int] = field(factory=dict)
    _do: int = _NOWHERE

    def take(self, line: dict[str, Any]) -> None:
        kind = line["line"]
        if kind == "sequence":
            part = _PARTS.get(line["part"], visible(line["part"]))
            self.sequences.append({"part": part, "services": list(line["services"]), "steps": [], "wrong": 0})
            self._known = _by_word(tuple(line["services"]))
            self._places = self._placed.setdefault(tuple(line["services"]), {})
        elif kind == "begin" and self.sequences:
            do = line["do"]
            if do not in self._places:
                self._places[do] = self.operations.place(self._operation(do))
            self._do = self._places[do]
        elif kind == "end" and self.sequences:
            self.sequences[-1]["steps"].append(self._step(line))
        elif kind == "look" and self.sequences and self.sequences[-1]["steps"]:
            *begun, _, _, _ = self.sequences[-1]["steps"][-1]
            self.sequences[-1]["steps"][-1] = [*begun, *self._seen(line)]

    def _operation(self, do: str) -> list[Any]:
        """Its word, its service, whether it is a fault, and what it is in plain words."""
        known = self._known.get(do)
        if known is None:
            return [do, "", 0, do]
        words = label(" ".join(word for word in do.split(" ") if word != known.service))
        return [words, known.service or "", int(known.fault), deed(known, called(known.service))]

    def _step(self, line: dict[str, Any]) -> list[Any]:
        ended = _ENDED.index(line["outcome"]) if line["outcome"] in _ENDED else len(_ENDED) - 1
        return [self._do, ended, round(line.get("took") or 0.0, 2), *self._seen(line)]

    def _seen(self, line: dict[str, Any]) -> list[int]:
        """Whether something is wrong, the place of what was seen, and that of the details."""
        wrong = int(line["verdict"] == "fail")
        self.sequences[-1]["wrong"] += wrong
        look = self.looks.place(list(_standings(line["seen"]))) if "seen" in line else _NOWHERE
        told = "\n".join(_told(line))
        return [wrong, look, self.details.place(visible(told)) if told else _NOWHERE]


@lru_cache(maxsize=16)
def _by_word(services: tuple[str, ...]) -> dict[str, Operation]:
    """Every operation on these services by its own word."""
    return {str(one): one for each in KINDS.values() for one in each.each(services)}


def sequences(trace: Path) -> str:
    """The data as JSON that can stand in a page; empty where there is no trace that can be read."""
    packer = _Packer()
    try:
        for line in read(trace):
            packer.take(line)
    except UsageError:
        return ""
    return _safe(_within(packer))


def _within(packer: _Packer) -> dict[str, Any]:
    """The data, without the last sequences in which all was well where it is too large otherwise."""
    tables = {
        "operations": packer.operations.values,
        "looks": packer.looks.values,
        "details": packer.details.values,
    }
    whole = [{**one, "n": number} for number, one in enumerate(packer.sequences, 1) if one["steps"]]
    room, kept = MOST_BYTES - len(json.dumps(tables)), []
    for one in sorted(whole, key=lambda one: (not one["wrong"], one["n"])):
        room -= len(json.dumps(one))
        if room > 0:
            kept.append(one)
    return {**tables, "sequences": sorted(kept, key=lambda one: one["n"]), "cut": len(whole) - len(kept)}


def _safe(data: dict[str, Any]) -> str:
    """JSON in which nothing ends the element that it stands in."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _standings(seen: dict[str, Any]) -> Iterator[list[Any]]:
    """Of each service: its name, what the manager says, its containers, who has its port."""
    listed, containers, ports = seen.get("listed"), seen["containers"], seen["ports"]
    names = [one["service"] for one in listed or ()] + [one["service"] or "?" for one in containers.values()]
    for name in sorted(dict.fromkeys(names)):
        said = [one for one in listed or () if one["service"] == name]
        own = {alias: one for alias, one in containers.items() if (one["service"] or "?") == name}
        told = [one["port"] for one in said if one["port"]]
        numbers = dict.fromkeys([*told, *(port for one in own.values() for port in one["ports"])])
        yield [
            visible(name),
            "not asked" if listed is None else visible(" and ".join(map(_said, said))) or "not in its list",
            [[alias, one["state"]] for alias, one in own.items()],
            "; ".join(f"{port}: {_holder(ports, port)}" for port in numbers),
        ]


def _said(entry: dict[str, Any]) -> str:
    return f"{entry['word']}, port {entry['port']}" if entry["port"] else str(entry["word"])


def _holder(ports: dict[str, Any], port: int) -> str:
    holder = ports.get(str(port), {}).get("holder", UNTRIED)
    return "not looked at" if holder == UNTRIED else str(holder)


def _told(line: dict[str, Any]) -> Iterable[str]:
    """What is kept of a step beside the look: its command, what it printed, why it was refused, what is wrong."""
    if line.get("command"):
        yield f"$ {line['command']}"
        yield both_ends(line.get("output", ""), _MOST_OUTPUT)
    if line.get("error"):
        yield f"refused: {line['error']}"
    for found in line.get("objections", ()):
        yield f"WRONG: expected {found['expected']}; seen: {found['seen']}"
    if line.get("why"):
        yield line["why"]
