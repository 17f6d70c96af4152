"""An engine in trouble: told by its own answers, and by a container of Churn's own; never held against the manager."""

from collections.abc import Callable

import pytest
from builders import Double, ForgetfulStop, Laboratory, bench, laboratory

from churn.errors import EnvironmentFault
from churn.lifecycle.observation import Resource, ResourceKind
from churn.lifecycle.operations import Create, Start, Step, Stop
from churn.lifecycle.outcome import Outcome, Rejected
from churn.session.violation import Violation
from churn.system.canary import Canary
from churn.system.engines.emulated.container import Timing
from churn.system.faults.gate import Gate
from churn.system.refusals import Trouble, trouble

FULL = "write /var/lib/docker/overlay2/x-init/link: no space left on device"
ENDPOINT = "driver failed programming external connectivity on endpoint web (0943):"
IMAGE = "churn/stand-in:1"
QUICK = Timing(load=0.1)

# -- by its answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        FULL,
        f"{ENDPOINT} (iptables failed: iptables --wait -t nat -A DOCKER: No chain/target/match by that name.)",
        "failed to create endpoint web on network bridge: failed to add the host (veth1) <=> sandbox (veth2) pair interfaces",
        "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
        "fork/exec /usr/sbin/runc: resource temporarily unavailable",
        "connection error: desc = transport: error while dialing: dial unix /run/containerd.sock: connect: refused: unknown",
    ],
)
def test_what_no_client_can_be_blamed_for_is_trouble(message: str) -> None:
    assert trouble(500, message) == Trouble(message)
    assert trouble(409, message) is None, "then the engine has refused, not failed"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, f"{ENDPOINT} Bind for 0.0.0.0:8000 failed: port is already allocated"),
        (500, "could not select device driver with capabilities: [[gpu]]"),
        (500, 'OCI runtime create failed: exec: "serve": executable file not found in $PATH: unknown'),
        (500, "OCI runtime create failed: mkdir /etc/x: read-only file system: unknown"),
        (400, "invalid mount config"),
        (404, "No such container: web"),
        (409, 'Conflict. The container name "/web" is already in use by container "0943"'),
    ],
)
def test_what_a_client_may_have_asked_wrongly_is_none(status: int, message: str) -> None:
    assert trouble(status, message) is None


def test_an_image_that_is_not_there_is_told_by_its_name() -> None:
    assert trouble(404, f"No such image: {IMAGE}") == Trouble(f"No such image: {IMAGE}", IMAGE)


# -- in a sequence ------------------------------------------------------------------------------------------------------


class Refusing(Double):
    """Its starts are refused."""

    def start(self, service: str) -> Outcome:
        now = self.manager.clock.now()
        return Rejected(now, now, reason=f"service {service} did not start")


def begun(make: Callable[..., Double] = Refusing) -> tuple[Laboratory, Gate]:
    """A session in a sequence whose next step may fail, and the gate between its manager and the engine."""
    lab = laboratory(make)
    gate = lab.system.gate = Gate()
    lab.session.begin("test", "a")
    lab.session.step(Step(Create("a")))
    return lab, gate


def test_a_start_that_is_refused_while_the_engine_is_in_trouble_is_no_bug() -> None:
    lab, gate = begun()
    gate.troubles.append(Trouble(FULL))
    with pytest.raises(EnvironmentFault, match="the engine was in trouble; it answered: write /var"):
        lab.session.step(Step(Start("a")))


def test_without_it_the_same_is_one() -> None:
    lab, _ = begun()
    with pytest.raises(Violation):
        lab.session.step(Step(Start("a")))


def test_trouble_of_an_earlier_sequence_is_over() -> None:
    lab, gate = begun()
    gate.troubles.append(Trouble(FULL))
    lab.session.begin("test", "a")
    lab.session.step(Step(Create("a")))
    with pytest.raises(Violation):
        lab.session.step(Step(Start("a")))


def gone(lab: Laboratory) -> None:
    lab.bench.engine.remove_resource(Resource(ResourceKind.IMAGE, IMAGE))


def test_an_image_that_somebody_removed_is_no_bug() -> None:
    lab, gate = begun()
    gone(lab)
    gate.troubles.append(Trouble(f"No such image: {IMAGE}", IMAGE))
    with pytest.raises(EnvironmentFault, match="No such image"):
        lab.session.step(Step(Start("a")))


@pytest.mark.parametrize("why", ["never there", "there still", "removed by the manager"])
def test_any_other_image_that_is_not_there_is_the_managers_matter(why: str) -> None:
    lab, gate = begun()
    lacking = "of/another-name:1" if why == "never there" else IMAGE
    if why == "removed by the manager":
        gone(lab)
        gate.images_removed += 1
    gate.troubles.append(Trouble(f"No such image: {lacking}", lacking))
    with pytest.raises(Violation):
        lab.session.step(Step(Start("a")))


# -- by a container of Churn's own --------------------------------------------------------------------------------------


def test_where_no_container_can_be_run_a_refused_start_is_no_bug() -> None:
    lab, _ = begun()
    lab.system.probe = lambda: "nothing runs"
    with pytest.raises(EnvironmentFault, match="nothing runs"):
        lab.session.step(Step(Start("a")))


def test_that_is_asked_only_where_it_may_explain_what_was_seen() -> None:
    lab, _ = begun(ForgetfulStop)
    asked: list[None] = []
    lab.system.probe = lambda: asked.append(None) or "nothing runs"  # type: ignore[func-returns-value]  # notes that
    lab.session.step(Step(Start("a")))
    with pytest.raises(Violation) as caught:
        lab.session.step(Step(Stop("a")))
    assert {found.invariant for found in caught.value.objections} >= {"no-orphans"}
    assert not asked


def test_a_canary_runs_for_a_moment_and_is_gone() -> None:
    made = bench(timing=QUICK)
    canary = Canary(made.engine, made.host, made.clock, IMAGE, {"churn.owner": "me"})
    assert canary.answers
    assert canary.trouble() == ""
    assert made.engine.list() == ()


def test_a_canary_tells_why_the_engine_does_not_run_it() -> None:
    made = bench(timing=QUICK)
    canary = Canary(made.engine, made.host, made.clock, IMAGE, {})
    made.engine.remove_resource(Resource(ResourceKind.IMAGE, IMAGE))
    assert canary.trouble().startswith("the engine does not run a container of Churn's own either: No such image")


class Unreachable:
    """A host on which nothing answers from some time on."""

    def __init__(self, host: object) -> None:
        self.host, self.silent = host, False

    def free_port(self) -> int:
        return int(self.host.free_port())  # type: ignore[attr-defined]

    def health(self, port: int, path: str, timeout: float = 2.0) -> int:
        return 0 if self.silent else int(self.host.health(port, path, timeout))  # type: ignore[attr-defined]


@pytest.mark.parametrize("from_the_beginning", [True, False])
def test_a_canary_that_never_answered_is_no_sign_of_trouble(from_the_beginning: bool) -> None:
    made = bench(timing=QUICK)
    host = Unreachable(made.host)
    host.silent = from_the_beginning
    canary = Canary(made.engine, host, made.clock, IMAGE, {})  # type: ignore[arg-type]  # all that it needs
    host.silent = True
    assert bool(canary.trouble()) is not from_the_beginning
    assert made.engine.list() == ()
