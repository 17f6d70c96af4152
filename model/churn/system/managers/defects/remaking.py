"""Restarts that make their container otherwise than the first start did."""

from attrs import evolve

from churn.system.managers.reference.manager import ReferenceManager
from churn.system.managers.reference.store import Record
from churn.system.protocols import Mount, Spec

_MEBIBYTE = 2**20


def _is_restart(record: Record) -> bool:
    return record.status != "created"


class EnvironmentLost(ReferenceManager):
    """After a restart the server has not the environment variables that it had at first.

    Stands for: generic, settings that are passed on at the first start and not kept.
    """

    def spec(self, record: Record) -> Spec:
        plain = super().spec(record)
        return evolve(plain, environment={}) if _is_restart(record) else plain


class StaleMount(ReferenceManager):
    """After a restart the server's folder is mounted in another place than at first.

    Stands for: generic, a path that was changed in one of two places.
    """

    place = "/model"
    """Where an earlier version mounted it."""

    def spec(self, record: Record) -> Spec:
        plain = super().spec(record)
        moved = tuple(Mount(mount.source, self.place) for mount in plain.mounts)
        return evolve(plain, mounts=moved) if _is_restart(record) else plain


class LimitLost(ReferenceManager):
    """After a restart the server may use all memory, where at first it had a limit.

    Stands for: generic, a restart that does not go through what computes the limits.
    """

    limit = 256 * _MEBIBYTE
    """Bytes that the server may use at first."""

    def spec(self, record: Record) -> Spec:
        plain = super().spec(record)
        return plain if _is_restart(record) else evolve(plain, memory=self.limit)


DEFECTS: dict[str, type[ReferenceManager]] = {
    "environment-lost": EnvironmentLost,
    "stale-mount": StaleMount,
    "limit-lost": LimitLost,
}
