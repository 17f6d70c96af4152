"""Defects that call on: what a step does is done as ever, but for what the defect has other means for.

So a defect does not make another inert that changes the same step, whichever of the two is asked first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from churn.system.managers.reference.manager import ReferenceManager


@contextmanager
def instead(manager: ReferenceManager, **methods: Callable[..., Any]) -> Iterator[None]:
    """While this lasts these stand in place of the manager's own methods."""
    before = {name: vars(manager).get(name) for name in methods}
    vars(manager).update(methods)
    try:
        yield
    finally:
        for name, method in before.items():
            if method is None:
                del vars(manager)[name]
            else:
                vars(manager)[name] = method


def nothing(*_: object) -> None:
    """Nothing is done."""


def none(*_: object) -> tuple[()]:
    """There is none."""
    return ()
