"""How long it took, and what was not expected."""

from collections.abc import Iterable, Iterator
from statistics import median

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.costs import Sort
from churn.lifecycle.observation import Status
from churn.lifecycle.operations import Start, Stop
from churn.lifecycle.outcome import Ok, Overlapped, Unknown
from churn.report.values import Account, Steps, Times, Timing
from churn.session.run import Record
from churn.shrink.bug import Bug

_SLOW_FACTOR, _SLOW_AT_LEAST = 4.0, 1.0
"""A step is slow if it took that many times the median of its sort, and at least so many seconds."""


def times_of(steps: Steps, account: Account) -> Times:
    inside = account.manager + account.waited + account.resets
    own = account.seconds if account.virtual else account.seconds - inside
    return Times(
        total=account.seconds,
        manager=account.manager,
        own=own,
        waited=account.waited,
        resets=account.resets,
        virtual=account.virtual,
        operations=len(steps),
        looks=account.looks,
        kinds=timings(steps),
    )


def timings(steps: Steps) -> tuple[Timing, ...]:
    """How long the operations took, kind by kind."""
    kinds: dict[str, list[tuple[float, bool]]] = {}
    for _, record in steps:
        if record.outcome is not None:
            kinds.setdefault(record.step.operation.kind, []).append((record.outcome.took, _is_odd(record)))
    return tuple(_timing(kind, took) for kind, took in sorted(kinds.items()))


def _timing(kind: str, took: list[tuple[float, bool]]) -> Timing:
    usual = [seconds for seconds, odd in took if not odd]
    told, total = usual or [seconds for seconds, _ in took], sum(seconds for seconds, _ in took)
    aside = len(took) - len(told)
    return Timing(kind=kind, count=len(took), median=median(told), longest=max(told), total=total, aside=aside)


def _is_odd(record: Record) -> bool:
    """Whether something explains how long it took: it was refused or had nothing to do, or the run's own faults do.

    Those are servers that were told to misbehave, and ports that were taken.
    """
    faulted = record.condition.faulted or record.sort.behaviour not in ("", Behaviour.HEALTHY.value)
    needless = (record.step.operation.kind, record.sort.state == Status.RUNNING.value) in _NEEDLESS
    return faulted or needless or not isinstance(record.outcome, Ok)


_NEEDLESS = ((Start.kind, True), (Stop.kind, False))
"""Operations that have nothing to do on a service that runs, or on one that does not."""


def seen_once(failure: Bug) -> str:
    """What is told of a failure that came in none of its repeats."""
    first = failure.record.objections[0] if failure.record is not None and failure.record.objections else None
    what = f": expected {first.expected}; seen: {first.seen}" if first is not None else ""
    steps = "; ".join(map(str, failure.steps))
    runs = failure.rate.runs if failure.rate is not None else 0
    return f"{failure.signature}{what}. It was seen once, and in none of {runs} repeats, so it is no bug: {steps}"


def unexpected(steps: Steps) -> Iterator[str]:
    medians = _medians(record for _, record in steps)
    for run, record in steps:
        where = f"step {record.number} ({run.part}), {record.step}"
        if record.settled and not record.objections:
            yield f"{where}: settled only after {record.settled:.2f} s"
        if record.strangers:
            yield from (f"{where}: a container of others appeared: {name}" for name in record.strangers)
        if isinstance(record.outcome, Unknown) and not (record.outcome.foreseen or record.outcome.garbled):
            yield f"{where}: how it ended is not known: {record.outcome.reason}"
        usual = medians.get(_sort(record), 0.0)
        compared = isinstance(record.outcome, Ok) and not isinstance(record.outcome, Overlapped)
        if (
            compared
            and record.outcome is not None
            and record.outcome.took > max(_SLOW_AT_LEAST, _SLOW_FACTOR * usual)
            and usual
        ):
            yield f"{where}: took {record.outcome.took:.1f} s, where {usual:.1f} s is usual"
        if record.reason:
            yield f"{where}: {record.reason}"


def _medians(records: Iterable[Record]) -> dict[tuple[str, Sort], float]:
    sorts: dict[tuple[str, Sort], list[float]] = {}
    for record in records:
        if isinstance(record.outcome, Ok) and record.step.operation.kind != "wait":
            sorts.setdefault(_sort(record), []).append(record.outcome.took)
    return {sort: median(took) for sort, took in sorts.items()}


def _sort(record: Record) -> tuple[str, Sort]:
    """What it is compared with: a start takes longer where its server was told to be slow, and where it has more to do."""
    return record.step.operation.kind, record.sort
