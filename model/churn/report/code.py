"""A sequence as Python that can be pasted into a test."""

import re
import shlex
from collections.abc import Iterator
from enum import Enum
from textwrap import indent

from attrs import fields_dict, has

from churn.lifecycle.operations import Pace, Step
from churn.lifecycle.sequence import Naming, Sequence
from churn.session.verdict import Signature


def as_code(part: str, names: tuple[str, ...], sequence: Sequence) -> str:
    """The sequence as a function call on a session named `session`, below the import that it needs."""
    return f"{_import(sequence)}\n\n{_call('session', part, names, sequence)}"


def as_test(
    signature: Signature,
    manager: str,
    engine: str,
    defects: tuple[str, ...],
    names: tuple[str, ...],
    sequence: Sequence,
) -> str:
    """The sequence as a whole file for pytest with Churn's plugin. The test passes when the bug is gone."""
    options = f"--churn-manager {shlex.quote(manager)} --churn-engine {engine}"
    name = re.sub(r"[^a-z0-9]+", "_", f"{signature.invariant}_after_{signature.operation}")
    planted = f"# It was found with planted bugs: {', '.join(defects)}.\n" if defects else ""
    call = indent(_call("churn_session", "test", names, sequence), "    ")
    head = f"# Run it, in a folder of tests: pytest {options}\n{planted}{_import(sequence)}"
    return f"{head}\n\n\ndef test_{name}(churn_session):\n{call}\n"


def _import(sequence: Sequence) -> str:
    return f"from churn import {', '.join(sorted(set(_used(sequence))))}"


def _call(session: str, part: str, names: tuple[str, ...], sequence: Sequence) -> str:
    steps = "".join(f"        {_step(step)},\n" for step in sequence.steps)
    naming = "" if sequence.naming is Naming.PLAIN else f", naming=Naming.{sequence.naming.name}"
    return f"{session}.run(\n    {part!r},\n    {names!r},\n    Sequence((\n{steps}    ){naming}),\n)"


def _used(sequence: Sequence) -> Iterator[str]:
    """The names that the code uses; `churn` exports them all."""
    yield from ("Sequence", "Step")
    if sequence.naming is not Naming.PLAIN:
        yield "Naming"
    for step in sequence.steps:
        yield from _classes(step.operation)
        if step.pace is not Pace.CALM:
            yield "Pace"


def _classes(value: object) -> Iterator[str]:
    """The names of the classes of a value and of all in it."""
    if isinstance(value, Enum) or has(type(value)):
        yield type(value).__name__
    for part in _parts(value):
        yield from _classes(part)


def _step(step: Step) -> str:
    pace = "" if step.pace is Pace.CALM else f", Pace.{step.pace.name}"
    return f"Step({_told(step.operation)}{pace})"


def _told(value: object) -> str:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, tuple):
        return f"({''.join(f'{_told(part)}, ' for part in value).rstrip()})"
    return f"{type(value).__name__}({', '.join(map(_told, _parts(value)))})" if has(type(value)) else repr(value)


def _parts(value: object) -> tuple[object, ...]:
    if isinstance(value, tuple):
        return value
    cls = type(value)
    return tuple(getattr(value, name) for name in fields_dict(cls)) if has(cls) else ()
