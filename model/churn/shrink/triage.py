"""From failures to bugs: which of them are news, and which are cases or consequences of bugs that are known."""

from collections.abc import Callable

from attrs import define, evolve, field

from churn.errors import BudgetSpent
from churn.lifecycle.invariants import Trait
from churn.lifecycle.sequence import Naming
from churn.session.failing import Failing
from churn.session.fingerprint import Fingerprint
from churn.session.known import Behind
from churn.session.session import Session
from churn.shrink.bug import Bug
from churn.shrink.candidates import calmly_done
from churn.shrink.cases import contains
from churn.shrink.shrinker import Shrinker

_MOST_SLIPS = 3
"""Times that a failure is shrunk anew, because it came to what is known already."""


@define
class Triage:
    """Collects a session's failures and makes bugs of them, each once. What it finds is known to the session from then on."""

    session: Session
    announce: Callable[[str], None] = lambda _: None
    """Told what is shrunk."""
    failures: dict[Fingerprint, Failing] = field(init=False, factory=dict)
    """The shortest failing sequence of each fingerprint."""
    bugs: list[Bug] = field(init=False, factory=list)
    """What they came to, each bug once."""
    _settled: set[Fingerprint] = field(init=False, factory=set)
    _shrinker: Shrinker = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._shrinker = Shrinker(session=self.session)

    @property
    def most_seconds(self) -> float | None:
        """Seconds of the system's clock that each failure may take; None: as long as it takes."""
        return self._shrinker.most_seconds

    @most_seconds.setter
    def most_seconds(self, seconds: float | None) -> None:
        self._shrinker.most_seconds = seconds

    def add(self, failing: Failing) -> bool:
        """A sequence failed; whether none that looked so had been met."""
        known = self.failures.get(failing.fingerprint)
        if known is None or len(failing.steps) < len(known.steps):
            self.failures[failing.fingerprint] = failing
        return known is None

    def resume(self, seconds: float) -> None:
        """Go on with the bugs that are not finished, each for so many seconds. Raises `EnvironmentFault`."""
        for place, bug in enumerate(self.bugs):
            if not (bug.minimal and bug.confirmed) and not bug.flaky:
                self.bugs[place] = self._shrinker.resume(bug, seconds=seconds)

    def settle(self) -> None:
        """Make a bug of each failure that those found so far do not account for; what they do not explain first.

        What is met on the way and may be another bug's is looked into as well. Raises `BudgetSpent`, `EnvironmentFault`.
        """
        while left := [found for found in self._met if found.fingerprint not in self._settled]:
            failing = min(left, key=lambda found: (bool(self._explaining(found)), len(found.steps)))
            known = self.session.known.match(failing.fingerprint)
            if known is None:
                self._look_into(failing)
            elif failing.fingerprint not in self.session.known.consequences:
                self.session.known.add(failing.fingerprint)
                self._shrinker.memo.clear()  # what passed or failed did so with what was known by then
                self._add_symptom(failing.fingerprint, [bug for bug in self.bugs if bug.failing.fingerprint == known])
            self._settled.add(failing.fingerprint)

    @property
    def _met(self) -> list[Failing]:
        return [*self.failures.values(), *self._shrinker.others.values()]

    def _look_into(self, failing: Failing) -> None:
        """Shrink a failure if it is news, until what it comes to is news as well."""
        for _ in range(_MOST_SLIPS):
            if (news := self._news(failing)) is None:
                break
            self.announce(f"shrinking: {failing.fingerprint.signature}")
            bug = self._shrinker.shrink(news)
            if bug.failing == news or self._stays_news(failing, bug):
                self._found(failing.fingerprint, bug)
                return
            self._consequence(bug.failing)  # it slipped to what is known
        self._consequence(failing)

    def _stays_news(self, failing: Failing, bug: Bug) -> bool:
        """Whether what a failure came to is news as well. What was found is kept, whatever ends this."""
        try:
            return self._news(bug.failing) is not None
        except BudgetSpent:
            self._found(failing.fingerprint, bug)
            self._settled.add(failing.fingerprint)
            raise

    def _consequence(self, failing: Failing) -> None:
        self.session.known.consequences[failing.fingerprint] = None
        self._shrinker.memo.clear()  # as above
        self._add_symptom(failing.fingerprint, self._explaining(failing))

    def _news(self, failing: Failing) -> Failing | None:
        """The failure as it comes behind the known bugs, None where it is a consequence of these.

        It is news if it comes again with every step looked at, so that what known bugs leave is put right at once, and none
        of those whose own steps stand in it may be at work unseen. Else, being a matter of pace, it is run as it is, unless
        one of these may just have happened, hurried past. What the same invariant objects to is theirs in any case.
        """
        if not self.bugs:
            return failing
        explaining = self._explaining(failing)
        if any(bug.failing.fingerprint.must_cause(failing.fingerprint) for bug in explaining):
            return None
        ending = [bug.failing.fingerprint for bug in explaining if contains(failing, bug.failing, at_the_end=True)]
        run = evolve(failing, sequence=evolve(failing.sequence, steps=calmly_done(failing.steps)))
        found = self._shrinker.again(run)
        if not found.failed and not ending:
            run, found = failing, self._shrinker.again(failing)
        if not (explaining or found.failed or found.met or found.involved):
            return failing  # it may be flaky: that is for the shrinker to say
        unmet = {bug.failing.fingerprint for bug in explaining} - set(found.met)
        at_work = [one for one in unmet if one.has(Trait.BY_ITSELF) or one in found.involved]
        at_work += [one for one in ending if one.has(Trait.MISLEADING)]
        return found.failing if not at_work else None

    def _explaining(self, failing: Failing) -> list[Bug]:
        """The bugs whose steps stand in those of a failure."""
        operations = [step.operation for step in failing.steps]
        return [
            bug
            for bug in self.bugs
            if contains(failing, bug.failing) and bug.failing.fingerprint.may_cause(failing.fingerprint, operations)
        ]

    def _found(self, first: Fingerprint, bug: Bug) -> None:
        """A bug, unless it looks like one that is there: then it is another symptom of that one."""
        known = self.session.known
        same = next((other for other in self.bugs if _one(bug, other)), None)
        if same is None:
            same = evolve(bug, behind=self._behind(bug))
            self.bugs.append(same)
            known.companions += bug.companions
        known.consequences[first] = None
        known.add(bug.failing.fingerprint)
        self._shrinker.memo.clear()  # as above
        for fingerprint in (first, bug.failing.fingerprint):
            self._add_symptom(fingerprint, [same])

    def _behind(self, bug: Bug) -> Behind:
        """What was known when it was found; of consequences those that it meets."""
        known = self.session.known
        result = self._shrinker.memo.recall(bug.failing.names, bug.failing.sequence)
        met = (*result.met, *result.involved) if result is not None else ()
        return evolve(known.behind, consequences=tuple(mark for mark in met if mark in known.consequences))

    def _add_symptom(self, fingerprint: Fingerprint, bugs: list[Bug]) -> None:
        signature = fingerprint.signature
        for place, bug in enumerate(self.bugs):
            if any(bug.failing == one.failing for one in bugs) and signature != bug.signature:
                self.bugs[place] = evolve(bug, symptoms=bug.symptoms | {signature})


def _one(bug: Bug, other: Bug) -> bool:
    """Whether two are one bug: they look alike, or both need the same odd names."""
    mine, its = bug.failing.sequence.naming, other.failing.sequence.naming
    oddly = mine is its and mine is not Naming.PLAIN and bug.minimal and other.minimal
    return oddly or bug.failing.fingerprint.resembles(other.failing.fingerprint)
