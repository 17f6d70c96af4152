"""The filters of lists and events: a JSON object of keys, each with the values of which one (of labels: all) must fit."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf

from churn.lifecycle.patterns import BadPattern, TooSlow, found
from churn.system.engines.emulated.api.dates import moment
from churn.system.engines.emulated.api.message import Request
from churn.system.engines.emulated.core import Core
from churn.system.refusals import refusal

Filters = Mapping[str, Sequence[str]]


_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+")


def filters_of(request: Request, known: Iterable[str] | None = None) -> Filters:
    """The request's filters.

    Raises `BadParameter` for a key that is not known, where those are named, and `ServerError` for what is no filter.
    """
    text = request.value("filters")
    if not text:
        return {}
    try:
        told = json.loads(text)
        found = {key: _values(values) for key, values in told.items()}
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise refusal(500, f"invalid filters: expected a JSON object of lists, got {text}") from None
    if known is not None:
        for key in found.keys() - set(known):
            raise refusal(400, f"Invalid filter '{key}'")
    return found


def _values(told: object) -> list[str]:
    """Older clients send ``{"value": true}``, newer ones a list."""
    if not isinstance(told, dict | list):
        raise TypeError(f"expected a list, got {told!r}")
    if not all(isinstance(one, str) for one in told):
        raise TypeError(f"expected texts, got {told!r}")
    return list(told)


def until(core: Core, filters: Filters) -> float:
    """The moment of the core's clock in ``until``: what was created after it does not fit. Raises `BadParameter`."""
    return min((core.calendar.moment(_date(core, text)) for text in filters.get("until", ())), default=inf)


def _date(core: Core, text: str) -> float:
    """Seconds since 1970 of a moment, or of a span before now."""
    if _SPAN.fullmatch(text):
        parts = re.findall(r"([\d.]+)(ms|s|m|h)", text)
        return core.calendar.seconds() - sum(float(count) * _SECONDS[unit] for count, unit in parts)
    try:
        return float(text) if text.replace(".", "", 1).isdecimal() else moment(text)
    except ValueError:
        raise refusal(400, f'failed to parse value as time or duration: "{text}"') from None


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
    """Whether a pattern is found in a text; one that is no regular expression is taken literally. Raises `BadParameter`."""
    try:
        return found(pattern, text)
    except BadPattern:
        return pattern in text
    except TooSlow as error:
        raise refusal(400, str(error)) from None


def _carries(labels: Mapping[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)
