"""The events of a Docker daemon: asked for up to now, in windows that overlap, and each told once."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import docker.errors
import requests

from churn.lifecycle.observation import Event
from churn.system.clock import today
from churn.system.engines.docker.wire import ANSWER_TIME, Told, as_asked, is_podman

_SECOND = 1_000_000_000
"""In nanoseconds, the unit of the engine's event times."""

_OVERLAP = _SECOND
"""How far before the newest event read to read again: an event gets its time before it gets its place in the engine's
order, so one with an earlier time may come later, where containers are changed at once."""

_FEW = 64
"""Events of containers in one reading, among as many of other kinds, of which the engine cannot have forgotten one yet."""

_OF_CONTAINERS = json.dumps({"type": ["container"]})
_AS_DOCKER = {"remove": "destroy"}
"""What Podman calls otherwise than Docker."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EventReader:
    """Reads one engine's container events, from when this object was made on."""

    def __init__(self, api: Any, *, local: bool) -> None:
        self._api = api
        before = _now()
        info = api.info()
        self._ahead = _ahead(info, before, _now(), local=local)
        self.named = as_asked if is_podman(info) else str
        """What makes of an image's name, as the engine tells it, what was asked for."""
        self._window = _window_of_podman if is_podman(info) else _window
        self._feed = Feed(since=self._engine_now())

    @property
    def mark(self) -> int:
        """The place of the newest event read so far."""
        return self._feed.mark

    @property
    def restarts(self) -> int:
        """How often the engine was noticed to be another process than before."""
        return self._feed.restarts

    def read(self) -> tuple[Event, ...]:
        """Those since the last call of this, in the engine's order."""
        since = self._feed.since
        told = self._get_lines("/events", {**self._window(since, self._engine_now()), "filters": _OF_CONTAINERS})
        return self._feed.take(entry for entry in told if int(entry["timeNano"]) >= since)

    def _get_lines(self, path: str, parameters: Mapping[str, str]) -> Iterator[Told]:
        """The values that an endpoint answers with, one a line. The SDK's own reader of events has no time limit."""
        url = f"{self._api.base_url}/v{self._api.api_version}{path}"
        answer = self._api.get(url, params=dict(parameters), timeout=ANSWER_TIME)
        try:
            answer.raise_for_status()
        except requests.HTTPError as error:
            docker.errors.create_api_error_from_http_exception(error)
        return (json.loads(line) for line in answer.text.splitlines())

    def _engine_now(self) -> int:
        return _now() + self._ahead


class Feed:
    """The events read so far, each one once: reading overlaps, see `_OVERLAP`."""

    def __init__(self, since: int) -> None:
        self.mark = 0
        self.restarts = 0
        """How often the engine had forgotten what it told before: its memory of events ends with its process."""
        self._started = since
        self._seen: dict[tuple[int, str, str], None] = {}
        self._newest = since

    @property
    def since(self) -> int:
        """The time to read from, in nanoseconds."""
        return max(self._started, self._newest - _OVERLAP)

    def take(self, told: Iterable[Told]) -> tuple[Event, ...]:
        """Those of the engine's events that are new, numbered on."""
        new = []
        entries = tuple(told)
        self._notice_restart(entries)
        for entry in entries:
            key = _key(entry)
            if key not in self._seen:
                self._seen[key] = None
                self._newest = max(self._newest, key[0])
                self.mark += 1
                new.append(_event(self.mark, key, entry["Actor"].get("Attributes") or {}))
        self._seen = {key: None for key in self._seen if key[0] >= self.since}
        return tuple(new)

    def _notice_restart(self, entries: Sequence[Told]) -> None:
        """The newest event that was read is read again, unless the engine is not the process that told it."""
        known = {key for key in self._seen if key[0] == self._newest}
        again = {_key(entry) for entry in entries}
        if known and not known & again and len(entries) < _FEW:
            self.restarts += 1
            self._seen.clear()
            self._newest = max((key[0] for key in again), default=self._newest)


def _event(mark: int, key: tuple[int, str, str], attributes: Mapping[str, str]) -> Event:
    """An event as the engine tells it; its container's labels stand among the attributes."""
    at, container, action = key
    return Event(
        mark=mark,
        container=container,
        action=action.partition(":")[0],
        signal=str(attributes.get("signal", "")),
        at=at / _SECOND,
        name=attributes.get("name", ""),
        labels=attributes,
    )


def _window(since: int, until: int) -> dict[str, str]:
    """Asks for the events of this time."""
    return {"since": _seconds(since), "until": _seconds(until)}


def _window_of_podman(since: int, _: int) -> dict[str, str]:
    """The same of Podman, which knows whole seconds only, and would wait for the end of the last one."""
    return {"since": str(since // _SECOND), "stream": "false"}


def _key(entry: Told) -> tuple[int, str, str]:
    action = str(entry["Action"])
    return int(entry["timeNano"]), str(entry["Actor"]["ID"]), _AS_DOCKER.get(action, action)


def _ahead(info: Told, before: int, after: int, *, local: bool) -> int:
    """Nanoseconds to add to this machine's time so that it is not before the engine's. `info` came between these times.

    None on one machine with one clock; where they differ by more than the measurement may be wrong, by how much, and
    that error on top: to ask for events until a little later only waits that little.
    """
    told = datetime.fromisoformat(info["SystemTime"])
    error = (after - before) // 2
    ahead = _nanoseconds(told) - (before + error)
    return 0 if local and abs(ahead) <= error else ahead + error


def _now() -> int:
    return _nanoseconds(today())


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def _seconds(nanoseconds: int) -> str:
    """As the engine reads times: a float would lose the last digits."""
    return f"{nanoseconds // _SECOND}.{nanoseconds % _SECOND:09d}"
