"""Services that are mixed up by their names."""

from churn.system.managers.reference.manager import SERVICE, ReferenceManager
from churn.system.managers.reference.store import Record
from churn.system.protocols import ListedContainer

_LONGEST = 48
"""Characters of a name that the truncating defect keeps."""


class MatchesPrefix(ReferenceManager):
    """Stopping a service stops those too whose names begin with its own.

    Stands for: docker's `name=` filter, which matches a part of a name.
    """

    def own(self, record: Record) -> tuple[ListedContainer, ...]:
        rows = self.engine.list(self.session_labels())
        found = {row.id for row in super().own(record)}
        return tuple(row for row in rows if row.id in found or row.labels.get(SERVICE, "").startswith(record.name))


class Truncates(ReferenceManager):
    """Services with long names are taken for each other.

    Names are cut before they are compared.
    Stands for: generic, host names of at most 63 characters.
    """

    def own(self, record: Record) -> tuple[ListedContainer, ...]:
        rows = self.engine.list(self.session_labels())
        found = {row.id for row in super().own(record)}
        return tuple(
            row for row in rows if row.id in found or row.labels.get(SERVICE, "")[:_LONGEST] == record.name[:_LONGEST]
        )


class Sorts(ReferenceManager):
    """Services are listed with each other's port.

    Names are sorted, the ports that belong to them are not.
    Stands for: generic, two lists that are zipped.
    """

    def list(self) -> list[tuple[str, str, int]]:
        rows = super().list()
        ports = [port for _, _, port in rows]
        return [(name, status, port) for (name, status, _), port in zip(sorted(rows), ports, strict=True)]


DEFECTS: dict[str, type[ReferenceManager]] = {
    "matches-prefix": MatchesPrefix,
    "truncates": Truncates,
    "sorts": Sorts,
}
