"""A sequence as Python that can be pasted into a test."""

from collections.abc import Iterator
from enum import Enum

from attrs import astuple

from churn.lifecycle.operations import Operation, Pace, Step
from churn.lifecycle.sequence import Naming, Sequence


def as_code(part: str, names: tuple[str, ...], sequence: Sequence) -> str:
    """The sequence as a function call on a session named `session`, below the import that it needs."""
    steps = "".join(f"        {_step(step)},\n" for step in sequence.steps)
    naming = "" if sequence.naming is Naming.PLAIN else f", naming=Naming.{sequence.naming.name}"
    call = f"session.run(\n    {part!r},\n    {names!r},\n    Sequence((\n{steps}    ){naming}),\n)"
    return f"from churn import {', '.join(sorted(set(_used(sequence))))}\n\n{call}"


def _used(sequence: Sequence) -> Iterator[str]:
    """The names that the code uses; `churn` exports them all."""
    yield from ("Sequence", "Step")
    if sequence.naming is not Naming.PLAIN:
        yield "Naming"
    for step in sequence.steps:
        yield type(step.operation).__name__
        yield from (type(value).__name__ for value in _values(step.operation) if isinstance(value, Enum))
        if step.pace is not Pace.CALM:
            yield "Pace"


def _step(step: Step) -> str:
    pace = "" if step.pace is Pace.CALM else f", Pace.{step.pace.name}"
    return f"Step({_operation(step.operation)}{pace})"


def _operation(operation: Operation) -> str:
    values = (
        f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else repr(value)
        for value in _values(operation)
    )
    return f"{type(operation).__name__}({', '.join(values)})"


def _values(operation: Operation) -> tuple[object, ...]:
    return astuple(operation, recurse=False)
