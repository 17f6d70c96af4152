"""Criterion 1, no errors: what the manager answered, and when."""

from collections.abc import Iterator

from churn.lifecycle.invariants.base import Doubt, Objection, Sight
from churn.lifecycle.outcome import Rejected, Unknown


def accepted(sight: Sight) -> Iterator[Objection | Doubt]:
    """What the model says must succeed succeeded, what must be refused was refused."""
    yield from _operation(sight)
    listing = sight.listing
    if isinstance(listing, Rejected):
        yield Objection("list must succeed", f"it was refused: {listing.reason}", None, listing.evidence.command)
    elif isinstance(listing, Unknown):
        yield Doubt("the services as the manager lists them", listing.reason, None, listing.evidence.command)


def _operation(sight: Sight) -> Iterator[Objection | Doubt]:
    outcome = sight.outcome
    if isinstance(outcome, Unknown):
        if not (outcome.overran or outcome.foreseen):
            yield Doubt("to learn how it ended", outcome.reason, sight.operation.service, outcome.evidence.command)
    elif not sight.must.admits(outcome):
        seen = f"it was refused: {outcome.reason}" if isinstance(outcome, Rejected) else "it reported success"
        yield Objection(
            f"{sight.operation} must {sight.must.value}", seen, sight.operation.service, outcome.evidence.command
        )


def in_time(sight: Sight) -> Iterator[Objection]:
    """It ended within the contract's bound; it was not still going after the manager's own stated timeout and grace."""
    bound = sight.contract.bounds.of(sight.operation.kind)
    outcome = sight.outcome
    if bound is None:
        return
    if isinstance(outcome, Unknown):
        if outcome.overran:
            yield Objection(
                "an end within the manager's own timeout",
                outcome.reason,
                sight.operation.service,
                outcome.evidence.command,
            )
    elif outcome.took > bound:
        yield Objection(
            f"an end within {bound:g} s",
            f"it took {outcome.took:.1f} s",
            sight.operation.service,
            outcome.evidence.command,
        )
