"""Moments and durations as the API tells them."""

from datetime import UTC, datetime, timedelta

from churn.system.engines.emulated.core import Core

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"


def when(core: Core, moment: float | None) -> str:
    """A moment of the core's clock as the API writes it."""
    if moment is None:
        return NEVER
    nanoseconds = core.calendar.nanoseconds(moment)
    second = _EPOCH + timedelta(seconds=nanoseconds // 10**9)
    return f"{second:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 10**9:09d}Z"


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
