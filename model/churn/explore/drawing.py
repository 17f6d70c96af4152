"""What random sequences are drawn from: finite lists that depend on a sequence's services alone."""

from functools import lru_cache
from itertools import product
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from churn.errors import UsageError
from churn.lifecycle.operations import Length, Operation, Pace, Together, Turn, Wait, clashing, listed
from churn.lifecycle.operations.together import ASKED, MOST_LANES
from churn.lifecycle.sequence import SINGLE, Naming, service_names
from churn.lifecycle.state import every


@frozen
class Opening:
    """How a sequence begins: with which services, called what, and whether they are created first."""

    names: tuple[str, ...]
    naming: Naming
    created: bool = True


@lru_cache(maxsize=16)
def openings(services: int, namings: tuple[Naming, ...] = SINGLE) -> tuple[Opening, ...]:
    """What a sequence's opening is drawn from: most sequences have all their services created first.

    What services are called is one of `namings`: each oddness by itself, so that what fails is told by it.
    """
    wholes = (True, True, True, False)
    combinations = product(range(1, services + 1), namings, wholes)
    return tuple(Opening(service_names(count), naming, created) for count, naming, created in combinations)


MOST_DRAWN = 100
"""In wider draws Hypothesis takes some numbers of 100 and more too often: those that programs are known to stumble over."""
BURST = 5
"""Steps that an exploration draws at once; a sequence may end at each of them."""
MOST_CALLS = 12
"""Up to this call of a client another one may go on: a start of the reference manager's makes no more."""
PACES = (Pace.CALM,) * 3 + (Pace.HURRIED,) * 2 + (Pace.ENGINE_ONLY,)
"""What each step's pace is drawn from."""


@lru_cache(maxsize=64)
def choices(
    names: tuple[str, ...], possible: frozenset[str], *, faults: bool, brief: bool = False
) -> tuple[Operation | None, ...]:
    """What each step's operation is drawn from. None, the simplest, ends a sequence: Hypothesis's filling costs nothing.

    `brief`: without long waits. Raises `UsageError` where the services are so many that this would be more than `MOST_DRAWN`.
    """
    candidates = [
        found
        for found in every(names, possible)
        if (faults or not found.fault) and not (brief and found == Wait(Length.LONG))
    ]
    weighted = _weighted(candidates)
    if len(weighted) >= MOST_DRAWN:
        raise UsageError(
            f"expected at most {MOST_DRAWN - 1} choices in a random sequence, got {len(weighted)} with {len(names)} services;"
            " explore with fewer services"
        )
    return (None, *weighted)


def _weighted(candidates: list[Operation]) -> list[Operation]:
    """Each as often as its weight says; where that makes too many, the weights above one are lowered by one, and again."""
    weighted: list[Operation] = []
    for less in range(max((found.weight for found in candidates), default=1)):
        weighted = [found for found in candidates for _ in range(max(1, found.weight - less))]
        if len(weighted) < MOST_DRAWN:
            break
    return weighted


@lru_cache(maxsize=64)
def operations(
    names: tuple[str, ...], possible: frozenset[str], *, faults: bool, brief: bool = False
) -> st.SearchStrategy[Operation | None]:
    """Any of `choices`. One strategy for good: Hypothesis reads through all that a new one may draw."""
    return st.sampled_from(choices(names, possible, faults=faults, brief=brief))


paces = st.sampled_from(PACES)
"""Any of `PACES`."""
several = st.sampled_from((False,) * 4 + (True,))
"""Whether several clients ask at once after a step; mostly not."""
crowded = st.sampled_from((False,) * 4 + (True,))
"""Whether these are three; mostly not."""


@lru_cache(maxsize=64)
def bursts(
    names: tuple[str, ...], possible: frozenset[str], size: int, *, faults: bool, brief: bool = False
) -> st.SearchStrategy[tuple[Any, ...]]:
    """So many operations, each followed by its pace."""
    operation = operations(names, possible, faults=faults, brief=brief)
    return st.tuples(*(operation, paces) * size)


def _to_the_other(client: int, point: int) -> Turn:
    """Of two clients, one waits before that call."""
    return Turn(client, point, 1 - client)


@lru_cache(maxsize=64)
def together(names: tuple[str, ...], possible: frozenset[str]) -> st.SearchStrategy[Operation]:
    """What two clients ask for at once, by a schedule of up to two turns."""
    turn = st.builds(_to_the_other, st.sampled_from((0, 1)), st.integers(0, MOST_CALLS))
    turns = st.lists(turn, max_size=2).map(tuple)
    return st.builds(evolve, st.sampled_from(clashing(names, possible)), turns=turns)


def _to_another(client: int, point: int, further: int) -> Turn:
    """Of three clients, one waits before that call."""
    return Turn(client, point, (client + further) % MOST_LANES)


@lru_cache(maxsize=64)
def crowds(names: tuple[str, ...], possible: frozenset[str]) -> st.SearchStrategy[Operation]:
    """What three clients ask for at once, one or two operations each, by a schedule of up to two turns.

    Who goes first is random, and so are the calls before which somebody waits: all orders that as few as two changes make are
    as likely as with random priorities (PCT with d = 3; Burckhardt and others 2010).
    """
    asked = tuple(one for one in listed(names, possible) if type(one) in ASKED)
    lane = st.lists(st.sampled_from(asked), min_size=1, max_size=2).map(tuple)
    turn = st.builds(
        _to_another, st.integers(0, MOST_LANES - 1), st.integers(0, MOST_CALLS), st.integers(1, MOST_LANES - 1)
    )
    return st.builds(Together, st.tuples(*(lane,) * MOST_LANES), st.lists(turn, max_size=2).map(tuple))
