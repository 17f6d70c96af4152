"""Moments and durations as the API tells them."""

import re
from datetime import UTC, datetime, timedelta

from churn.system.engines.emulated.core import Core
from churn.system.refusals import refusal

_WHOLE, _MOST_DIGITS = re.compile("[0-9]+"), 18
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"


def when(core: Core, moment: float | None) -> str:
    """A moment of the core's clock as the API writes it."""
    if moment is None:
        return NEVER
    nanoseconds = core.calendar.nanoseconds(moment)
    second = _EPOCH + timedelta(seconds=nanoseconds // 10**9)
    return f"{second:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 10**9:09d}Z"


def asked_moment(text: str) -> int | None:
    """Nanoseconds since 1970, from seconds with or without a fraction; None for none. Raises `ServerError`."""
    if not text:
        return None
    seconds, _, fraction = text.partition(".")
    for part in (seconds, fraction or "0"):
        if not _WHOLE.fullmatch(part):
            raise refusal(500, f'strconv.ParseInt: parsing "{part}": invalid syntax')
        if len(part) > _MOST_DIGITS:
            raise refusal(500, f'strconv.ParseInt: parsing "{part}": value out of range')
    return int(seconds) * 10**9 + int(fraction[:9].ljust(9, "0"))


def moment(text: str) -> float:
    """Seconds since 1970 of a moment as the API writes it."""
    return datetime.fromisoformat(text).timestamp()


_SPANS = ((60, 1, "second"), (3600, 60, "minute"), (48 * 3600, 3600, "hour"), (14 * 86400, 86400, "day"))


def spoken(seconds: float) -> str:
    """A duration as the engine words it."""
    if seconds < 1:
        return "Less than a second"
    for limit, unit, word in _SPANS:
        if seconds < limit:
            count = int(seconds // unit)
            if count == 1:
                return {"second": "1 second", "minute": "About a minute", "hour": "About an hour"}[word]
            return f"{count} {word}s"
    return f"{int(seconds // (7 * 86400))} weeks"
