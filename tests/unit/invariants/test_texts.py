"""What findings say: their reader has only this to go by."""

import pytest
from builders import (
    PORTS,
    case,
    container,
    dead,
    exited,
    findings,
    holding,
    idle,
    listed,
    picture,
    running,
    state,
)

from churn.lifecycle.contract import Contract
from churn.lifecycle.invariants import Case
from churn.lifecycle.observation import Holder, Killed, Port, Status
from churn.lifecycle.operations import Length, Start, Status as StatusOf, Stop, Wait
from churn.lifecycle.outcome import Evidence, Garbled, Ok, Unknown
from churn.lifecycle.state import State
from churn.session.showing import with_commands

BOTH = state(a=running(), b=idle(port=20002))
LABELLED = Contract(labels={"app": "", "session": "one"})
PS = "docker ps -a --filter label=app --filter label=session=one"
LIST = "churn reference list"
A = PORTS["a"]


def seen(expected: State = BOTH, **changes: object) -> Case:
    return case(expected, picture(expected, **changes), contract=LABELLED)


def asked(expected: State = BOTH, **changes: object) -> Case:
    outcome = Ok(evidence=Evidence("churn reference status a"))
    return case(expected, picture(expected, **changes), operation=StatusOf("a"), outcome=outcome)


SAID: list[tuple[str, Case, str, str, str]] = [
    (
        "no-orphans",
        seen(state(a=idle()), containers=holding(exited())),
        "no container but those of running services",
        "a#1 (t-a1) of service a is exited",
        PS,
    ),
    (
        "no-orphans",
        seen(state(), containers=holding(container("x1", None))),
        "no container but those of running services",
        "?#1 (t-x1) is running",
        PS,
    ),
    (
        "undisturbed",
        case(BOTH, picture(BOTH, containers={}), operation=Stop("b"), acted=("b",), contract=LABELLED),
        "stop b: service a keeps its running container",
        "its container is gone",
        PS,
    ),
    (
        "quiet",
        case(BOTH, picture(BOTH, containers=holding(exited())), operation=Wait(Length.LONG), waited=True),
        "while nothing was asked: a#1 stays running",
        "a#1 is exited",
        "docker ps -a",
    ),
    (
        "stable-port",
        seen(listed=(listed("a", port=7), listed("b", Status.STOPPED))),
        f"service a is listed with port {A}",
        "port 7",
        LIST,
    ),
    (
        "stable-port",
        seen(state(a=idle(), b=idle())),
        "no two services share a port",
        f"a and b have {A}",
        LIST,
    ),
    (
        "stable-port",
        seen(containers=holding(container(ports=(7, 8)))),
        f"a#1 publishes the port of service a, {A}",
        "7, 8",
        PS,
    ),
    (
        "port-released",
        seen(state(a=idle()), ports={A: Port(bindable=False, holder=Holder.MANAGER, detail="container t-a1")}),
        f"port {A} of service a is free",
        "it cannot be bound: container t-a1",
        f"ss -ltnp 'sport = :{A}'",
    ),
    ("status", seen(state(a=running()), containers={}), "a running container for service a", "there is none", PS),
    (
        "status",
        seen(state(a=dead()), containers=holding(container())),
        "a#1 has ended",
        "it is running",
        PS,
    ),
    (
        "status",
        seen(listed=(listed("a"), listed("a"), listed("b", Status.STOPPED))),
        "service a is listed once",
        "it is listed 2 times",
        LIST,
    ),
    (
        "status",
        seen(state(), listed=(listed("phantom"),)),
        "only services that were created are listed",
        "phantom is listed",
        LIST,
    ),
    ("status", seen(state(a=idle()), listed=(listed("a"),)), "service a is stopped", "'running'", LIST),
    (
        "status",
        seen(state(a=dead()), listed=(listed("a", Status.CREATED),)),
        "service a is failed or stopped",
        "'created'",
        LIST,
    ),
    ("status", asked(told=()), "the status of service a", "it tells of none", "churn reference status a"),
    (
        "serving",
        seen(state(a=running()), ports={A: Port(503)}),
        "service a answers its health path with 2xx",
        "HTTP status 503",
        f"curl -i http://localhost:{A}/health",
    ),
    (
        "no-restart-policy",
        seen(state(a=running()), containers=holding(container(restart_policy="always"))),
        "a#1 has no restart policy",
        "always",
        "docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' t-a1",
    ),
    (
        "graceful-stop",
        case(state(a=idle()), picture(state(a=idle()), killed=(Killed("a#1", "t-a1", "a"),)), operation=Stop("a")),
        "a#1 is asked to end (SIGTERM), and has 1 s before it is killed (SIGKILL)",
        "it is killed without having been asked",
        "docker events --since 1h --until 0s --filter event=kill --filter container=t-a1",
    ),
    (
        "readable",
        case(BOTH, listing=Unknown(evidence=Evidence(LIST), garbled=Garbled("a JSON document", "nothing"))),
        "list prints a JSON document",
        "list printed nothing",
        LIST,
    ),
    (
        "in-time",
        case(BOTH, operation=Start("a"), outcome=Ok(0.0, 601.0, evidence=Evidence("churn reference start a"))),
        "an end within 600 s",
        "it took 601.0 s",
        "churn reference start a",
    ),
]


@pytest.mark.parametrize(("name", "broken", "expected", "said", "look"), SAID, ids=[f"{r[0]}: {r[3]}" for r in SAID])
def test_an_objection_says_what_was_expected_and_seen_and_where_to_look(
    name: str, broken: Case, expected: str, said: str, look: str
) -> None:
    objections, _ = findings(name, broken)
    objection, *_ = with_commands(objections, broken.contract)
    assert (objection.expected, objection.seen, objection.command) == (expected, said, look)


UNTOLD: list[tuple[str, Case, str, str]] = [
    ("port-released", seen(state(a=idle()), ports={}), f"port {A} of service a is free", "no probe was possible"),
    (
        "port-released",
        seen(state(a=idle()), ports={A: Port(bindable=False, holder=Holder.STRANGER, detail="pid 7 (nginx)")}),
        f"port {A} of service a is free",
        "a stranger holds it: pid 7 (nginx)",
    ),
    ("serving", seen(state(a=running()), ports={}), "service a answers", "its port was not probed"),
    ("serving", seen(state(a=running(port=None))), "service a answers", "its port is not known"),
]


@pytest.mark.parametrize(("name", "broken", "expected", "said"), UNTOLD, ids=[row[3] for row in UNTOLD])
def test_a_doubt_says_what_could_not_be_told_and_why(name: str, broken: Case, expected: str, said: str) -> None:
    objections, (doubt,) = findings(name, broken)
    assert not objections
    assert (doubt.expected, doubt.seen) == (expected, said)
