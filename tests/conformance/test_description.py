"""Every kind of answer of the emulated engine is as the published description of the API says.

The description is not part of this project: DOCKER_API_DESCRIPTION names its file (Swagger 2.0, YAML, API 1.41).
"""

import copy
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from calls import LABELS, archive
from jsonschema import Draft4Validator
from machine import CALLS
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from churn.system.clock import VirtualClock
from churn.system.engines.emulated import Core
from churn.system.engines.emulated.api.message import Reply
from churn.system.engines.emulated.api.routes import ROUTES, Api
from churn.system.engines.emulated.calls import Until, settle
from churn.system.standin.image import TAG

VARIABLE = "DOCKER_API_DESCRIPTION"
NULL_TOO = ("MemorySwappiness",)
"""Numbers that a real engine of this version tells as null where nobody set them; the description forgets that."""
PREFIX = "churn-test-"


@cache
def description() -> Mapping[str, Any]:
    """The description, arrays and objects nullable, as the engine writes null for an empty one, and what says so itself."""
    place = os.environ.get(VARIABLE)
    if not place:
        pytest.skip(f"{VARIABLE} does not name a copy of the Docker Engine API's description (v1.41.yaml)")
    yaml = pytest.importorskip("yaml")
    return nullable(yaml.safe_load(Path(place).read_text(encoding="utf-8")))  # type: ignore[no-any-return]


def nullable(value: Any) -> Any:
    if isinstance(value, list):
        return [nullable(one) for one in value]
    if not isinstance(value, dict):
        return value
    changed = {key: nullable(one) for key, one in value.items() if key not in ("example", "examples")}
    for name in NULL_TOO:
        if isinstance(changed.get(name), dict):
            changed[name]["type"] = [changed[name]["type"], "null"]
    if changed.get("type") in ("array", "object") or (changed.get("x-nullable") and "type" in changed):
        changed["type"] = [changed["type"], "null"]
    return changed


def operation(method: str, path: str) -> Mapping[str, Any]:
    """What the description says of a call."""
    for template, operations in description()["paths"].items():
        pattern = re.sub(r"\{name\}", "(.+)", re.sub(r"\{id\}", "([^/]+)", template))
        if re.fullmatch(pattern, path) and method.lower() in operations:
            return operations[method.lower()]  # type: ignore[no-any-return]
    raise AssertionError(f"the description has no {method} {path}")


def check(method: str, path: str, reply: Reply) -> None:
    """Raises where the reply is not as described."""
    said = {str(status): answer for status, answer in operation(method, path)["responses"].items()}
    # Some refusals that a real engine gives are not described (an invalid signal's); the random calls hold their status.
    assert str(reply.status) in said or reply.status >= 400, f"{method} {path}: status {reply.status} is not described"
    schema = said.get(str(reply.status), {"schema": {"$ref": "#/definitions/ErrorResponse"}}).get("schema")
    if schema is None or schema.get("type") == "string" or schema.get("format") == "binary":
        return
    whole = Resource.from_contents({**copy.copy(description()), "$schema": "x"}, default_specification=DRAFT4)
    registry: Registry[Any] = Registry().with_resource("urn:api", whole)
    validator = Draft4Validator(rebased(schema), registry=registry)
    for line in bodies(reply):
        problems = [
            f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in validator.iter_errors(line)
        ]
        assert not problems, f"{method} {path}: {problems}"


def rebased(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: f"urn:api{one}" if key == "$ref" and isinstance(one, str) else rebased(one)
            for key, one in schema.items()
        }
    return [rebased(one) for one in schema] if isinstance(schema, list) else schema


def bodies(reply: Reply) -> Iterator[Any]:
    """The JSON values of a reply."""
    text, decoder = reply.body.decode().strip(), json.JSONDecoder()
    while text:
        value, end = decoder.raw_decode(text)
        yield value
        text = text[end:].lstrip()


class Engine:
    """An emulated engine that has every answer checked."""

    def __init__(self) -> None:
        self.core = Core(VirtualClock(), images=frozenset({TAG}))
        self.api = Api(self.core)
        self.seen: set[tuple[str, str]] = set()

    def call(self, method: str, target: str, body: Any = None) -> Reply:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        reply = settle(self.core, self.api.answer(method, target, raw))
        if reply.stream is not None:
            reply = Reply(reply.status, b"".join(self.parts(reply)), reply.kind)
        path = target.partition("?")[0]
        check(method, path, reply)
        self.seen.add((method, path))
        return reply

    def parts(self, reply: Reply) -> Iterator[bytes]:
        answer = None
        assert reply.stream is not None
        try:
            while True:
                part = next(reply.stream) if answer is None else reply.stream.send(answer)
                answer = self.core.await_state(part.reached, part.limit) if isinstance(part, Until) else None
                if isinstance(part, bytes):
                    yield part
        except StopIteration:
            return


