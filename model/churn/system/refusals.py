"""Which error an engine's refusal is: by status code, then by a table of patterns, since texts change with versions."""

import re

from churn import errors

_PATTERNS: tuple[tuple[int, str, type[errors.EngineError]], ...] = (
    (409, r"is already in use by container", errors.NameTaken),
    (409, r"removal of container .* is already in progress|marked for removal", errors.RemovalInProgress),
    (404, r"no such image", errors.NoSuchImage),
    (500, r"port is already allocated|address already in use", errors.PortTaken),
    (500, r"could not select device driver", errors.NoSuchDevice),
)

_BY_STATUS: dict[int, type[errors.EngineError]] = {
    400: errors.BadParameter,
    404: errors.NotFound,
    409: errors.Conflict,
    500: errors.ServerError,
}


def refusal(status: int, message: str) -> errors.EngineError:
    """The error for an answer with that HTTP status and text."""
    for code, pattern, kind in _PATTERNS:
        if code == status and re.search(pattern, message, re.IGNORECASE):
            return kind(status, message)
    return _BY_STATUS.get(status, errors.EngineError)(status, message)
