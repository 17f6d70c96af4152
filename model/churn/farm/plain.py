"""Values as plain data, and back: what jobs and their results are written with."""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from attrs import fields
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.v import format_exception

from churn.errors import UsageError
from churn.lifecycle.condition import Condition
from churn.lifecycle.operations import KINDS, Operation
from churn.lifecycle.outcome import Ok, Outcome, Rejected, Unknown
from churn.lifecycle.state import Fresh
from churn.shrink.bug import Bug

_T = TypeVar("_T")
_MOST_TOLD = 3
"""What is wrong in a file, so much of it is told."""
_SHOWN = 60
_OUTCOMES: Mapping[str, type[Outcome]] = {"ok": Ok, "rejected": Rejected, "unknown": Unknown}


def to_plain(value: object) -> Any:
    """The value as JSON has it; fields that are as usual are left out. Equal values give equal data, in whatever process."""
    return _CONVERTER.unstructure(value)


def from_plain(data: Any, kind: type[_T], where: str) -> _T:
    """The value of that kind. Raises `UsageError` that names `where` it came from, the place in it, and what is wrong there."""
    try:
        return _CONVERTER.structure(data, kind)
    except BaseValidationError as error:
        wrong = "; ".join(transform_error(error, format_exception=_said)[:_MOST_TOLD])
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        wrong = str(error)
    except RecursionError:
        wrong = "it is nested too deeply"
    raise UsageError(f"{where}: expected a {kind.__name__.lower()} of Churn's, but: {wrong}")


def _said(error: BaseException, kind: type[Any] | None) -> str:
    """What is wrong with one value, in its own words where it has some."""
    return str(error) if isinstance(error, TypeError | ValueError) else format_exception(error, kind)


# -- what cattrs has to be told -----------------------------------------------------------------------------------------


def _is_operation(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Operation)


def _operation_told(operation: Operation) -> dict[str, Any]:
    parts = fields(type(operation))
    return {"do": operation.kind} | {one.name: _CONVERTER.unstructure(getattr(operation, one.name)) for one in parts}


def _operation_of(data: Any, _: Any) -> Operation:
    word = str(data.get("do")) if isinstance(data, dict) else ""
    if word not in KINDS:
        raise ValueError(f"expected one of {', '.join(KINDS)} as what to do, got {word!r:.{_SHOWN}}")
    kind = KINDS[word]
    values: dict[str, Any] = {one.name: _CONVERTER.structure(data[one.name], one.type) for one in fields(kind)}
    return kind(**values)


def _outcome_told(outcome: Outcome) -> dict[str, Any]:
    word = next(word for word, kind in _OUTCOMES.items() if kind is type(outcome))
    return {"is": word, **_TELLING[word](outcome)}


def _outcome_of(data: Any, _: Any) -> Outcome:
    rest = dict(data)
    word = rest.pop("is")
    read: Outcome = _READING[word](rest, _OUTCOMES[word])
    return read


def _condition_of(data: Any, _: Any) -> Condition:
    if not isinstance(data, str):
        raise TypeError(f"expected a condition in words, got {data!r:.{_SHOWN}}")
    return Condition.of(data)


def _container_of(data: Any, _: Any) -> str | Fresh | None:
    return data if data is None or isinstance(data, str) else _CONVERTER.structure(data, Fresh)


def _text_of(data: Any, _: Any) -> str:
    if not isinstance(data, str):
        raise TypeError(f"expected a text, got {data!r:.{_SHOWN}}")
    return data


def _in_order(values: Any) -> list[Any]:
    return sorted(map(_CONVERTER.unstructure, values), key=lambda one: json.dumps(one, sort_keys=True))


def _made() -> Converter:
    made = Converter(forbid_extra_keys=True, omit_if_default=True)
    made.register_structure_hook(str, _text_of)
    made.register_structure_hook(Condition, _condition_of)
    made.register_unstructure_hook(Condition, str)
    made.register_unstructure_hook_func(
        lambda kind: isinstance(kind, type) and issubclass(kind, Enum), lambda one: one.value
    )
    made.register_structure_hook_func(lambda kind: kind == str | Fresh | None, _container_of)
    made.register_unstructure_hook_func(lambda kind: kind == str | Fresh | None, lambda one: made.unstructure(one))
    made.register_structure_hook_func(_is_operation, _operation_of)
    made.register_unstructure_hook_func(_is_operation, _operation_told)
    made.register_structure_hook_func(lambda kind: kind in (Outcome, *_OUTCOMES.values()), _outcome_of)
    made.register_unstructure_hook_func(lambda kind: kind in (Outcome, *_OUTCOMES.values()), _outcome_told)
    made.register_unstructure_hook_func(lambda kind: getattr(kind, "__origin__", kind) in (set, frozenset), _in_order)
    left = override(omit=True)  # what only the session has that found it
    reading = make_dict_structure_fn(Bug, made, _cattrs_forbid_extra_keys=True, work=left, record=left)
    made.register_structure_hook(Bug, reading)
    telling = make_dict_unstructure_fn(Bug, made, _cattrs_omit_if_default=True, work=left, record=left)
    made.register_unstructure_hook(Bug, telling)
    return made


_CONVERTER = _made()
_TELLING = {
    word: make_dict_unstructure_fn(kind, _CONVERTER, _cattrs_omit_if_default=True) for word, kind in _OUTCOMES.items()
}
_READING = {
    word: make_dict_structure_fn(kind, _CONVERTER, _cattrs_forbid_extra_keys=True) for word, kind in _OUTCOMES.items()
}
