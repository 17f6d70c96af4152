"""What the reference manager's program prints on standard output: the services concerned, as one JSON document."""

import json
from collections.abc import Iterable

from churn.errors import ChurnError
from churn.lifecycle.outcome import Garbled
from churn.system.managers.answers import OTHER_JSON, unlike_json

Row = tuple[str, str, int]
Rows = list[Row]
_PROMISED = "a JSON list of services"


class PrintedInstead(ChurnError):
    """Ends a command with success, and with `text` on standard output in place of its answer. Only planted defects raise it."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"it printed {text!r}")


class UnreadableAnswer(ChurnError):
    """What was printed is not the services concerned; `garbled` says in words what it is."""

    def __init__(self, printed: str, got: str) -> None:
        self.garbled = Garbled(_PROMISED, printed)
        super().__init__(f"unreadable: expected {_PROMISED}, got {got!r}")


def written(rows: Iterable[Row]) -> str:
    """The services concerned (name, status, port), as they are printed."""
    return json.dumps([{"name": name, "status": status, "port": port} for name, status, port in rows])


def read(printed: str) -> Rows:
    """The services that were printed. Raises `UnreadableAnswer`."""
    try:
        document = json.loads(printed)
    except (ValueError, RecursionError) as error:
        raise UnreadableAnswer(unlike_json(printed), printed) from error
    try:
        return [(entry["name"], entry["status"], entry["port"]) for entry in document]
    except (KeyError, TypeError) as error:
        raise UnreadableAnswer(OTHER_JSON, printed) from error
