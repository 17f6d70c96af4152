"""Services that are mixed up by their names."""

import re

from attrs import evolve

from churn.system.managers.reference.manager import SERVICE, ReferenceManager, ServiceError
from churn.system.managers.reference.store import Record
from churn.system.protocols import ListedContainer, Spec

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


class MatchesPattern(ReferenceManager):
    """Stopping a service stops those too that its name matches as a regular expression.

    Stands for: docker's `name=` filter, which is a regular expression.
    """

    def own(self, record: Record) -> tuple[ListedContainer, ...]:
        rows = self.engine.list(self.session_labels())
        found = {row.id for row in super().own(record)}
        return tuple(
            row for row in rows if row.id in found or re.fullmatch(record.name, row.labels.get(SERVICE, "")) is not None
        )


class CutsAtDot(ReferenceManager):
    """A service can not be created beside one whose name is the same up to a dot.

    Stands for: generic, names that are taken for file names, and looked for without their ending.
    """

    def create(self, name: str, folder: str = "") -> Record:
        for record in self.store.all():
            if record.name.partition(".")[0] == name.partition(".")[0]:
                raise ServiceError(f"service {record.name} exists already")
        return super().create(name, folder)


class DashesUnderscores(ReferenceManager):
    """A service does not start beside one whose name has a dash where its own has an underscore.

    Containers are named after services, and underscores are written as dashes.
    Stands for: compose, whose container names have dashes where they once had underscores.
    """

    def spec(self, record: Record) -> Spec:
        spec = super().spec(record)
        return evolve(spec, name=spec.name.replace("_", "-"))


class ReadsNumbers(ReferenceManager):
    """Names that are digits are listed as numbers, without the zeros that they begin with.

    Stands for: generic, names in YAML without quotes.
    """

    def list(self) -> list[tuple[str, str, int]]:
        rows = super().list()
        return [(str(int(name)) if name.isdecimal() else name, status, port) for name, status, port in rows]


DEFECTS: dict[str, type[ReferenceManager]] = {
    "matches-prefix": MatchesPrefix,
    "truncates": Truncates,
    "sorts": Sorts,
    "matches-pattern": MatchesPattern,
    "cuts-at-dot": CutsAtDot,
    "dashes-underscores": DashesUnderscores,
    "reads-numbers": ReadsNumbers,
}
