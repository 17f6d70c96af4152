"""Checks of the engine itself: whether it answers, what it is, and whether the `docker` command reaches the same one."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Protocol

from attrs import frozen

from churn.doctor.findings import CheckFinding, note, ok, problem, told
from churn.lifecycle.observation import Resource
from churn.system import process
from churn.system.engines.docker import (
    DOCKER,
    PODMAN,
    About,
    DockerEngine,
    ImageInfo,
    Place,
    ask_identity,
    named_by,
    places,
)
from churn.system.protocols import ListedContainer

PATIENCE = 10
"""Seconds that the engine, and the `docker` command, may take to answer."""
_GLANCE = 2
"""The same for engines elsewhere, which are only mentioned."""

_OLDEST_API = (1, 24)
_KNOWN = {DOCKER: ((20, 10), 28, "Docker 20.10 to 28"), PODMAN: ((4, 3), 4, "Podman 4.3")}
"""The versions of engines that Churn is known to work with: the first, the last number of the last, and both in words."""


class Shown(Protocol):
    """What checks may ask of an engine, in `DockerEngine`'s words: nothing here changes it."""

    @property
    def url(self) -> str:
        """Its address."""

    def about(self) -> About:
        """What it tells of itself."""

    def bridge(self) -> str | None:
        """The interface of its default network."""

    def architecture(self) -> str:
        """What its containers run on."""

    def image(self, tag: str) -> ImageInfo | None:
        """The image of that tag."""

    def list(self, labels: Mapping[str, str] | None = None) -> tuple[ListedContainer, ...]:
        """Its containers that carry these labels."""

    def labelled(self, label: str) -> Mapping[Resource, str]:
        """Its networks, volumes and images that carry the label, each with its value."""

    def remove(self, reference: str, *, force: bool = False, volumes: bool = False) -> None:
        """As `Cleanable.remove`; no check calls it."""

    def remove_resource(self, resource: Resource) -> None:
        """As `Cleanable.remove_resource`; no check calls it."""


@frozen
class Reach:
    """The engine that a run would use, and what names it. Without an engine, `error` is what came instead."""

    named: str
    engine: Shown | None = None
    error: str = ""

    def asking(self, look: Callable[[Shown], CheckFinding]) -> Callable[[], CheckFinding]:
        """A look at the engine, if there is one."""
        engine = self.engine
        return (lambda: look(engine)) if engine is not None else _unseen


def _unseen() -> CheckFinding:
    return note("not looked at: no engine answers")


@contextmanager
def reached(environ: Mapping[str, str]) -> Iterator[Reach]:
    """The engine that a run would use, for as long as this lasts. Where none answers, that is told, not raised."""
    named = named_by(environ)
    try:
        engine = DockerEngine(environ, patience=PATIENCE)
    except Exception as error:  # noqa: BLE001 -- whatever answers there may be no engine; what it is, is the finding
        reach = Reach(named, error=told(error))
    else:
        with closing(engine):
            yield Reach(named, engine)
        return
    yield reach


def answers(reach: Reach, elsewhere: Callable[[], Mapping[Place, About]]) -> CheckFinding:
    """Whether there is an engine; `elsewhere` are others that answer."""
    if reach.engine is not None:
        identity = reach.engine.about().identity
        found = [place.url for place, about in elsewhere().items() if about.identity != identity]
        also = f"; others, which are not used: {', '.join(found)}" if found else ""
        return ok(f"{reach.engine.url} answers (named by {reach.named}){also}")
    return problem(f"named by {reach.named}: {reach.error}", _way_out(reach, elsewhere()))


def _way_out(reach: Reach, elsewhere: Mapping[Place, About]) -> str:
    if elsewhere:
        ways = (f"{_export(place)} (Docker {about.version})" for place, about in elsewhere.items())
        return f"another engine answers; to use it: {' or '.join(ways)}"
    if "Permission denied" in reach.error:
        return "let this user use the socket (sudo usermod -aG docker $USER, then log in again), or be root"
    return "start Docker (systemctl start docker), or say where it is with DOCKER_HOST; without one: --engine emulated"


def _export(place: Place) -> str:
    if place.context:
        return f"unset DOCKER_HOST; export DOCKER_CONTEXT={place.context}"
    return f"export DOCKER_HOST={place.url}"


