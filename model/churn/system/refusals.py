"""Which error an engine's refusal is: by status code, then by a table of patterns, since texts change with versions.

And which of its answers tell that the engine itself is in trouble, whoever asked.
"""

import re

from attrs import frozen

from churn import errors

_PATTERNS: tuple[tuple[int, str, type[errors.EngineError]], ...] = (
    (409, r"is already in use by container", errors.NameTaken),
    (409, r"removal of container .* is already in progress|marked for removal", errors.RemovalInProgress),
    (404, r"no such image", errors.NoSuchImage),
    (500, r"port is already allocated|address already in use", errors.PortTaken),
    (500, r"could not select device driver", errors.NoSuchDevice),
    # In Podman's words, which has one code for most.
    (500, r"that name is already in use", errors.NameTaken),
    (500, r"names must match", errors.BadParameter),
    (500, r"no such container|layer not known", errors.NotFound),
    (
        500,
        r"container state improper|network already exists|running or paused containers cannot be removed",
        errors.Conflict,
    ),
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


# -- an engine in trouble -----------------------------------------------------------------------------------------------

_FAILED = 500
"""The status from which on the engine has failed, not refused."""
_ITS_OWN = re.compile(
    r"no space left on device|disk quota exceeded|input/output error|structure needs cleaning"
    r"|cannot allocate memory|too many open files|resource temporarily unavailable"
    r"|iptables|nftables|failed to create endpoint|bridge .* (not found|does not exist)|no available (IPv4|IPv6) addresses"
    r"|network is (down|unreachable)|non-overlapping IPv4 address pool|failed to set up container networking"
    r"|containerd[^\n]*(refused|unavailable|closing|not running)|connection error: desc|transport is closing",
    re.IGNORECASE,
)
"""What disks, memory, networks and its own parts are told by, in the words of Docker and Podman."""
_IMAGE = re.compile(r"no such image:\s*(\S+)", re.IGNORECASE)


@frozen
class Trouble:
    """An answer of the engine's: its words, and the image that it lacks, if it is that."""

    says: str
    image: str = ""


def trouble(status: int, message: str) -> Trouble | None:
    """What is wrong with the engine by this answer; None where it may be the fault of who asked."""
    error = refusal(status, message)
    if isinstance(error, errors.NoSuchImage):
        found = _IMAGE.search(message)
        return Trouble(message, found[1]) if found is not None else None
    if status < _FAILED or isinstance(error, (errors.PortTaken, errors.NoSuchDevice)) or not _ITS_OWN.search(message):
        return None
    return Trouble(message)
