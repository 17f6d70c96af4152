"""Where programs are tested: an engine, real or emulated and served, this machine's ports, and the way to the engine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from attrs import evolve, frozen

from churn.errors import UsageError
from churn.lifecycle.operations import CLIENTS
from churn.session.clients import InThreads
from churn.session.faults import REAL_WAITS, Waits
from churn.session.system import System
from churn.system import ownership
from churn.system.canary import Canary
from churn.system.clock import Clock, RealClock
from churn.system.engines.docker import DockerEngine
from churn.system.engines.emulated.api.server import ServerSettings, served
from churn.system.faults.gate import Gate
from churn.system.host import RealHost
from churn.system.process import interrupt
from churn.system.protocols import Program
from churn.system.proxy import Proxy, ProxyHooks, proxied
from churn.system.standin.image import TAG


@frozen(kw_only=True)
class Testbed:
    """A place to test a program in. `environ` is the manager's: its DOCKER_HOST leads through the gate, if there is one."""

    engine: DockerEngine
    host: RealHost
    clock: Clock
    folder: Path
    labels: Mapping[str, str]
    """What marks everything of this run's."""
    environ: Mapping[str, str]
    gate: Gate | None
    proxy: Proxy | None
    """The way to the engine that leads through the gate."""
    waits: Waits
    real: bool = False
    """Whether the engine is a real one, which may be in trouble."""

    def system(self, manager: Program, *, adds: frozenset[str], looking: Mapping[str, str] | None = None) -> System:
        """The system of a manager here; `adds` are kinds of operation beside its own, as those that fail the engine.

        `looking` is the environment of commands that are run for evidence, where it is not the manager's.
        """
        manager.contract = evolve(manager.contract, offers=manager.contract.offers | adds)
        if self.gate is not None:
            self.gate.signalled = lambda name: interrupt(manager.marker, name)
        if self.waits.speed != 1:  # the engine's seconds are shorter: so is the grace that it gives
            grace = manager.contract.stop_grace / self.waits.speed
            manager.contract = evolve(manager.contract, stop_grace=grace)
        environ = {**_plain(looking or self.environ, self.engine.url), "DOCKER_HOST": self.engine.url}
        made = System(manager, self.engine, self.host, self.clock, self.waits, self.labels, environ, self.gate)
        if adds >= CLIENTS and self.proxy is not None:
            made.clients = InThreads(manager, self.proxy)
        if self.real and self.engine.has_image(TAG):
            made.probe = Canary(self.engine, self.host, self.clock, TAG, self.labels).trouble
        return made


@contextmanager
def testbed(
    engine: str,
    run: str,
    environ: Mapping[str, str],
    *,
    job: str,
    labelling: bool,
    speed: float,
    images: Sequence[str],
) -> Iterator[Testbed]:
    """A testbed on the engine that DOCKER_HOST names (``docker``), or on an emulated one made for it.

    `job`: the id of the job that it is for; empty where it is for none. `labelling`: the manager reaches the engine through a
    proxy, which marks what it creates as this run's. `speed`: how fast an emulated engine's time runs. An emulated engine has
    these `images`, beside the stand-in's.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(ownership.folder(run))
        url = _served(stack, folder, speed, images) if engine == "emulated" else environ.get("DOCKER_HOST")
        reached = stack.enter_context(closing(DockerEngine(environ, url)))
        labels, clock = ownership.labels(run, job), RealClock()
        gate, proxy = _gated(stack, reached, folder, labels) if labelling else (None, None)
        way = proxy.url if proxy is not None else reached.url
        host = RealHost(folders=folder / "services", clock=clock, serving=engine == "emulated")
        yield Testbed(
            engine=reached,
            host=host,
            clock=clock,
            folder=folder,
            labels=labels,
            environ={**_plain(environ, way), "DOCKER_HOST": way},
            gate=gate,
            proxy=proxy,
            waits=REAL_WAITS.hastened(speed) if engine == "emulated" else REAL_WAITS,
            real=engine != "emulated",
        )


def _gated(stack: ExitStack, engine: DockerEngine, folder: Path, labels: Mapping[str, str]) -> tuple[Gate, Proxy]:
    """A proxy in front of the engine, and the gate that its calls pass."""
    _expect_plain(engine)
    gate = Gate()
    proxy = stack.enter_context(proxied(engine.url, folder, labels, gate))
    gate.hooks = ProxyHooks(engine, proxy, labels, TAG)
    return gate, proxy


def _plain(environ: Mapping[str, str], way: str) -> Mapping[str, str]:
    """The environment without what would make a client speak TLS, or take another way: a unix socket knows neither."""
    left_out = _TLS if way.startswith("unix:") else ()
    return {key: value for key, value in environ.items() if key not in left_out}


_TLS = ("DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONTEXT")


def _expect_plain(engine: DockerEngine) -> None:
    if engine.encrypted:
        raise UsageError(
            "expected an engine on a unix socket, or on TCP without TLS, for the proxy that marks what is this run's; "
            f"got {engine.url} with TLS; run Churn on the engine's own machine"
        )


def _served(stack: ExitStack, folder: Path, speed: float, images: Sequence[str]) -> str:
    """The address of an emulated engine in a thread of its own."""
    server = stack.enter_context(served(folder, ServerSettings(frozenset({TAG, *images}), gpu=True, speed=speed)))
    return f"unix://{server.path}"