@pytest.fixture
def engine() -> Engine:
    description()
    return Engine()


def filled(value: Any) -> Any:
    text = json.dumps(value)
    for word, own in (("run", "r"), ("port", "20001"), ("other", "20002")):
        text = text.replace(f"{{{word}}}", own)
    return json.loads(text)


def test_the_calls_of_the_random_suite_are_answered_as_described(engine: Engine) -> None:
    from urllib.parse import urlencode

    for call in CALLS:
        query = urlencode(filled(dict(call.query)))
        body = call.body if isinstance(call.body, bytes) else None if call.body is None else filled(call.body)
        if call.path.endswith("/wait"):
            continue
        engine.call(call.method, f"{filled(call.path)}{f'?{query}' if query else ''}", body)


def test_every_route_is_answered_as_described(engine: Engine) -> None:
    config = {"Image": TAG, "Labels": {LABELS: "x"}, "ExposedPorts": {"80/tcp": {}}}
    host = {
        "PortBindings": {"80/tcp": [{"HostPort": "20001"}]},
        "Binds": ["data:/data"],
        "RestartPolicy": {"Name": "always"},
    }
    engine.call("POST", "/containers/create?name=web", {**config, "HostConfig": host})
    for method, target, body in (
        ("GET", "/_ping", None),
        ("HEAD", "/_ping", None),
        ("GET", "/version", None),
        ("GET", "/info", None),
        ("POST", "/containers/web/start", None),
        ("GET", "/containers/web/json", None),
        ("GET", "/containers/json?all=1", None),
        ("GET", "/containers/web/top", None),
        ("GET", "/containers/web/logs?stdout=1", None),
        ("GET", "/containers/web/stats?stream=0", None),
        ("PUT", "/containers/web/archive?path=/tmp", archive("x", b"1")),
        ("GET", "/containers/web/changes", None),
        ("GET", "/containers/web/archive?path=/tmp/x", None),
        ("HEAD", "/containers/web/archive?path=/tmp/x", None),
        ("POST", "/containers/web/pause", None),
        ("GET", "/containers/web/json", None),
        ("POST", "/containers/web/unpause", None),
        ("POST", "/containers/web/restart", None),
        ("POST", "/containers/web/rename?name=web2", None),
        ("POST", "/containers/web2/kill?signal=HUP", None),
        ("POST", "/containers/web2/update", {"RestartPolicy": {"Name": "no"}}),
        ("POST", "/containers/web2/stop", None),
        ("POST", "/containers/web2/wait", None),
        ("POST", "/images/create?fromSrc=-&repo=made&changes=CMD+true", archive("bin/true", b"x")),
        ("GET", "/images/json", None),
        ("GET", "/images/made/json", None),
        ("GET", "/images/made/history", None),
        ("GET", "/images/made/get", None),
        ("GET", "/images/get?names=made", None),
        ("POST", "/images/made/tag?repo=other", None),
        ("DELETE", "/images/other", None),
        ("POST", "/images/prune", None),
        ("POST", "/networks/create", {"Name": "net"}),
        ("GET", "/networks", None),
        ("GET", "/networks/net", None),
        ("POST", "/networks/net/connect", {"Container": "web2"}),
        ("POST", "/networks/net/disconnect", {"Container": "web2"}),
        ("DELETE", "/networks/net", None),
        ("POST", "/networks/prune", None),
        ("POST", "/volumes/create", {"Name": "vol"}),
        ("GET", "/volumes", None),
        ("GET", "/volumes/vol", None),
        ("DELETE", "/volumes/data", None),
        ("DELETE", "/volumes/vol", None),
        ("POST", "/volumes/prune", None),
        ("GET", "/events?since=0&until=1", None),
        ("GET", "/system/df", None),
        ("POST", "/build/prune", None),
        ("DELETE", "/containers/web2", None),
        ("POST", "/containers/prune", None),
        ("GET", "/containers/nosuch/json", None),
    ):
        engine.call(method, target, body)
    engine.call("POST", "/images/load", engine.call("GET", f"/images/{TAG}/get").body)
    unseen = [
        f"{method} {path}" for method, path, _ in ROUTES if not any(answered(method, path, one) for one in engine.seen)
    ]
    assert unseen == []


def answered(method: str, path: str, seen: tuple[str, str]) -> bool:
    pattern = path.replace("{one}", "[^/]+").replace("{path}", ".+")
    return seen[0] == method and re.fullmatch(pattern, seen[1]) is not None