def elsewhere(environ: Mapping[str, str]) -> dict[Place, About]:
    """The engines that answer at the usual places, each with what it tells of itself."""
    found = {}
    for place in places(environ):
        # Whatever it is: what does not answer as an engine is none.
        with suppress(Exception), closing(_glanced(place, environ)) as engine:
            found[place] = engine.about()
    return found


def _glanced(place: Place, environ: Mapping[str, str]) -> DockerEngine:
    url = None if place.context else place.url
    return DockerEngine(environ, url, context=place.context, patience=_GLANCE)


def version(engine: Shown) -> CheckFinding:
    """Whether it is one that Churn can speak with, and is known to work with."""
    about = engine.about()
    found = (
        f"{about.kind} {about.version}, API {about.api}"
        if about.kind != DOCKER
        else f"{about.version}, API {about.api}"
    )
    if _numbers(about.api) < _OLDEST_API:
        return problem(f"{found}; expected API 1.24 or newer", "update Docker")
    first, last, words = _KNOWN[about.kind]
    known = first <= _numbers(about.version) < (last + 1,)
    return ok(found) if known else note(f"{found}; Churn is known to work with {words}")


def _numbers(text: str) -> tuple[int, ...]:
    """``20.10.24+dfsg1`` as (20, 10, 24)."""
    return tuple(map(int, re.findall(r"\d+", text)[:3]))


def bridge(engine: Shown, interfaces: frozenset[str]) -> CheckFinding:
    """Whether there is the network that publishes ports, and whether it is on this machine if the engine is."""
    interface, apart = engine.bridge(), engine.about().apart
    restart = "restart Docker, which makes it (systemctl restart docker)"
    if interface is None:
        return problem("the engine has no default network (bridge), so it publishes no ports", restart)
    if not engine.url.startswith("unix:") or apart:
        return ok(f"there; on which interface cannot be seen from here ({apart or 'an engine elsewhere'})")
    if not interface:
        return note("there, but the engine does not tell its interface")
    if interface not in interfaces:
        found = f"there, but its interface {interface} is not among this machine's ({', '.join(sorted(interfaces))})"
        elsewhere = "or, where the engine has a network namespace of its own, run churn in that"
        return problem(found, f"{restart}, {elsewhere}")
    return ok(f"there, on {interface}")


_FOLLOW = "export DOCKER_HOST=$(docker context inspect --format '{{.Endpoints.docker.Host}}')"


def command(reach: Reach, environ: Mapping[str, str]) -> CheckFinding:
    """Whether the `docker` command is there, and reaches the engine that a run would use."""
    path = shutil.which("docker", path=environ.get("PATH"))
    if path is None:
        return command_alone(environ)
    asked = ask_identity(reach.engine.about().kind if reach.engine is not None else DOCKER)
    finished = process.run([path, "info", "--format", asked], env=environ, timeout=PATIENCE)
    identity = finished.stdout.strip()
    if finished.code != 0 or not identity:
        reason = f"no answer within {PATIENCE} s" if finished.cut_off else _last(finished.stderr) or "it told no id"
        return problem(f"{path}: {reason}", "find out why with: docker info")
    if reach.engine is None:
        return problem(f"{path} reaches an engine that churn does not", _FOLLOW)
    if identity != reach.engine.about().identity:
        found = f"{path} reaches another engine: {identity}, not {reach.engine.about().identity} at {reach.engine.url}"
        return problem(found, f"export DOCKER_HOST={reach.engine.url}")
    return ok(f"{path} reaches the same engine")


def command_alone(environ: Mapping[str, str]) -> CheckFinding:
    """Whether the `docker` command is there, whatever it reaches: an emulated engine is served to it."""
    path = shutil.which("docker", path=environ.get("PATH"))
    if path is None:
        return note("there is none on PATH", "install it (docker-cli) to test AIMA, or a manager that runs it")
    return ok(f"{path} is there")


def _last(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def gpu(engine: Shown) -> CheckFinding:
    """Whether containers could have an NVIDIA GPU, by the engine's runtimes."""
    runtimes = engine.about().runtimes
    if "nvidia" in runtimes:
        return ok("the engine has a runtime nvidia")
    found = f"the engine has no runtime nvidia (but: {', '.join(sorted(runtimes))}), so it may refuse requests for GPUs"
    return note(found, "for GPUs: install nvidia-container-toolkit, then nvidia-ctk runtime configure")
