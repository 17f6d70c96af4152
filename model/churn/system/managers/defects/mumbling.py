"""Commands that succeed, and print something else than the answer that they promise."""

from churn.system.managers.reference.answer import PrintedInstead, Rows, written
from churn.system.managers.reference.manager import ReferenceManager


class SilentList(ReferenceManager):
    """While there is no service the list prints nothing, where it should print an empty list.

    Stands for: generic, a loop over rows that prints its brackets only with the first one.
    """

    def list(self) -> Rows:
        rows = super().list()
        if not rows:
            raise PrintedInstead("")
        return rows


class WarnsInList(ReferenceManager):
    """Once a service has failed, the list begins with a warning, where there should be JSON alone.

    Stands for: generic, a logger whose default is standard output.
    """

    def list(self) -> Rows:
        rows = super().list()
        failed = [name for name, status, _ in rows if status == "failed"]
        if failed:
            raise PrintedInstead(f"WARNING: {failed[0]} has failed\n{written(rows)}\n")
        return rows


class ListInPieces(ReferenceManager):
    """With more than one service, the list prints a JSON document for each, where there should be one for all.

    Stands for: generic, rows that are printed as they are read.
    """

    def list(self) -> Rows:
        rows = super().list()
        if len(rows) > 1:
            raise PrintedInstead("".join(f"{written([row])}\n" for row in rows))
        return rows


DEFECTS: dict[str, type[ReferenceManager]] = {
    "silent-list": SilentList,
    "warns-in-list": WarnsInList,
    "list-in-pieces": ListInPieces,
}
