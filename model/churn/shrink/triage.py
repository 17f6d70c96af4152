"""From failures to bugs: which of them are news, and which are cases or consequences of bugs that are known."""

from collections import Counter
from collections.abc import Callable, Iterable

from attrs import define, evolve, field

from churn.errors import BudgetSpent
from churn.lifecycle.condition import UNSETTLED
from churn.lifecycle.invariants import Trait
from churn.lifecycle.operations import Disturb, Family
from churn.lifecycle.sequence import Naming
from churn.session.done import Done
from churn.session.failing import Failing, Result
from churn.session.fingerprint import Fingerprint
from churn.session.known import Behind
from churn.session.session import Session
from churn.shrink.bug import Bug
from churn.shrink.candidates import calmly_done
from churn.shrink.cases import alike, contains
from churn.shrink.shrinker import Shrinker

_AGAIN = 2.5
"""Runs of its sequence that a failure may cost at least, however little time it has: or it could not be run again at all."""
_MOST_TRIES = 3
"""Times that one look is looked into: it may come to another bug, or come again though it had been explained."""


@define
class Triage:
    """Collects a session's failures and makes bugs of them, each once. What it finds is known to the session from then on."""

    session: Session
    announce: Callable[[str], None] = lambda _: None
    """Told what is shrunk."""
    told: Callable[[Bug], None] = lambda _: None
    """Told each bug once, as soon as it is sure, or as sure as the budget lets it be."""
    failures: dict[Fingerprint, Failing] = field(init=False, factory=dict)
    """The shortest failing sequence of each fingerprint."""
    bugs: list[Bug] = field(init=False, factory=list)
    """What they came to, each bug once."""
    passing: list[Bug] = field(init=False, factory=list)
    """Failures that came in none of their repeats: no bugs. Their `looks` say what they looked like."""
    _settled: set[Fingerprint] = field(init=False, factory=set)
    _tries: Counter[Fingerprint] = field(init=False, factory=Counter)
    _shrinker: Shrinker = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._shrinker = Shrinker(session=self.session)

    @property
    def accounted(self) -> frozenset[Fingerprint]:
        """The looks of failures that need not be looked into any more."""
        return frozenset(self._settled)

    @property
    def most_seconds(self) -> float | None:
        """Seconds of the system's clock that each failure may take; None: as long as it takes."""
        return self._shrinker.most_seconds

    @most_seconds.setter
    def most_seconds(self, seconds: float | None) -> None:
        self._shrinker.most_seconds = seconds

    def add(self, failing: Failing) -> bool:
        """A sequence failed; whether none that looked so had been met, or what explained those does not explain it."""
        look = failing.fingerprint
        known = self.failures.get(look)
        anew = look in self._settled and self._tries[look] < _MOST_TRIES
        if anew:
            self._settled.discard(look)
            self._tries[look] += 1
        if known is None or anew or len(failing.steps) < len(known.steps):
            self.failures[look] = failing
        return known is None or anew

    def resume(self, seconds: float) -> None:
        """Go on with the bugs that are not finished, each for so many seconds. Raises `EnvironmentFault`."""
        for place, bug in enumerate(self.bugs):
            if bug.unfinished:
                self.bugs[place] = self._resumed(bug, seconds)
        for bug in [bug for bug in self.bugs if bug.once]:
            self.bugs.remove(bug)
            self._came_once(bug, *bug.looks)

    def _resumed(self, bug: Bug, seconds: float) -> Bug:
        """What a bug came to when it was gone on with: what looked like it before still does."""
        done = self._shrinker.resume(bug, seconds=max(seconds, _AGAIN * self._cost(bug.failing)))
        looks = bug.looks | {done.failing.fingerprint}
        self.session.known.add(done.failing.fingerprint, done.cause)
        return evolve(done, looks=looks, consequences=bug.consequences, paced=bug.paced)

    def _allowed(self, failing: Failing) -> float | None:
        """Seconds that shrinking it may take; None: as long as it takes."""
        return None if self.most_seconds is None else max(self.most_seconds, _AGAIN * self._cost(failing))

    def _cost(self, failing: Failing) -> float:
        """Seconds that a run of it is expected to take."""
        return self.session.costs.total(failing.sequence, self.session.contract)

    def settle(self) -> None:
        """Make a bug of each failure that those found so far do not account for; what they do not explain first.

        What is met on the way and may be another bug's is looked into as well. Raises `BudgetSpent`, `EnvironmentFault`.
        """
        while left := [found for found in self._met if found.fingerprint not in self._settled]:
            failing = min(left, key=lambda found: (bool(self._explaining(found)), len(found.steps)))
            if known := self._known_as(failing):
                self._is_case_of(known, failing.fingerprint)
                self._settled.add(failing.fingerprint)
            elif self._look_into(failing):
                self._settled.add(failing.fingerprint)

    @property
    def _met(self) -> list[Failing]:
        return [*self.failures.values(), *self._shrinker.others.values()]

    def _look_into(self, failing: Failing) -> bool:
        """Shrink a failure if it is news; whether it is accounted for then.

        It is not where it came to something that looks otherwise: then it has to be asked again, behind that.
        """
        look = failing.fingerprint
        seen = [bug for bug in self._explaining(failing) if any(map(look.looks_like, bug.consequences))]
        if seen:  # the same, after the same operation, in another state of the service
            self._follows_from(seen, look)
            return True
        if (news := self._news(failing)) is None:
            return self._given(failing)
        if look.has(Trait.COMPARED):
            self._shrinker.memo.clear()  # it may come now where it did not come before
        self.announce(f"shrinking: {look.signature}")
        bug = self._shrinker.shrink(news, seconds=self._allowed(news))
        if bug.once:
            self._came_once(bug, look)
            return True
        if bug.failing == news or self._stays_news(look, bug):
            self._found(bug)
        return look == bug.failing.fingerprint or self._given(failing)

    def _came_once(self, bug: Bug, *looks: Fingerprint) -> None:
        """It is not known from now on: should it come again, it is looked into again."""
        marks = frozenset({*looks, bug.failing.fingerprint})
        self.passing = [one for one in self.passing if not one.looks & marks]
        self.passing.append(evolve(bug, looks=marks))
        for mark in marks:
            self.session.known.bugs.pop(mark, None)
        self._shrinker.memo.clear()  # it held that for sure

    def _given(self, failing: Failing) -> bool:
        """Whether a failure is accounted for; after some tries it is given to the bugs that may explain it."""
        look, known = failing.fingerprint, self.session.known
        if look in known.consequences or look in known.bugs:
            return True
        self._tries[look] += 1
        if self._tries[look] >= _MOST_TRIES:
            self._follows_from(self._explaining(failing) or self.bugs[-1:], look)
        return self._tries[look] >= _MOST_TRIES

    def _stays_news(self, first: Fingerprint, bug: Bug) -> bool:
        """Whether what a failure came to is news as well. What was found is kept, whatever ends this."""
        try:
            return self._news(bug.failing) is not None
        except BudgetSpent:
            self._is_case_of([self._found(bug)], first)
            self._settled.add(first)
            raise

    def _news(self, failing: Failing) -> Failing | None:
        """The failure as it comes behind the known bugs, None where these account for it, or for what comes: that is noted.

        It is news if it comes again with every step looked at, so that what known bugs leave is put right at once, and none
        of those whose own steps stand in it may be at work unseen. Else, being a matter of pace, it is run as it is, unless
        one of these may just have happened, hurried past; where it did, when all was looked at, it is that one.
        """
        if not self.bugs:
            return failing
        explaining = self._explaining(failing)
        ending = [bug for bug in explaining if contains(failing, bug.failing, at_the_end=True)]
        run = evolve(failing, sequence=evolve(failing.sequence, steps=calmly_done(failing.steps)))
        found = self._shrinker.again(run)
        if not found.failed and run.steps != failing.steps and (twins := self._twins(failing, explaining, found)):
            self._is_case_of(twins, failing.fingerprint, paced=True)
            return None
        if not found.failed and not ending:
            run, found = failing, self._shrinker.again(failing)
        if not (explaining or found.failed or found.met or found.involved):
            return failing  # it may be flaky: that is for the shrinker to say
        came, own = found.failing, [bug for bug in explaining if alike(bug.signature, failing.signature)]
        if came is not None and own and not alike(came.signature, failing.signature):
            explaining = own  # another failure came first, so these are all that may explain this one
        elif (
            came is not None
            and not _is_inside(failing, ending)
            and not _at_work(explaining, ending, found, self._that(found.involved))
        ):
            return came if came.fingerprint == failing.fingerprint else self._news(came)
        self._follows_from(explaining or self._that((*found.involved, *found.met)), failing.fingerprint)
        return None

    def _twins(self, failing: Failing, explaining: list[Bug], found: Result) -> list[Bug]:
        """The bugs that a failure of pace is, by what its calm twin met: at its end, or of the same invariant."""
        invariant = failing.signature.invariant
        same = [bug for bug in explaining if bug.signature.invariant == invariant and bug.looks & {*found.met}]
        return same + [bug for bug in self._that(found.involved) if bug not in same]

    def _explaining(self, failing: Failing) -> list[Bug]:
        """The bugs whose steps stand in those of a failure."""
        return explaining(self.bugs, failing)

    def _that(self, met: Iterable[Fingerprint]) -> list[Bug]:
        """The bugs that were met, by what was met of them."""
        return [bug for bug in self.bugs if any(one in bug.looks or one in bug.consequences for one in met)]

    def _known_as(self, failing: Failing) -> list[Bug]:
        """The known bug that a failure is, looked at alone."""
        match = self.session.known.match(
            failing.fingerprint, lambda: Done.of(failing.names, failing.steps, failing.sequence.naming)
        )
        return self._that([match]) if match is not None else []

    def _found(self, bug: Bug) -> Bug:
        """A bug, unless it is one that is there, which is told then. It is known from now on."""
        known = self.session.known
        same = self._same(bug)
        if same is None:
            same = evolve(bug, behind=self._behind(bug), looks=frozenset({bug.failing.fingerprint}))
            self.bugs.append(same)
            known.companions += bug.companions
            known.add(bug.failing.fingerprint, bug.cause)
            self._shrinker.memo.clear()  # what passed or failed did so with what was known by then
            self.told(same)
        else:
            self._is_case_of([same], bug.failing.fingerprint)
        return same

    def _same(self, bug: Bug) -> Bug | None:
        """The bug that this one is: it is known as that, or both need the same odd names."""
        return next(iter(self._known_as(bug.failing) or likewise(bug, self.bugs)), None)

    def _behind(self, bug: Bug) -> Behind:
        """What was known when it was found; of consequences those that it meets."""
        known = self.session.known
        result = self._shrinker.memo.recall(bug.failing.names, bug.failing.sequence)
        met = (*result.met, *result.involved) if result is not None else ()
        return evolve(known.behind, consequences=tuple(mark for mark in met if mark in known.consequences))

    def _is_case_of(self, bugs: Iterable[Bug], look: Fingerprint, *, paced: bool = False) -> None:
        """What looks so is one of these bugs, where their steps were done."""
        marks = frozenset({look})
        for bug in self._noted(bugs, look):
            signatures = bug.symptoms | {look.signature} - {bug.signature}
            more = evolve(bug, looks=bug.looks | marks, symptoms=signatures)
            self._put(bug, evolve(more, paced=bug.paced | marks) if paced else more)

    def _follows_from(self, bugs: Iterable[Bug], look: Fingerprint) -> None:
        """What looks so is a consequence of one of these, where its steps were done."""
        for bug in self._noted(bugs, look):
            self._put(bug, evolve(bug, consequences=bug.consequences | {look}))

    def _noted(self, bugs: Iterable[Bug], look: Fingerprint) -> list[Bug]:
        """The bugs as they are by now; that what looks so comes of them is known to the session."""
        found = [bug for bug in self.bugs if any(bug.failing == one.failing for one in bugs)]
        known = self.session.known
        if look not in known.bugs:
            causes = (*known.consequences.get(look, ()), *(bug.cause for bug in found))
            known.consequences[look] = tuple(dict.fromkeys(causes))
            self._shrinker.memo.clear()  # as above
        return found

    def _put(self, bug: Bug, more: Bug) -> None:
        self.bugs[self.bugs.index(bug)] = more


