"""Faults switched by hand, under a prefix of their own."""

from typing import Any

from churn.errors import UsageError
from churn.system.faults import KINDS, made
from churn.system.faults.gate import Gate

CONTROL = "/churn"
"""The prefix of the routes; the Docker Engine API has none like it."""


class Control:
    """``GET /faults`` tells the faults that are on, ``POST /faults`` switches one on, ``DELETE /faults`` heals all."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def answer(self, method: str, path: str, value: Any) -> Any:
        """What there is to tell. Raises `UsageError`."""
        if path != "/faults":
            raise UsageError(f"expected /faults, got {path}")
        match method:
            case "GET":
                return self._told()
            case "POST":
                self._gate.switch_on(self._fault(value))
                return self._told()
            case "DELETE":
                self._gate.heal()
                return self._told()
        raise UsageError(f"expected GET, POST or DELETE, got {method}")

    def _told(self) -> dict[str, Any]:
        return {"on": [str(fault) for fault in self._gate.on()], "struck": [str(one) for one in self._gate.struck]}

    def _fault(self, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("name"), str):
            raise UsageError(f'expected {{"name": …, settings}} with a name of {", ".join(KINDS)}; got {value!r}')
        return made(value["name"], {key: one for key, one in value.items() if key != "name"})
