"""The filters of lists and events: a JSON object of keys, each with the values of which one (of labels: all) must fit."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from churn.system.engines.emulated.api.message import Request
from churn.system.engines.refusals import refusal

Filters = Mapping[str, Sequence[str]]


def filters_of(request: Request, known: Iterable[str]) -> Filters:
    """The request's filters. Raises `BadParameter` for a key that is not known, and for what is no filter."""
    text = request.value("filters")
    if not text:
        return {}
    try:
        told = json.loads(text)
        found = {key: list(values) for key, values in told.items()}  # older clients send {"value": true}, newer a list
    except (ValueError, AttributeError, TypeError):
        raise refusal(400, f"invalid filters: expected a JSON object of lists, got {text}") from None
    for key in found:
        if key not in known:
            raise refusal(400, f"Invalid filter '{key}'")
    return found


def labelled(labels: Mapping[str, str], filters: Filters) -> bool:
    """Whether all of the filter's labels are there: ``key`` or ``key=value``."""
    return all(_carries(labels, wanted) for wanted in filters.get("label", ())) and not any(
        _carries(labels, unwanted) for unwanted in filters.get("label!", ())
    )


def one_of(filters: Filters, key: str, fits: Callable[[str], bool]) -> bool:
    """Whether one of a filter's values fits, or it is not set."""
    values = filters.get(key)
    return not values or any(map(fits, values))


def matching(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text; one that is no regular expression is taken literally."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return pattern in text


def _carries(labels: Mapping[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)
