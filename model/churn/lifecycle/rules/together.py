"""What may follow operations that several clients asked for at once: the ends of all orders that explain how they ended."""

from collections.abc import Callable, Hashable, Iterator
from functools import partial

from attrs import frozen

from churn.lifecycle.contract import Contract, Leave
from churn.lifecycle.observation import Listed
from churn.lifecycle.operations import Create, List, Operation, Remove, Restart, Start, Status, Stop, Together
from churn.lifecycle.orders import Span, orders
from churn.lifecycle.outcome import Call, Ok, Outcome, Overlapped, Rejected
from churn.lifecycle.rules.branches import Branch, Must
from churn.lifecycle.rules.requests import as_stopped
from churn.lifecycle.rules.starting import as_failed
from churn.lifecycle.state import State, distinct, tellable

Follow = Callable[[State, Operation, Outcome, Contract], tuple[Branch, ...]]
"""As `churn.lifecycle.transitions.follow`."""


def together(
    state: State, operation: Together, outcome: Outcome, contract: Contract, follow: Follow
) -> tuple[Branch, ...]:
    """What may follow where several clients asked at once. Of an outcome that is only imagined, one after the other.

    Where no order explains how their operations ended, the one branch has the state in which the longest order that does ends.
    """
    if not isinstance(outcome, Overlapped):
        for one in operation.operations:
            state = follow(state, one, outcome, contract)[0].state
        return (Branch(Must.ANY, state),)
    calls = outcome.calls
    spans = tuple(Span(call.outcome.began, call.outcome.ended, call.client) for call in calls)
    overlaps = _Overlaps(calls, spans)
    step = partial(_after, overlaps, contract, follow)
    found = orders(spans, (_Point(state),), step, _key)
    ends = [end.state for end in found.ends if overlaps.explain(end.busy)]
    if ends:
        must = Must.ANY if found.complete else Must.SOUGHT
        return tuple(Branch(must, end) for end in distinct(ends))
    nearest = _Point(state)
    for place in found.longest:
        nearest = next(iter(step(nearest, place)), nearest)
    must = Must.EXPLAINED if found.complete else Must.SOUGHT
    return (Branch(must, nearest.state, _told(calls, found.longest)),)


@frozen
class _Point:
    """A state on the way, and the places of the calls that were refused because others were under way."""

    state: State
    busy: frozenset[int] = frozenset()


@frozen
class _Overlaps:
    """Which of the calls overlap."""

    calls: tuple[Call, ...]
    spans: tuple[Span, ...]

    def of(self, place: int, name: str | None) -> list[Operation]:
        """The operations on that service that overlap with the one at that place."""
        return [self.calls[other].operation for other in self._beside(place, name)]

    def _beside(self, place: int, name: str | None) -> list[int]:
        return [
            other
            for other, (call, span) in enumerate(zip(self.calls, self.spans, strict=True))
            if call.operation.service == name is not None and span.overlaps(self.spans[place])
        ]

    def explain(self, busy: frozenset[int]) -> bool:
        """Whether each of those that were refused because others were under way has one beside it that was not."""
        return all(set(self._beside(place, self.calls[place].operation.service)) - busy for place in busy)


def _after(overlaps: _Overlaps, contract: Contract, follow: Follow, point: _Point, place: int) -> Iterator[_Point]:
    """Where one of the calls leads, which ended as it did; nowhere if it cannot have had its effect at that point."""
    call, state = overlaps.calls[place], point.state
    operation, outcome = call.operation, call.outcome
    if isinstance(operation, List | Status) and isinstance(outcome, Ok) and outcome.listed is not None:
        busy = {name: overlaps.of(place, name) for name in _names(state, outcome.listed)}
        wanted = {operation.name} if isinstance(operation, Status) else None
        if not _is_told(state, outcome.listed, busy, contract, wanted):
            return
    branches = follow(state, operation, outcome, contract)
    yield from (_Point(branch.state, point.busy) for branch in branches if branch.must.admits(outcome))
    others = overlaps.of(place, operation.service)
    if isinstance(outcome, Rejected) and others:
        if contract.busy is Leave.ALLOWED:
            yield _Point(state, point.busy | {place})
        yield from (_Point(one, point.busy) for one in _overtaken(state, operation, others, contract))


def _overtaken(state: State, operation: Operation, others: list[Operation], contract: Contract) -> Iterator[State]:
    """The states after a start that was refused because somebody else's stop came while it was under way."""
    overtakes = any(isinstance(other, Stop | Restart | Remove) for other in others)
    service = state.services.get(operation.service or "")
    if overtakes and contract.overtaken is Leave.ALLOWED and isinstance(operation, Start | Restart):
        yield state
        if service is not None and operation.service is not None:
            yield state.put(operation.service, as_failed(service, contract))
            yield as_stopped(state, operation.service, contract)


def _names(state: State, listed: tuple[Listed, ...]) -> set[str]:
    return {*state.services, *(entry.service for entry in listed)}


def _is_told(
    state: State,
    listed: tuple[Listed, ...],
    busy: dict[str, list[Operation]],
    contract: Contract,
    wanted: set[str] | None,
) -> bool:
    """Whether a list, or the status of what is `wanted`, may tell this in `state`. `busy` has what is under way by service."""
    told = {entry.service: entry for entry in listed}
    if len(told) != len(listed):
        return False
    for name in busy if wanted is None else wanted:
        service, entry, under_way = state.services.get(name), told.get(name), busy.get(name, [])
        lenient = contract.midway is Leave.ALLOWED
        if lenient and any(isinstance(one, Create | Remove) for one in under_way):
            continue
        if service is not None and service.unsettled is not None:
            continue  # it may not be there, or be anything
        if (service is None) != (entry is None):
            return False
        if service is None or entry is None or (lenient and under_way):
            continue
        if not set(entry.meanings) & set(tellable(service, contract)):
            return False
    return True


def _key(point: _Point) -> Hashable:
    state = point.state
    return frozenset(state.services.items()), state.seen, state.undergone, point.busy


def ending(call: Call) -> str:
    """How a call ended, in words: ``start a succeeded``."""
    outcome = call.outcome
    how = (
        "succeeded" if isinstance(outcome, Ok) else "was refused" if isinstance(outcome, Rejected) else "ended unknown"
    )
    return f"{call.operation} {how}"


def _told(calls: tuple[Call, ...], longest: tuple[int, ...]) -> str:
    if not longest:
        return "none of them can come first"
    if len(longest) == len(calls):
        return "all that were refused were refused for one another; one of them had to be let through"
    first = ", then ".join(ending(calls[place]) for place in longest)
    rest = " or ".join(ending(call) for place, call in enumerate(calls) if place not in longest)
    return f"first {first}; but then it can not be that {rest}"
