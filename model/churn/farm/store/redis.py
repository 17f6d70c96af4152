"""Failures in Redis: a hash with a reproducer's JSON for each, so that campaigns on any machine share them."""

import json
import tempfile
from pathlib import Path
from typing import Any

from attrs import define, field

from churn.errors import EnvironmentFault, UsageError
from churn.farm.store.base import key_of
from churn.reproducers.file import Reproducer, as_data, load

FAILURES = "churn:failures"
"""The hash's key."""
_PATIENCE = 5.0
"""Seconds in which the server has to answer."""


@define(eq=False)
class RedisStore:
    """The server at a URL. What could not be kept waits here until it can."""

    url: str
    _client: Any = field(init=False)
    _failed: type[Exception] = field(init=False)
    _waiting: dict[str, str] = field(init=False, factory=dict)
    _gone: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        try:
            import redis
        except ImportError as error:
            raise UsageError(
                "expected redis for such a store, but it is not installed; run: pip install 'container-churn[redis]'"
            ) from error
        self._failed = redis.RedisError
        try:
            self._client = redis.Redis.from_url(
                self.url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE, decode_responses=True
            )
            self._client.ping()
        except (redis.RedisError, OSError, ValueError) as error:
            raise EnvironmentFault(
                f"expected a Redis server at {self.url}, but: {error}; start it, or name a folder"
            ) from error

    def load(self) -> list[Reproducer]:
        """As `Store.load`."""
        try:
            kept: dict[str, str] = self._client.hgetall(FAILURES)
        except self._failed as error:
            raise EnvironmentFault(f"expected failures from the Redis server at {self.url}, but: {error}") from error
        return [self._read(key, kept[key]) for key in sorted(kept)]

    def _read(self, key: str, text: str) -> Reproducer:
        """A reproducer is read from a file, which says what is wrong in it by its place."""
        with tempfile.TemporaryDirectory(prefix="churn-store-") as folder:
            file = Path(folder) / f"{key}.json"
            file.write_text(text, encoding="utf-8")
            return load(file)

    def add(self, found: Reproducer) -> str:
        """As `Store.add`."""
        self._waiting[key_of(found)] = json.dumps(as_data(found), ensure_ascii=False)
        gone, why = self._gone, self._send()
        self._gone = bool(why)
        told = f"the Redis server at {self.url} does not answer: {why}; what is found is kept there when it is back"
        return told if why and not gone else ""

    def _send(self) -> str:
        """Keep what waits; why that is not possible now, in words, or nothing."""
        try:
            for key, text in list(self._waiting.items()):
                self._client.hsetnx(FAILURES, key, text)
                del self._waiting[key]
        except (self._failed, OSError) as error:
            return str(error)
        return ""

    def close(self) -> str:
        """As `Store.close`."""
        why = self._send() if self._waiting else ""
        self._client.close()
        return f"{len(self._waiting)} failure(s) could not be kept in {self.url}: {why}" if self._waiting else ""
