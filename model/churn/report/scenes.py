"""What was to be seen, step by step: for the pictures of a sequence, and for what a bug report shows beside each other."""

from collections.abc import Iterable, Iterator, Mapping

from churn.lifecycle.observation import Container, Observation
from churn.lifecycle.operations import Operation, Together
from churn.lifecycle.outcome import Ok, Outcome, Overlapped, Rejected, Unknown
from churn.lifecycle.rules.together import ending
from churn.report.pictures import Contained, Moment, Scene, Standing
from churn.report.values import SCENARIO
from churn.report.words import called, deed, label
from churn.session.run import Record, Run
from churn.session.seen import UNTRIED, holders
from churn.session.verdict import Verdict
from churn.visible import both_ends

_MOST_OUTPUT = 4_000
"""Characters of what a command printed that a picture keeps."""
_MOST_MOMENTS = 60
"""Steps of a sequence that a picture shows: the last ones."""


def cycles(steps: Iterable[tuple[Run, Record]]) -> Iterator[Scene]:
    """The five cycles, each time that they were done."""
    runs = dict.fromkeys(run for run, _ in steps if run.part == SCENARIO)
    for run in runs:
        pace = "at full speed, not looked at between steps" if any(s.hurried for s in run.steps) else "step by step"
        again = ", once more: bugs that are known by now do not end it" if run.met else ""
        yield scene(f"The cycles, {pace}{again}", run, run.records)


def scene(title: str, run: Run, records: list[Record], place: int = 0) -> Scene:
    """These steps of a sequence as a picture."""
    shown, whose = records[-_MOST_MOMENTS:], owners(records)
    moments = tuple(_moment(run, record, whose) for record in shown)
    return Scene(title=title, services=run.names, moments=moments, cut=len(records) - len(shown), place=place)


def owners(records: Iterable[Record]) -> Mapping[str, str]:
    """The service of each container, by its id, as the model knew it at these steps: some tell it by nothing but their port."""
    judged = (record.judgement for record in records if record.judgement is not None)
    bound = ((name, service.container) for one in judged for name, service in one.nearest.services.items())
    return {container: name for name, container in bound if isinstance(container, str)}


def _moment(run: Run, record: Record, whose: Mapping[str, str]) -> Moment:
    operation, outcome = record.step.operation, record.outcome
    judged = record.judgement
    evidence = outcome.evidence if outcome is not None else None
    reason = outcome.reason if isinstance(outcome, (Rejected, Unknown)) else _each(outcome)
    return Moment(
        number=record.number,
        operation=_label(operation),
        service=operation.service,
        fault=operation.fault,
        hurried=record.verdict is Verdict.UNSEEN,
        ended="" if outcome is None else "ok" if isinstance(outcome, Ok) else _ENDED[type(outcome)],
        answer=reason,
        told=deed(operation, called(operation.service)),
        verdict=record.verdict.value,
        took=outcome.took if outcome is not None else 0.0,
        command=evidence.command if evidence is not None else "",
        output=both_ends(evidence.output, _MOST_OUTPUT) if evidence is not None else "",
        standing=standing(run.names, judged.observation, whose) if judged is not None else None,
        wrong=tuple(f"expected {one.expected}; seen: {one.seen}" for one in record.objections),
    )


def _label(operation: Operation) -> str:
    """The operation without its service, which is shown beside it; of several at once each has its own."""
    if isinstance(operation, Together):
        return label(str(operation))
    return label(" ".join(word for word in str(operation).split(" ") if word != operation.service))


def _each(outcome: Outcome | None) -> str:
    """How each of several operations at once ended, and when it was under way, in seconds of the block."""
    calls = outcome.calls if isinstance(outcome, Overlapped) else ()
    began = min((call.outcome.began for call in calls), default=0.0)
    return "; ".join(
        f"client {call.client + 1}: {ending(call)} ({call.outcome.began - began:.1f} to {call.outcome.ended - began:.1f} s)"
        for call in calls
    )


_UNLOOKED = "not looked at"
_NOBODY = "?"
"""In place of a service, for containers of none that is known."""
_ENDED = {Rejected: "refused", Unknown: "unknown"}


def standing(names: tuple[str, ...], seen: Observation, whose: Mapping[str, str]) -> tuple[Standing, ...]:
    """How each service stood, and after these whatever else is there. `whose`: as `owners` gives it."""
    own: dict[str, list[Container]] = {name: [] for name in names}
    for one in seen.containers.values():
        own.setdefault(one.service or whose.get(one.id, _NOBODY), []).append(one)
    further = {*own, *(one.service for one in seen.listed or ())} - {*names, _NOBODY}
    loose = [_NOBODY] if _NOBODY in own else []
    return tuple(_standing(name, seen, own.get(name, [])) for name in (*names, *sorted(further), *loose))


def _standing(name: str, seen: Observation, own: list[Container]) -> Standing:
    entries = [one for one in seen.listed or () if one.service == name]
    words = " and ".join(f"{one.word}{f', port {one.port}' if one.port else ''}" for one in entries)
    ports = dict.fromkeys([*(one.port for one in entries if one.port), *(port for one in own for port in one.ports)])
    called = {one.alias: _called(one) for one in seen.containers.values()} | {UNTRIED: _UNLOOKED}
    has = {port: called.get(one, one) for port, one in holders(seen).items()}
    return Standing(
        service=name,
        said="not asked" if seen.listed is None else words or "not in its list",
        containers=tuple(Contained(_called(one), one.state, one.ports if one.running else ()) for one in own),
        port="; ".join(f"{port}: {has.get(port, _UNLOOKED)}" for port in ports),
    )


def _called(container: Container) -> str:
    """The name that it has in reports; its own where it does not tell its service."""
    return container.alias if container.service is not None else container.name
