"""The commands that a person can run to see what an invariant saw."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from attrs import evolve

from churn.lifecycle.contract import Contract
from churn.lifecycle.invariants import Doubt, Exhibit, Objection, Show
from churn.lifecycle.outcome import Evidence
from churn.session.run import Record
from churn.session.system import System

_Found = TypeVar("_Found", Objection, Doubt)


def command(exhibit: Exhibit, contract: Contract) -> str:
    """The command that shows the exhibit on a machine where Docker's command reaches the engine."""
    return COMMANDS[exhibit.show].format(
        subject=exhibit.subject, containers=containers(contract), health=contract.health_path
    )


def containers(contract: Contract) -> str:
    """The command that lists the manager's containers."""
    filters = " ".join(
        f"--filter label={label}{'=' + value if value else ''}" for label, value in contract.labels.items()
    )
    return f"docker ps -a {filters}".rstrip()


def with_commands(findings: Iterable[_Found], contract: Contract) -> tuple[_Found, ...]:
    """The same findings, each with the command that shows it."""
    return tuple(
        evolve(found, command=command(found.exhibit, contract)) if found.exhibit is not None else found
        for found in findings
    )


def evidence(record: Record, system: System) -> tuple[Evidence, ...]:
    """What the commands of its first objections show. The manager's own are not run again: they may do more than look."""
    listing = record.judgement.listing if record.judgement is not None else None
    own = {one.evidence.command: one.evidence for one in (listing, record.outcome) if one is not None}
    commands = dict.fromkeys(found.command for found in record.objections[:_MOST_SHOWN] if found.command)
    return tuple(own[one] if one in own else system.show(one) for one in commands)


_MOST_SHOWN = 3
"""Objections of a violation for which a command is run as evidence."""
COMMANDS: Mapping[Show, str] = {
    Show.ANSWER: "{subject}",
    Show.CONTAINERS: "{containers}",
    Show.CONTAINER: "docker inspect {subject}",
    Show.SIGNALS: "docker events --since 1h --until 0s --filter event=kill --filter container={subject}",
    Show.LAYER: "docker diff {subject}",
    Show.RESTART_POLICY: "docker inspect -f '{{{{.HostConfig.RestartPolicy.Name}}}}' {subject}",
    Show.HEALTH: "curl -i http://localhost:{subject}{health}",
    Show.PORT: "ss -ltnp 'sport = :{subject}'",
    Show.RESOURCES: "docker volume ls; docker network ls; docker images -a",
    Show.PROCESSES: "ps -ef",
}
