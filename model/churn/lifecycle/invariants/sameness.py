"""Criterion 2: after any history a service runs as it did at first."""

from collections.abc import Iterable, Iterator, Mapping

from churn.lifecycle.form import Difference, Setting, part_of
from churn.lifecycle.invariants.base import Advice, Case, Exhibit, Invariant, Objection, Severity, Show, Trait
from churn.lifecycle.observation import Container
from churn.lifecycle.state import Fresh, Service


def same_as_fresh(case: Case) -> Iterator[Objection]:
    """The container of each start is made as the first one was: same image, command, environment, labels, mounts, limits.

    The contract's `varying` names what may differ. What an update changed is as the update said, from the next start on. A port
    that changes does not count here.
    """
    for name, _, found in case.sound:
        expected = case.expected.services[name]
        if found is not None and found.service == name and isinstance(expected.container, Fresh):
            updated = {one: part_of(one, case.contract.updates[one]) for one in found.settings}
            if expected.container.strict:  # otherwise what ended unknown may have made it, before an update or after
                yield from _not_as_updated(name, expected, found, updated)
            for one in found.differences:
                if (one.part, one.now) not in updated.values() and one.part not in _parts(expected.made, updated):
                    yield _differs(name, found, one)


_Updated = Mapping[Setting, tuple[str, str]]
"""Of each setting the part that shows it, and its text once it was updated."""


def _parts(settings: Iterable[Setting], updated: _Updated) -> set[str]:
    return {updated[one][0] for one in settings if one in updated}


def _not_as_updated(name: str, expected: Service, found: Container, updated: _Updated) -> Iterator[Objection]:
    """Objections to what an update has changed, and is not so; and to what none has, and is so."""
    for setting, (part, text) in updated.items():
        seen = found.settings[setting]
        if (seen == text) is not (setting in expected.made):
            asked = f"it was updated to {_short(text)}" if setting in expected.made else "it was not updated"
            yield Objection(
                f"{part} of {found.alias} is as its updates say",
                f"{_short(seen)}, and {asked}",
                name,
                Exhibit(Show.CONTAINER, found.name),
                advice=_NOT_UPDATED,
            )


def _differs(name: str, found: Container, one: Difference) -> Objection:
    seen = f"it was {_short(one.first)}, and is {_short(one.now)}"
    if one.first is None or one.now is None:
        seen = f"it is new: {_short(one.now)}" if one.first is None else f"it is missing, and was {_short(one.first)}"
    return Objection(
        f"{one.part} of {found.alias} is as at the first start", seen, name, Exhibit(Show.CONTAINER, found.name)
    )


def _short(text: str | None) -> str:
    if text is None:
        return "not there"
    return repr(text if len(text) <= _MOST else f"{text[:_MOST]}…")


_NOT_UPDATED = Advice(
    "an update is written down elsewhere than the start looks, or with another service, or is undone by another operation",
    "keep a service's settings in one place, with the service, and make each container from what stands there",
)
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
