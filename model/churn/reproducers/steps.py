"""Steps as a reproducer's file has them: an object each, with the operation's word and what it is done to."""

import re
from enum import Enum
from typing import Any

from attrs import fields

from churn.lifecycle.condition import Abstract
from churn.lifecycle.operations import KINDS, Operation, Pace, Step, Together, Turn
from churn.lifecycle.operations.together import ASKED, MOST_ASKED, MOST_LANES
from churn.reproducers import former
from churn.reproducers.document import Document

_KEYS = {"name": "service"}
_SERVICE = re.compile("[a-z]|s[1-9][0-9]{1,3}")
_TURN = ("client", "point", "to")


def step_data(step: Step, before: Abstract) -> dict[str, Any]:
    """The step as an object; with the state that it was done in, if that is known."""
    data = _operation_data(step.operation)
    if step.pace is not Pace.CALM:
        data["pace"] = step.pace.value
    return {**data, "state": [str(one) for one in before]} if before else data


def _operation_data(operation: Operation) -> dict[str, Any]:
    data: dict[str, Any] = {"do": operation.kind}
    if isinstance(operation, Together):
        data["lanes"] = [[_operation_data(one) for one in lane] for lane in operation.lanes]
        if operation.turns:
            data["turns"] = [{key: getattr(turn, key) for key in _TURN} for turn in operation.turns]
        return data
    for part in fields(type(operation)):
        value = getattr(operation, part.name)
        data[_KEYS.get(part.name, part.name)] = value.value if isinstance(value, Enum) else value
    return data


class StepReader(Document):
    """Reads a file that has steps."""

    def service(self, where: str, name: Any) -> str:
        """The name of a service in the model."""
        if not isinstance(name, str) or not _SERVICE.fullmatch(name):
            self.wrong(where, "a service's name in the model: a to z, or s26, s27, …", name)
        return name

    def step(self, place: int, data: Any, names: tuple[str, ...], within: str = "steps") -> Step:
        """The step at that place of a list, on services that are called so."""
        where = f"{within}[{place}]"
        operation = self._operation(where, data, names)
        named = data.get("pace", Pace.CALM.value)
        pace = self.word(f"{where}.pace", Pace, former.PACES.get(named, named) if isinstance(named, str) else named)
        return Step(operation, pace)

    def _operation(self, where: str, data: Any, names: tuple[str, ...]) -> Operation:
        if not isinstance(data, dict) or not isinstance(data.get("do"), str):
            self.wrong(where, 'an object such as {"do": "start", "service": "a"}', data)
        word = former.ALIASES.get(data["do"], data["do"])
        if word not in KINDS:
            self.wrong(f"{where}.do", f"one of {', '.join(KINDS)}", data["do"])
        kind = KINDS[word]
        if kind is Together:
            return self._together(where, data, names)
        values: dict[str, Any] = {}
        for part in fields(kind):
            key = _KEYS.get(part.name, part.name)
            value = data.get(key, former.LACKING.get((kind.kind, key)))
            if part.name == "name":
                if value not in names:
                    self.wrong(f"{where}.{key}", f"one of the file's services ({', '.join(names)})", value)
                values[part.name] = value
            elif part.type is int:
                values[part.name] = self._count(f"{where}.{key}", value)
            else:
                values[part.name] = self.word(f"{where}.{key}", part.type, value)
        return kind(**values)

    def _together(self, where: str, data: dict[str, Any], names: tuple[str, ...]) -> Together:
        lanes: Any = data.get("lanes")
        turns: Any = data.get("turns", [])
        whole = isinstance(lanes, list) and all(isinstance(lane, list) and lane for lane in lanes)
        if not whole or not 2 <= len(lanes) <= MOST_LANES:
            self.wrong(f"{where}.lanes", f"two or {MOST_LANES} lists of operations", lanes)
        if not isinstance(turns, list):
            self.wrong(f"{where}.turns", "a list", turns)
        read = tuple(self._lane(f"{where}.lanes[{place}]", lane, names) for place, lane in enumerate(lanes))
        return Together(
            read, tuple(self._turn(f"{where}.turns[{place}]", one, len(lanes)) for place, one in enumerate(turns))
        )

    def _lane(self, where: str, data: list[Any], names: tuple[str, ...]) -> tuple[Operation, ...]:
        found = [self._operation(f"{where}[{place}]", one, names) for place, one in enumerate(data)]
        if len(found) > MOST_ASKED:
            self.wrong(where, f"at most {MOST_ASKED} operations", [one.kind for one in found])
        for place, one in enumerate(found):
            if type(one) not in ASKED:
                expected = f"one of {', '.join(word for word, kind in KINDS.items() if kind in ASKED)}"
                self.wrong(f"{where}[{place}].do", expected, one.kind)
        return tuple(found)

    def _turn(self, where: str, data: Any, clients: int) -> Turn:
        if not isinstance(data, dict):
            self.wrong(where, 'an object such as {"client": 0, "point": 3, "to": 1}', data)
        for key in _TURN:
            if type(data.get(key)) is not int or data[key] < 0:
                self.wrong(f"{where}.{key}", "a whole number from 0 on", data.get(key))
        for key in ("client", "to"):
            if data[key] >= clients:
                self.wrong(f"{where}.{key}", f"one of the {clients} clients, counted from 0", data[key])
        if data["client"] == data["to"]:
            self.wrong(f"{where}.to", "another client", data["to"])
        return Turn(*(data[key] for key in _TURN))

    def _count(self, where: str, value: Any) -> int:
        return value if type(value) is int and value > 0 else self.wrong(where, "a whole number from 1 on", value)
