"""Calls of the engine's API a second, by the docker SDK: in process, over the emulated engine's socket, and a real Docker.

Lists of ten containers that do not run, and whole lives (create, start, stop, remove) without a port; each side in turn,
by the time that passes. Emulated lives are measured without the times that a real engine takes: what is left is the cost of
the calls. Without an engine that answers the real side is left out.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from measure import Figure, report

from churn.errors import EngineUnreachable
from churn.system.clock import RealClock, VirtualClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated import Core
from churn.system.engines.emulated.api.adapter import client
from churn.system.engines.emulated.api.server import ServerSettings, served
from churn.system.engines.emulated.container import Timing
from churn.system.standin import image
from churn.system.standin.image import TAG

SIDES = {"process": "in process", "socket": "over the socket", "docker": "on a real Docker"}
LISTED, STILL = 10, Timing(create=0, start=0, terminate=0, kill=0, remove=0, free_name=0, crash=0, load=0)


@contextmanager
def in_process() -> Iterator[Any]:
    yield client(Core(VirtualClock(), images=frozenset({TAG}))).api


@contextmanager
def over_socket() -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        settings = ServerSettings(frozenset({TAG}), timing=STILL)
        with served(Path(folder), settings) as server, closing(DockerEngine({}, f"unix://{server.path}")) as engine:
            yield engine._api


@contextmanager
def on_docker() -> Iterator[Any]:
    with closing(DockerEngine(os.environ)) as engine:
        image.build(engine)
        yield engine._api


@contextmanager
def listed(api: Any) -> Iterator[str]:
    """Ten containers to list; their label."""
    label = f"churn.benchmark={uuid4().hex}"
    made = [api.create_container_from_config(config(label))["Id"] for _ in range(LISTED)]
    yield label
    for identity in made:
        api.remove_container(identity)


def config(label: str) -> dict[str, Any]:
    key, _, value = label.partition("=")
    return {"Image": TAG, "Labels": {key: value}, "HostConfig": {"NetworkMode": "none"}}


def life(api: Any, label: str) -> None:
    """Four calls."""
    identity = api.create_container_from_config(config(label))["Id"]
    api.start(identity)
    api.stop(identity, timeout=5)
    api.remove_container(identity)


def per_second(act: Callable[[], object], times: int, calls: int) -> float:
    """Calls a second, over so many times an act of so many calls."""
    clock = RealClock()
    began = clock.now()
    for _ in range(times):
        act()
    return times * calls / (clock.now() - began)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--lists", type=int, default=200)
    options.add_argument("--lives", type=int, default=10)
    chosen = options.parse_args()
    skipped = ""
    with ExitStack() as stack:
        sides = {"process": stack.enter_context(in_process()), "socket": stack.enter_context(over_socket())}
        try:
            sides["docker"] = stack.enter_context(on_docker())
        except EngineUnreachable as error:
            skipped = str(error)
        labels = {name: stack.enter_context(listed(api)) for name, api in sides.items()}
        lists: dict[str, list[float]] = {name: [] for name in sides}
        lives: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(chosen.rounds):
            for name, api in sides.items():
                wanted = {"label": [labels[name]]}
                listing = partial(api.containers, all=True, filters=wanted)
                lists[name].append(per_second(listing, chosen.lists, 1))
                lives[name].append(per_second(partial(life, api, f"{labels[name]}-life"), chosen.lives, 4))
    figures = [
        Figure(f"{kind}-{name}", median(found[name]), f"{words} a second, {SIDES[name]}")
        for kind, words, found in (
            ("lists", "lists of ten containers", lists),
            ("lives", "calls of whole lives", lives),
        )
        for name in sides
    ]
    report("calls", figures, skipped=skipped)


if __name__ == "__main__":
    main()
