"""What goes wrong while there is no service at all."""

from churn.system.managers.reference.manager import ReferenceManager, ServiceError


class EmptyListFails(ReferenceManager):
    """The list fails while there is no service.

    Stands for: generic, the largest of no rows.
    """

    def list(self) -> list[tuple[str, str, int]]:
        rows = super().list()
        if not rows:
            raise ServiceError("max() of an empty sequence")
        return rows


DEFECTS: dict[str, type[ReferenceManager]] = {
    "empty-list-fails": EmptyListFails,
}
