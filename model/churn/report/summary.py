"""What a run came to: a verdict for each success criterion, the bugs, the times, and what was not expected."""

from collections import Counter

from churn.lifecycle.condition import spelled
from churn.lifecycle.contract import Contract
from churn.lifecycle.paths import state_of
from churn.report.bugs import Placing
from churn.report.covering import Covering
from churn.report.criteria import CRITERIA, criterion
from churn.report.scenes import cycles
from churn.report.times import seen_once, times_of, unexpected
from churn.report.values import Account, Mark, Summary
from churn.session.trace import Trace

_MOST_UNEXPECTED = 20


def summarise(trace: Trace, account: Account) -> Summary:
    """What the run that left `trace` came to."""
    steps = list(trace.records())
    placing = Placing(steps, account)
    bugs = tuple(placing.bugs())
    criteria = tuple(criterion(number, placing, bugs) for number in CRITERIA)
    covering = Covering(account.coverage, steps)
    marks = {one.mark for one in criteria}
    uncertain = Mark.UNKNOWN in marks or bool(account.faults) or account.interrupted
    mark = Mark.FAIL if Mark.FAIL in marks or bugs else Mark.UNKNOWN if uncertain else Mark.PASS
    return Summary(
        head=trace.head,
        mark=mark,
        criteria=criteria,
        bugs=bugs,
        times=times_of(steps, account),
        unexpected=(*map(seen_once, account.passing), *unexpected(steps))[:_MOST_UNEXPECTED],
        faults=account.faults,
        covered=account.coverage.covered,
        coverable=account.coverage.total,
        successive=len(account.coverage.consecutive),
        successions=account.coverage.successions,
        missed=tuple(f"{spelled(state_of(here))}: {operation}" for here, operation in account.coverage.missed),
        lacking=tuple(sorted(Contract().offers - account.contract.offers)),
        parts=dict(Counter(run.part for run, _ in steps)),
        untried=tuple(covering.words()),
        scenes=tuple(cycles(steps)),
        heat=covering.maps(),
        graph=covering.graph(),
        used=account.used,
        workers=account.workers,
        interrupted=account.interrupted,
    )
