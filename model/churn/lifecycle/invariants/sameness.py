"""Criterion 2: after any history a service runs as it did at first."""

from collections.abc import Iterator

from churn.lifecycle.form import Difference
from churn.lifecycle.invariants.base import Advice, Case, Exhibit, Invariant, Objection, Severity, Show, Trait
from churn.lifecycle.observation import Container
from churn.lifecycle.state import Fresh


def same_as_fresh(case: Case) -> Iterator[Objection]:
    """The container of each start is made as the first one was: same image, command, environment, labels, mounts, limits.

    The contract's `varying` names what may differ. A port that changes does not count here.
    """
    for name, _, found in case.sound:
        if found is not None and found.differences and isinstance(case.expected.services[name].container, Fresh):
            for one in found.differences if found.service == name else ():
                yield _differs(name, found, one)


def _differs(name: str, found: Container, one: Difference) -> Objection:
    seen = f"it was {_short(one.first)}, and is {_short(one.now)}"
    if one.first is None or one.now is None:
        seen = f"it is new: {_short(one.now)}" if one.first is None else f"it is missing, and was {_short(one.first)}"
    return Objection(
        f"{one.part} of {found.alias} is as at the first start", seen, name, Exhibit(Show.CONTAINER, found.name)
    )


def _short(text: str | None) -> str:
    return repr(text if text is None or len(text) <= _MOST else f"{text[:_MOST]}…")


_MOST = 200
"""Characters of a part that are told."""
SAME_AS_FRESH = Invariant(
    name="same-as-fresh",
    says="the container of {service} is made otherwise than its first one",
    keys=("varying",),
    criterion=2,
    check=same_as_fresh,
    severity=Severity.HIGH,
    advice=Advice(
        "a restart makes its container in another way than the first start does, or from what was kept only in part",
        "let one piece of code make the container for every start, from what the service was created with",
    ),
    traits=frozenset({Trait.FACT, Trait.OTHERS}),
)
