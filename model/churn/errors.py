"""The exception tree. Everything that Churn raises on purpose is a `ChurnError`.

A message says what was expected, what came, where, and what to do about it: its reader has only this line.
"""


class ChurnError(Exception):
    """The root of the tree."""


class UsageError(ChurnError):
    """An argument, a setting or a file that cannot be used as it is."""


class EnvironmentFault(ChurnError):
    """The world around the manager failed: an engine that does not answer, a stranger's port, a reset that left things.

    Never a bug of the manager, and never a pass.
    """


class NotClean(EnvironmentFault):
    """The start state is not clean; `findings` says what is there, `remedies` which commands would clear it."""

    def __init__(self, findings: tuple[str, ...], remedies: tuple[str, ...]) -> None:
        self.findings = findings
        self.remedies = remedies
        listing = "\n".join(f"  - {line}" for line in findings)
        commands = "\n".join(f"  {line}" for line in remedies)
        super().__init__(
            f"expected a clean start state, found:\n{listing}\nnothing was touched; to clear it:\n{commands}"
        )


class ResetFailed(EnvironmentFault):
    """After a tear-down something was still there: the next sequence would not start clean."""


class TimeIsUp(ChurnError):
    """The time that a clean-up may take after an interrupt is over: whatever goes on is given up."""


class BudgetSpent(ChurnError):
    """The operations or the time of this run are used up."""


class EngineError(ChurnError):
    """The container engine refused or failed a call.

    `status` is the HTTP status code of the Docker Engine API (0 where no answer came), `message` the engine's words.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(f"{message} (status {status})")


class EngineUnreachable(EngineError):
    """No answer came: no daemon, a broken connection, or a reply that could not be read."""

    def __init__(self, message: str) -> None:
        super().__init__(0, message)


class BadParameter(EngineError):
    """400: the engine could not use the request as it was."""


class NotFound(EngineError):
    """404: no such container, network, volume."""


class NoSuchImage(NotFound):
    """404: the image is not there."""


class Conflict(EngineError):
    """409: the state of a container forbids it."""


class NameTaken(Conflict):
    """409: another container has that name."""


class RemovalInProgress(Conflict):
    """409: the container is being removed."""


class ServerError(EngineError):
    """500: the engine tried and failed."""


class PortTaken(ServerError):
    """500 at start: the host port is held by another container or process."""


class NoSuchDevice(ServerError):
    """500 at start: a device driver that the request names is missing (a GPU, mostly)."""
