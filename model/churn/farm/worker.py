"""Does one job: sets the system up, does the part, and tells what came of it. Nothing is left behind but the result."""

import os
import platform
from collections.abc import Mapping
from itertools import chain

from attrs import evolve

from churn.assembly import Target, assembled
from churn.errors import BudgetSpent, ChurnError, EnvironmentFault, UsageError
from churn.farm.job import Account, Job, Kind, Result, Settled, as_text, job_of
from churn.farm.logbook import Logbook
from churn.farm.parts import PARTS
from churn.farm.work import Work
from churn.lifecycle.invariants import INVARIANTS, all_but
from churn.session.budget import Budget
from churn.session.reset import preflight
from churn.session.session import Session
from churn.session.trace import Trace
from churn.shrink.triage import Triage
from churn.system.clock import RealClock
from churn.system.leftovers import folders, on_engine, processes
from churn.system.protocols import Engine
from churn.system.runs import Life


def do(job: Job, environ: Mapping[str, str], worker: str = "") -> Result:
    """What came of the job, done by that worker in a system of its own, with these environment variables.

    What the environment fails at is one of the result's faults. Raises `UsageError` where the job names what is not there.
    """
    clock = RealClock()
    began = clock.now()
    try:
        result = _done(job, evolve(job.subject.target(environ), job=job.id))
    except UsageError:
        raise
    except (ChurnError, OSError) as error:
        result = Result(id=job.id, faults=(str(error),))
    return evolve(result, worker=worker, account=evolve(result.account, seconds=clock.now() - began))


def done(text: str, environ: Mapping[str, str]) -> str:
    """The text of the result of the job that is in the text."""
    return as_text(do(job_of(text, "a job"), environ, whoami()))


def whoami() -> str:
    """What a result calls this process: ``HOST-PID``."""
    return f"{platform.node()}-{os.getpid()}"


def _done(job: Job, target: Target) -> Result:
    _expect_possible(job)
    with assembled(target) as whole:
        if not target.virtual:
            _clear_up(whole.system.engine)
        preflight(whole.system.manager, whole.system.engine)
        seconds = (
            None if job.part.kind is Kind.SETTLE else job.limits.seconds
        )  # the triage keeps to them in its own way
        budget = Budget(RealClock(), job.limits.operations, seconds)
        session = Session(whole.system, whole.reset, Trace(), budget, all_but(job.ways.excluded))
        session.known = job.behind.known
        session.costs.assume(job.behind.costs)
        session.durations.take(job.behind.durations)
        return _came_of(Work(job, session))


def _clear_up(engine: Engine) -> None:
    """Remove what jobs whose process has died left here and on this engine, as `churn clean` does: or no other could be done."""
    from churn.system.engines.docker import DockerEngine  # only where it is used: it is slow to import

    if isinstance(engine, DockerEngine):
        for one in chain(processes(()), on_engine(engine), folders()):
            if one.life is Life.OVER:
                one.remove()


def _expect_possible(job: Job) -> None:
    """Raises `UsageError` where a job lacks what its part needs."""
    if job.part.kind is Kind.SETTLE and job.part.failing is None:
        raise UsageError(f"job {job.id}: expected a failure to settle, got none")
    known = {one.name for one in INVARIANTS}
    if unknown := [name for name in job.ways.excluded if name not in known]:
        raise UsageError(f"job {job.id}: excluded: expected names of invariants, got {', '.join(unknown)}")


def _came_of(work: Work) -> Result:
    job, session, faults, note, settled = work.job, work.session, list[str](), "", None
    try:
        if job.part.kind is Kind.SETTLE:
            triage = _triage(work)
            try:
                triage.settle()
            finally:
                settled = _settled(triage)
        else:
            PARTS[job.part.kind](work)
    except BudgetSpent as spent:
        note = str(spent)
    except EnvironmentFault as fault:
        faults.append(str(fault))
    return Result(
        id=job.id,
        failures=tuple(work.failures.values()),
        settled=settled,
        logbook=Logbook.of(session.trace.runs),
        durations=session.durations.latest,
        account=_account(session),
        faults=tuple(faults),
        note=note,
    )


def _account(session: Session) -> Account:
    system = session.system
    return Account(
        operations=session.budget.spent,
        looks=session.budget.looks,
        manager=system.inside - session.resets.inside,
        waited=system.waited,
        resets=session.resets.seconds,
    )


# -- settling -------------------------------------------------------------------------------------------------------------


def _triage(work: Work) -> Triage:
    """One that knows the bugs of the job, and has its failure to settle."""
    part, session = work.job.part, work.session
    assert part.failing is not None, "it has been looked at"  # noqa: S101 -- `_expect_possible`
    if part.usual is not None:
        signature = part.failing.signature
        session.durations.assume(signature.operation, signature.condition.word, part.usual)
    triage = Triage(session)
    triage.most_seconds = work.job.limits.seconds
    triage.bugs.extend(part.bugs)
    triage.add(part.failing)
    return triage


def _settled(triage: Triage) -> Settled:
    """What it came to by now, whatever ended it."""
    known, places = triage.session.known, {}
    for number, run in enumerate(triage.session.trace.runs):
        places.update({id(record): (number, place) for place, record in enumerate(run.records)})
    return Settled(
        bugs=tuple(triage.bugs),
        records=tuple(places.get(id(bug.record)) for bug in triage.bugs),
        passing=tuple(triage.passing),
        looks=triage.accounted,
        companions=tuple(known.companions),
        consequences=tuple(known.consequences.items()),
    )
