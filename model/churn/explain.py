"""What the names mean that a user meets, made from the docstrings and the data of what they name, so that it stays true."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Any, get_origin

from attrs import NOTHING, Attribute, fields, frozen

from churn.errors import UsageError
from churn.lifecycle.contract import Bounds, Contract
from churn.lifecycle.invariants import INVARIANTS, Invariant
from churn.lifecycle.operations import KINDS as OPERATIONS, Disturbance, Operation, Pace
from churn.lifecycle.sequence import Naming, service_names
from churn.report.criteria import CRITERIA
from churn.system.faults import KINDS as FAULTS
from churn.system.faults.gate import Fault
from churn.system.managers.defects import DEFECTS, Defect

_MOST_ALIKE = 3
"""Names that are suggested in place of one that is not known."""


class Sort(Enum):
    """What is named. The value is the word for it in what a user reads."""

    INVARIANT = "invariant"
    OPERATION = "operation"
    CONTRACT_KEY = "contract key"
    PACE = "pace"
    NAMING = "naming"
    DEFECT = "defect"
    ENGINE_FAULT = "engine fault"


@frozen
class Meaning:
    """What a name means. `says` is text, its paragraphs apart; each of `facts` is a heading and a line."""

    sort: Sort
    name: str
    says: str
    facts: tuple[tuple[str, str], ...] = ()


def meanings() -> tuple[Meaning, ...]:
    """All that can be explained, sort by sort, each in the order of its own list."""
    return (
        *map(_invariant, INVARIANTS),
        *map(_operation, OPERATIONS.values()),
        *_contract_keys(),
        *map(_pace, Pace),
        *map(_naming, Naming),
        *map(_defect, DEFECTS.values()),
        *map(_engine_fault, FAULTS.values()),
    )


def explained(name: str) -> tuple[Meaning, ...]:
    """What the name means: more than one thing where several sorts have it.

    Case, and whether words are joined by ``-`` or ``_``, make no difference; a class is found by its own name, too. Raises
    `UsageError` for a name that is not known.
    """
    known = meanings()
    found = tuple(meaning for meaning in known if _plain(meaning.name) == _plain(name))
    if not found:
        names = {_plain(meaning.name): meaning.name for meaning in known}
        near = [names[one] for one in get_close_matches(_plain(name), names, n=_MOST_ALIKE)]
        advice = f"did you mean {' or '.join(near)}?" if near else "`churn explain` lists them"
        raise UsageError(f"expected a name that can be explained, got {name!r}; {advice}")
    return found


def _plain(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).replace("_", "-").lower()


# -- one sort after the other -----------------------------------------------------------------------------------------


def _invariant(invariant: Invariant) -> Meaning:
    facts = (
        ("success criterion", f"{invariant.criterion}, {CRITERIA[invariant.criterion].format(cycles='N')}"),
        ("severity", f"{invariant.severity.value}: {_lower(_note(invariant.severity))}"),
        ("likely cause", invariant.advice.cause),
        ("usual fix", invariant.advice.fix),
    )
    return Meaning(Sort.INVARIANT, invariant.name, _doc(invariant.check), facts)


def _operation(kind: type[Operation]) -> Meaning:
    examples = tuple(kind.each(service_names(1)))
    facts = (
        ("what sort", _lower(_note(kind.family))),
        ("carried out by", "the manager" if kind.manager else "Churn itself: the manager is not asked"),
        ("a fault", "yes: it makes one, or ends one" if kind.fault else "no"),
        *_choices(kind),
        ("written", ", ".join(f"`{one}`" for one in examples)),
        ("in Python", f"`{kind.__name__}`, exported by `churn`"),
    )
    return Meaning(Sort.OPERATION, kind.kind, _doc(kind), facts)


def _choices(kind: type[Operation]) -> Iterator[tuple[str, str]]:
    """The values of its fields that have a fixed list of them."""
    for field in fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, Enum):
            yield field.name, "; ".join(_choice(member) for member in field.type)


def _choice(member: Enum) -> str:
    note = _note(member)
    return f"`{member.value}`" + (f" ({_lower(note)})" if note else "")


def _contract_keys() -> Iterator[Meaning]:
    for owner, usual, prefix in ((Contract, Contract(), ""), (Bounds, Bounds(), "bounds.")):
        for field in fields(owner):
            if field.type is not Bounds:
                yield _contract_key(owner, field, getattr(usual, field.name), prefix)


def _contract_key(owner: type, field: "Attribute[Any]", usual: object, prefix: str) -> Meaning:
    facts = (("default", _shown(usual, bound=bool(prefix))), ("allowed", _allowed(field.type, bound=bool(prefix))))
    return Meaning(Sort.CONTRACT_KEY, f"{prefix}{field.name}", _notes(owner).get(field.name, ""), facts)


def _shown(value: object, *, bound: bool = False) -> str:
    if isinstance(value, Enum):
        return f"`{value.name.lower()}`"
    if isinstance(value, bool):
        return f"`{value}`".lower()
    if isinstance(value, (int, float)):
        return f"{value:g} seconds" if bound or isinstance(value, float) else f"`{value:g}`"
    if isinstance(value, Mapping):
        return ", ".join(f"`{key}`" for key in value) or "none"
    if isinstance(value, (tuple, frozenset)):
        return ", ".join(f"`{one}`" for one in sorted(map(str, value))) or "none"
    return f"`{value}`" if value else "empty"


def _allowed(kind: Any, *, bound: bool = False) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "; ".join(_spelled(member) for member in kind)
    if kind is float and bound:
        return "a number of seconds"
    return _ALLOWED[kind if kind in _ALLOWED else get_origin(kind) or kind]


def _spelled(member: Enum) -> str:
    """A member as a file spells it, and what that means."""
    return f"`{member.name.lower()}` ({_lower(_note(member)) or member.value})"


_ALLOWED: Mapping[Any, str] = {
    bool: "`true`; `false`",
    int: "a whole number from 0 on",
    float: "a number of seconds",
    str: "a text",
    tuple: "texts",
    tuple[int, int]: "two numbers, such as `[8000, 8100]`",
    frozenset: "texts",
    Mapping: "a text for each name",
}
"""What a field of that type may be."""


def _pace(pace: Pace) -> Meaning:
    facts = (("of a step", _doc(Pace)), ("in Python", f"`Pace.{pace.name}`"))
    return Meaning(Sort.PACE, pace.value, _note(pace), facts)


def _naming(naming: Naming) -> Meaning:
    names = service_names(3)
    called = ", ".join(f"`{naming.real(name)}`" for name in names)
    facts = ((f"services {', '.join(names)} are called", called), ("in Python", f"`Naming.{naming.name}`"))
    return Meaning(Sort.NAMING, naming.value, _note(naming), facts)


def _defect(defect: Defect) -> Meaning:
    text = _doc(defect.manager)
    says = text[: text.rindex("Stands for: ")].strip()
    facts = (("stands for", defect.stands_for), ("plant it", f"`churn run --defect {defect.name}`"))
    return Meaning(Sort.DEFECT, defect.name, says, facts)


def _engine_fault(kind: type[Fault]) -> Meaning:
    drawn = kind.name in {how.value for how in Disturbance}
    settings = tuple(field for field in fields(kind) if field.init)
    facts = (
        ("switch it on", f"`churn engine fault {kind.name}`"),
        *((f"setting `{field.name}`", f"{_lower(_setting(kind, field.name))}{_usual(field)}") for field in settings),
        ("in random sequences", "yes, with `churn run --engine-faults`" if drawn else "not by this name"),
    )
    return Meaning(Sort.ENGINE_FAULT, kind.name, _doc(kind), facts)


def _setting(kind: type[Fault], name: str) -> str:
    """What is said of a fault's setting, by the fault itself or by the class that it has it from."""
    return next((notes[name] for owner in kind.__mro__[:-1] if name in (notes := _notes(owner))), "")


def _usual(field: "Attribute[Any]") -> str:
    if field.default is NOTHING:
        return " (needed)"
    return f" (usually {_shown(field.default)})"


# -- where the words come from ----------------------------------------------------------------------------------------


def _doc(named: object) -> str:
    """Its docstring, a paragraph a line."""
    return _joined(inspect.getdoc(named) or "")


def _joined(text: str) -> str:
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _lower(sentence: str) -> str:
    """A sentence as part of a line."""
    return f"{sentence[:1].lower()}{sentence[1:]}".rstrip(".")


def _note(member: Enum) -> str:
    """What is said beneath a member of an enumeration; empty where nothing is."""
    return _notes(type(member)).get(member.name, "")


@cache
def _notes(owner: type) -> Mapping[str, str]:
    """The docstrings beneath a class's attributes, by their names: only its source has them."""
    tree = ast.parse(inspect.getsource(sys.modules[owner.__module__]))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner.__name__)
    return dict(_noted(body))


def _noted(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for above, below in pairwise(body):
        match above, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, _joined(text)
