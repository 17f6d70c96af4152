"""The state machine of random calls: the same ones on both engines, compared after each."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

from calls import LABELS, Call, Pair, archive
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from churn.system.standin.image import TAG

STEPS, GRACE = 30, "5"

NAMES = tuple(f"churn-test-{{run}}-{word}" for word in "ab")
MISSING = "churn-test-{run}-nosuch"
REFERENCES = (*NAMES, *NAMES, *NAMES, MISSING)
VOLUME, NETWORK, COPY = "churn-test-{run}-v", "churn-test-{run}-n", "churn-test-{run}-image"
NOSUCH_IMAGE = "churn/nosuch:1"
OURS = f'{{"label":["{LABELS}={{run}}"]}}'

HOSTS: tuple[Mapping[str, Any], ...] = (
    {"RestartPolicy": {"Name": "no"}},
    {"RestartPolicy": {"Name": "always"}},
    {"RestartPolicy": {"Name": "unless-stopped"}},
    {"RestartPolicy": {"Name": "nosuch"}},
    {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 2}},
    {"AutoRemove": True},
    {"AutoRemove": True, "RestartPolicy": {"Name": "always"}},
    {"NetworkMode": "none"},
    {"NetworkMode": "host"},
    {"NetworkMode": NETWORK},
    {"Runtime": "nosuch"},
    {"DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}]},
    {"DeviceRequests": [{"Driver": "nvidia", "Count": -1, "Capabilities": [["gpu"]]}]},
    {"Binds": [f"{VOLUME}:/behaviour:ro"]},
    {"PublishAllPorts": True},
)
"""Settings of a container that are tried one by one, beside the ports."""
PROGRAMS: tuple[Mapping[str, Any], ...] = ({"Entrypoint": ["/nosuch"]}, {"Entrypoint": ["sh", "-c", "exit 3"]})
FILTERS = (
    "", '"status":["running"]', '"status":["exited","created"]', '"status":["nosuch"]', '"publish":["{port}"]',
    '"publish":["{other}/tcp"]', '"name":["-a"]', '"name":["^/churn-test-{run}-b$"]', '"nosuch":["x"]',
    f'"ancestor":["{TAG}"]', '"network":["bridge"]', f'"network":["{NETWORK}"]', '"exited":["137"]', '"id":["nosuch"]',
    '"expose":["{port}/tcp"]', f'"before":["{NAMES[0]}"]', f'"since":["{NAMES[0]}"]', f'"volume":["{VOLUME}"]',
)  # fmt: skip


def created(name: str, *ports: str, image: str = TAG, host: Mapping[str, Any] | None = None, **more: Any) -> Call:
    """The call that creates a container."""
    bindings = {f"{port or 8000}/tcp": [{"HostPort": port}] for port in ports}
    body = {
        "Image": image,
        "Labels": {LABELS: "{run}"},
        "ExposedPorts": {port: {} for port in bindings},
        "HostConfig": {"PortBindings": bindings, **(host or {})},
        **more,
    }
    return Call("POST", "/containers/create", {"name": name}, body)


def creating() -> Iterator[Call]:
    """Containers of all kinds, the plain ones most often."""
    for name in NAMES:
        yield from [created(name)] * 4
        yield from [created(name, "{port}")] * 12
        yield from [created(name, "{other}"), created(name, "{port}", "{other}"), created(name, "")] * 2
        yield from (created(name, "99999"), created(name, image=NOSUCH_IMAGE), created(name, image=COPY))
        yield from (created(name, host=host) for host in HOSTS)
        yield from (created(name, **program) for program in PROGRAMS)
    yield from (created(name) for name in ("no name/at all", "x"))
    yield Call("POST", "/containers/create", {"name": NAMES[0]}, {})


def changing() -> Iterator[Call]:
    """What moves a container, most often one that is there."""
    for name in REFERENCES:
        path = f"/containers/{name}"
        yield from [Call("POST", f"{path}/start")] * 4
        # No grace of 0 seconds: whether SIGTERM or SIGKILL ends the process is then a race on a real engine.
        yield from [Call("POST", f"{path}/stop", {"t": GRACE})] * 2
        yield from [Call("POST", f"{path}/restart", {"t": GRACE})] * 2
        yield from (Call("POST", f"{path}/{verb}") for verb in ("pause", "unpause", "unpause"))
        yield from (Call("DELETE", path, {"force": force}) for force in ("1", "0"))
    for name in (*NAMES, MISSING):
        path = f"/containers/{name}"
        signals = ("KILL", "SIGKILL", "9", "TERM", "15", "HUP", "NOSUCH", "0")
        yield from (Call("POST", f"{path}/kill", {"signal": signal}) for signal in signals)
        yield from (Call("POST", f"{path}/rename", {"name": other}) for other in (*NAMES, "", "no name"))
        yield from (Call("PUT", f"{path}/archive", {"path": to}, archive("data.txt", b"x")) for to in FOLDERS)
    yield Call("POST", "/containers/prune", {"filters": OURS})


FOLDERS = ("/", "/tmp", "/nosuch")  # noqa: S108 -- in a container


def looking() -> Iterator[Call]:
    """What only looks."""
    for name in (*NAMES, MISSING):
        path = f"/containers/{name}"
        yield from [Call("GET", f"{path}/json")] * 3
        yield from (Call("GET", f"{path}/{what}") for what in ("changes", "top"))
        yield Call("POST", f"{path}/wait")
        yield Call("GET", f"{path}/stats", {"stream": "false", "one-shot": "1"})
        yield from (Call("GET", f"{path}/logs", dict.fromkeys(streams, "1")) for streams in (("stdout",), ()))
        yield from (Call("GET", f"{path}/archive", {"path": of}) for of in ("/data.txt", "/tmp", "/nosuch/x"))  # noqa: S108
    for everything, chosen in product(("1", "0"), FILTERS):
        both = f'{{"label":["{LABELS}={{run}}"]{"," if chosen else ""}{chosen}}}'
        yield Call("GET", "/containers/json", {"all": everything, "filters": both})
    yield Call("GET", "/containers/json", {"limit": "1", "filters": OURS})


def belonging() -> Iterator[Call]:
    """Volumes, networks and images."""
    for kind, name in (("volumes", VOLUME), ("networks", NETWORK)):
        body = {"Name": name, "CheckDuplicate": True, "Labels": {LABELS: "{run}"}}
        yield from [Call("POST", f"/{kind}/create", {}, body)] * 4
        yield from (Call(method, f"/{kind}/{name}") for method in ("GET", "DELETE"))
        yield Call("POST", f"/{kind}/prune", {"filters": OURS})
    yield Call("DELETE", "/networks/bridge")
    yield from [Call("POST", f"/images/{TAG}/tag", {"repo": COPY, "tag": "latest"})] * 3
    yield Call("POST", f"/images/{NOSUCH_IMAGE}/tag", {"repo": COPY})
    yield from (Call("GET", f"/images/{image}/json") for image in (COPY, NOSUCH_IMAGE))
    yield from (Call("DELETE", f"/images/{COPY}", {"force": force}) for force in ("0", "1"))


CALLS = (*creating(), *changing(), *looking(), *belonging())
"""What is drawn from, each place as often as any other."""


def call_of(number: int) -> Call:
    """One of the calls. Numbers that are drawn often (small ones, neighbours) are spread over all of them."""
    return CALLS[number * _SPREAD % 2**32 % len(CALLS)]


_SPREAD = 2_654_435_769


class Calls(RuleBasedStateMachine):
    """Random calls on a `Pair`, which `make` gives anew for each sequence."""

    make: Callable[[], Pair]

    def __init__(self) -> None:
        super().__init__()
        self.pair = type(self).make()

    @rule(call=st.integers(0, 2**32 - 1).map(call_of))
    def do(self, call: Call) -> None:
        """One call on both."""
        self.pair.call(call)

    def teardown(self) -> None:
        """Nothing is left on either engine."""
        self.pair.clear()


def machine(make: Callable[[], Pair]) -> type[Calls]:
    """A machine whose sequences begin with that pair."""
    return type("Calls", (Calls,), {"make": staticmethod(make)})


def sequences(examples: int, *, shrink: bool) -> settings:
    """Settings for so many sequences."""
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
