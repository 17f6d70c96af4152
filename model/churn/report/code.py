"""A sequence as Python that can be pasted into a test."""

from enum import Enum

from attrs import astuple

from churn.lifecycle.operations import Operation, Pace, Step
from churn.lifecycle.sequence import Naming, Sequence


def as_code(part: str, names: tuple[str, ...], sequence: Sequence) -> str:
    """The sequence as a function call on a session named `session`."""
    steps = "".join(f"        {_step(step)},\n" for step in sequence.steps)
    naming = "" if sequence.naming is Naming.PLAIN else f", naming=Naming.{sequence.naming.name}"
    return f"session.run(\n    {part!r},\n    {names!r},\n    Sequence((\n{steps}    ){naming}),\n)"


def _step(step: Step) -> str:
    pace = "" if step.pace is Pace.CALM else f", Pace.{step.pace.name}"
    return f"Step({_operation(step.operation)}{pace})"


def _operation(operation: Operation) -> str:
    values = (
        f"{type(value).__name__}.{value.name}" if isinstance(value, Enum) else repr(value)
        for value in astuple(operation, recurse=False)
    )
    return f"{type(operation).__name__}({', '.join(values)})"
