"""Starts that make their container otherwise than the first start did."""

from attrs import evolve

from churn.system.managers.defects.meanwhile import instead
from churn.system.managers.reference.manager import ReferenceManager
from churn.system.managers.reference.store import Record
from churn.system.protocols import Mount, Spec

_MEBIBYTE = 2**20


class EnvironmentLost(ReferenceManager):
    """A service that was stopped is started without the environment variables that it had at first.

    Stands for: generic, settings that are passed on at the first start and not kept.
    """

    def spec(self, record: Record) -> Spec:
        plain = super().spec(record)
        return evolve(plain, environment={}) if record.status == "stopped" else plain

    def restart(self, name: str) -> Record:
        with instead(self, spec=super().spec):
            return super().restart(name)


class StaleMount(ReferenceManager):
    """After a restart the server's folder is mounted in another place than at first.

    Stands for: generic, a path that was changed in one of two places.
    """

    place = "/model"
    """Where an earlier version mounted it."""

    def restart(self, name: str) -> Record:
        with instead(self, spec=self.outdated):
            return super().restart(name)

    def outdated(self, record: Record) -> Spec:
        """As the earlier version had it."""
        plain = super().spec(record)
        return evolve(plain, mounts=tuple(Mount(mount.source, self.place) for mount in plain.mounts))


class LimitLost(ReferenceManager):
    """A service whose server died is started without the limit that its memory had at first.

    Stands for: generic, a recovery that does not go through what computes the limits.
    """

    limit = 256 * _MEBIBYTE
    """Bytes that the server may use otherwise."""

    def spec(self, record: Record) -> Spec:
        plain = super().spec(record)
        return plain if record.status == "running" else evolve(plain, memory=self.limit)


DEFECTS: dict[str, type[ReferenceManager]] = {
    "environment-lost": EnvironmentLost,
    "stale-mount": StaleMount,
    "limit-lost": LimitLost,
}