def explaining(bugs: Iterable[Bug], failing: Failing) -> list[Bug]:
    """Those of the bugs whose steps stand in those of a failure, so that it may be a consequence of them."""
    operations = [step.operation for step in failing.steps]
    return [
        bug
        for bug in bugs
        if contains(failing, bug.failing) and bug.failing.fingerprint.may_cause(failing.fingerprint, operations)
    ]


def likewise(bug: Bug, others: Iterable[Bug]) -> list[Bug]:
    """Those of the others that are this bug though they look otherwise.

    Both need the same odd names, or an engine that fails; or they are what the same operation left that was ended midway.
    """
    mine, others = bug.failing.sequence.naming, tuple(others)
    oddly = [
        other
        for other in others
        if mine is other.failing.sequence.naming is not Naming.PLAIN and bug.minimal and other.minimal
    ]
    return oddly or [other for other in others if _differ_in_engine_faults(bug, other) or _are_of_one_end(bug, other)]


def _are_of_one_end(bug: Bug, other: Bug) -> bool:
    """Whether both are answers that come once the same operation was ended midway, at whichever call: it left one thing."""
    mine, its = _ended(bug), _ended(other)
    return mine is not None and mine == its


def _ended(bug: Bug) -> tuple[tuple[str, int | None], ...] | None:
    """The operations up to the one that was ended midway, with their services in their order; None where it shows otherwise."""
    look, operations = bug.failing.fingerprint, bug.cause.operations
    armed = [place for place, one in enumerate(operations) if one.family is Family.INTERRUPT]
    if not armed or not look.has(Trait.SPOKEN) or look.signature.condition.word != UNSETTLED.word:
        return None
    order = {name: place for place, name in enumerate(dict.fromkeys(one.service for one in operations))}
    return tuple([(one.kind, order[one.service]) for one in operations[: armed[-1] + 2]])


def _differ_in_engine_faults(bug: Bug, other: Bug) -> bool:
    """Whether both fail alike by the same steps, under this fault of the engine and that: what the fault was is no other bug."""
    if bug.signature != other.signature or len(bug.steps) != len(other.steps):
        return False
    pairs = [(one.operation, two.operation) for one, two in zip(bug.steps, other.steps, strict=True)]
    return all(one == two or (isinstance(one, Disturb) and isinstance(two, Disturb)) for one, two in pairs)


def _is_inside(failing: Failing, ending: list[Bug]) -> bool:
    """Whether one of these bugs comes within the last operation, by another that this is made of."""
    return any(bug.steps[-1].operation.kind in failing.steps[-1].operation.parts for bug in ending)


def _at_work(explaining: list[Bug], ending: list[Bug], found: Result, involved: list[Bug]) -> bool:
    """Whether a bug whose steps stand in a failure may be at work in it unseen."""
    unmet = [bug for bug in explaining if not bug.looks & {*found.met}]
    return any(bug.failing.fingerprint.has(Trait.BY_ITSELF) or bug in involved for bug in unmet) or any(
        bug.failing.fingerprint.has(Trait.MISLEADING) for bug in (*ending, *unmet)
    )
