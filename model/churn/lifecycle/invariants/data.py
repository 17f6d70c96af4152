"""Criterion 2: what a service keeps in a volume outlives its containers."""

from collections.abc import Iterator

from churn.lifecycle.invariants.base import Advice, Case, Exhibit, Invariant, Objection, Severity, Show, Trait
from churn.lifecycle.state import Fresh


def data_kept(case: Case) -> Iterator[Objection]:
    """What was put into a volume that a service keeps is there again after the next start.

    These are the volumes with a name that the contract's `belongings` has, and that were made during the run.
    """
    for name, _, found in case.sound:
        if found is not None and found.lost and isinstance(case.expected.services[name].container, Fresh):
            for target in found.lost if found.service == name else ():
                expected = f"what was in the volume at {target} of {name} is there after the start"
                yield Objection(expected, "it is gone", name, Exhibit(Show.CONTAINER, found.name))


DATA_KEPT = Invariant(
    name="data-kept",
    says="the data of {service} is lost",
    keys=("belongings",),
    criterion=2,
    check=data_kept,
    severity=Severity.CRITICAL,
    advice=Advice(
        "a stop or a start removes the service's volume with its container, or mounts another one",
        "keep a volume for as long as its service is known, and remove only volumes without a name with a container",
    ),
    traits=frozenset({Trait.FACT, Trait.OTHERS}),
)
