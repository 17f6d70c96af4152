"""Odd requests to create a container, on both engines: `.ci/dockerd python tests/conformance/odd_bodies.py`.

Each key of a configuration, and of a host's, gets values of every kind, one at a time. Prints each difference in code or message;
the exit code is 1 where there is one that `EXPLAINED` does not have, and where one of those is gone.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from churn.system.engines.docker import DockerEngine
from churn.system.engines.docker.client import Client
from churn.system.engines.emulated.api.defaults import CONFIG, HOST_CONFIG
from churn.system.engines.emulated.api.server import ServerSettings, served
from churn.system.standin import image

Body = Mapping[str, Any]
VALUES: tuple[Any, ...] = (5, -1, 1.5, 2**70, True, "", "x", "a:b:c", [], [5], ["x"], {}, {"a": 1}, {"a": {}})
FURTHER = (
    "ExposedPorts",
    "Labels",
    "StopSignal",
    "StopTimeout",
    "Healthcheck",
    "MacAddress",
    "Shell",
    "NetworkDisabled",
)
_ELSEWHERE = "another container that a container shares something with is not looked for: nothing is shared"
EXPLAINED: Mapping[str, str] = {
    'HostConfig.VolumesFrom=["x"]': _ELSEWHERE,
    'HostConfig.Links=["x"]': _ELSEWHERE,
    'HostConfig.PidMode="a:b:c"': _ELSEWHERE,
    'HostConfig.SecurityOpt=["x"]': "nothing runs, so nothing is secured",
    "HostConfig.NanoCpus=-1": "how many processors a machine has is no matter where nothing runs",
}
"""Cases in which both differ as they may, and why."""


def bodies() -> Iterator[tuple[str, Body]]:
    """Each with a name that says what is odd in it."""
    for key in (*CONFIG, *FURTHER):
        yield from ((f"{key}={json.dumps(value)}", {"Image": image.TAG, key: value}) for value in VALUES)
    for key in (*HOST_CONFIG, "Mounts", "Tmpfs", "Init", "Sysctls", "StorageOpt"):
        for value in VALUES:
            yield f"HostConfig.{key}={json.dumps(value)}", {"Image": image.TAG, "HostConfig": {key: value}}


def answer(client: Client, body: Body) -> tuple[int, str]:
    """Code and message; what was made is removed."""
    headers = {"Content-Type": "application/json"}
    made = client.post(f"{client.base_url}/v1.41/containers/create", data=json.dumps(body), headers=headers)
    told = made.json() if made.content else {}
    if made.status_code == 201:
        client.delete(f"{client.base_url}/v1.41/containers/{told['Id']}?force=1&v=1")
    return made.status_code, str(told.get("message", ""))


def main() -> int:
    """The exit code: 0 where no case differs but those that are explained, and these do."""
    engine = DockerEngine(os.environ)
    image.build(engine)
    different: set[str] = set()
    cases = dict(bodies())
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), ServerSettings(frozenset({image.TAG}))) as server,
        closing(Client(base_url=engine.url, version="1.41")) as real,
        closing(Client(base_url=f"unix://{server.path}", version="1.41")) as emulated,
    ):
        for name, body in cases.items():
            theirs, ours = answer(real, body), answer(emulated, body)
            if theirs != ours:
                different.add(name)
                print(f"{name}: {EXPLAINED.get(name, 'WRONG')}\n  Docker    {theirs}\n  emulated  {ours}", flush=True)
    print(
        f"{len(cases)} bodies, {len(different)} differ; gone of those that are explained: {EXPLAINED.keys() - different}"
    )
    return int(different != EXPLAINED.keys())


if __name__ == "__main__":
    sys.exit(main())
