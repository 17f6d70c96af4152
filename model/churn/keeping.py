"""What is kept of a bug: a reproducer, which says how it fails, what is known of it, and in which target it was found."""

from churn.assembly import Target
from churn.reproducers.file import Expectation, Reproducer
from churn.shrink.bug import Bug


def reproducer_of(bug: Bug, target: Target, found: str) -> Reproducer:
    """What is kept of a bug that was found in this target; `found` says when and by what."""
    first = bug.record.objections[0] if bug.record is not None and bug.record.objections else None
    shown = bug.record.shown if bug.record is not None else ()
    return Reproducer(
        signature=bug.signature,
        expected=first.expected if first is not None else "",
        seen=first.seen if first is not None else "",
        names=bug.failing.names,
        sequence=bug.failing.sequence,
        manager=target.manager,
        engine=target.engine,
        defects=target.defects,
        seed=target.seed,
        rate=bug.share,
        found=found,
        evidence=tuple(f"$ {one.command}\n{one.output}" for one in shown),
        targets={target.name: Expectation.FAILED},
        befores=bug.failing.befores,
        behind=bug.behind,
        settings=target.settings,
        usual=bug.usual,
    )
