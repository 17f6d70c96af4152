"""One sequence from its beginning to its end, whatever comes of it."""

from collections.abc import Callable

from churn.lifecycle.sequence import Sequence
from churn.session.known import NothingNew
from churn.session.session import Session
from churn.session.violation import Violation


def attempt(
    session: Session, part: str, names: tuple[str, ...], sequence: Sequence, violated: Callable[[Violation], object]
) -> None:
    """Run the sequence; `violated` is told its failure. Where known bugs ended it, that is no news.

    Raises `EnvironmentFault`, `BudgetSpent`.
    """
    try:
        session.run(part, names, sequence)
    except Violation as violation:
        violated(violation)
    except NothingNew:
        pass
