"""One triage over all that failed in whatever job. It needs no system: what it cannot tell alone is settled in jobs.

Failures are settled in several jobs at a time, each behind the bugs that were known when it was made. So what comes back may be
what another job has found meanwhile, or a consequence of it: then it is asked again, behind that.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable

from attrs import define, evolve, field

from churn.farm.job import Behind, Latest, Learned, Part, Settled
from churn.session.done import Done
from churn.session.failing import Failing
from churn.session.fingerprint import Fingerprint
from churn.session.known import Known
from churn.session.run import Record
from churn.shrink.bug import Bug
from churn.shrink.cases import alike
from churn.shrink.triage import explaining, likewise

_MOST_TRIES = 3
"""Times that one look is settled: it may not get to an end, or come again though it had been explained."""


@define
class Union:
    """All failures, and the bugs that they came to, each once."""

    told: Callable[[Bug], None] = lambda _: None
    """Told each bug once."""
    bugs: list[Bug] = field(init=False, factory=list)
    passing: list[Bug] = field(init=False, factory=list)
    """Failures that came in none of their repeats."""
    known: Known = field(init=False, factory=Known)
    failures: dict[Fingerprint, Failing] = field(init=False, factory=dict)
    """The shortest failing sequence of each look."""
    _settled: set[Fingerprint] = field(init=False, factory=set)
    _tries: Counter[Fingerprint] = field(init=False, factory=Counter)

    def add(self, failing: Failing, behind: Collection[Fingerprint]) -> None:
        """A sequence failed in a job that had been told of the bugs `behind`, so these do not explain it."""
        look = failing.fingerprint
        known = self.failures.get(look)
        if look in self._settled and self._tries[look] < _MOST_TRIES and self.known.bugs.keys() <= set(behind):
            self._settled.discard(look)
            known = None
        if known is None or len(failing.steps) < len(known.steps):
            self.failures[look] = failing

    def next(self, busy: Collection[Failing]) -> Failing | None:
        """What is to be settled next, while those that are `busy` are being settled; None where there is nothing.

        What the bugs do not explain comes first, and the shortest of it. Two failures of one invariant are mostly one bug: of
        such only one at a time is settled.
        """
        while left := self._left(busy):
            failing = min(left, key=lambda one: (bool(explaining(self.bugs, one)), len(one.steps)))
            same = self._known_as(failing)
            if same is None:
                return failing
            self._is_case_of(same, failing.fingerprint)
        return None

    def _left(self, busy: Collection[Failing]) -> list[Failing]:
        return [
            one
            for look, one in self.failures.items()
            if look not in self._settled and not any(alike(one.signature, other.signature) for other in busy)
        ]

    @property
    def open(self) -> bool:
        """Whether something is left to be settled."""
        return any(look not in self._settled for look in self.failures)

    def begun(self, failing: Failing) -> tuple[Bug, ...]:
        """The failure is being settled; the bugs behind which."""
        self._tries[failing.fingerprint] += 1
        return tuple(self.bugs)

    def behind(self, costs: Learned, durations: Latest) -> Behind:
        """What is known by now, with what operations cost."""
        known = self.known
        return Behind(
            bugs=tuple(known.bugs.items()),
            companions=tuple(known.companions),
            consequences=tuple(known.consequences.items()),
            costs=costs,
            durations=durations,
        )

    # -- what came of settling ----------------------------------------------------------------------------------------

    def settled(self, part: Part, came: Settled, records: Iterable[Record | None]) -> None:
        """A failure was settled; `records` are the failing steps of what it came to, where they are known."""
        assert part.failing is not None, "it was settled"  # noqa: S101 -- its job had it
        given = [bug.failing for bug in part.bugs]
        meanwhile = [bug for bug in self.bugs if bug.failing not in given]
        self._settled |= {look for look in came.looks if look in self.failures or look == part.failing.fingerprint}
        for look, causes in came.consequences:
            self.known.consequences[look] = tuple(dict.fromkeys((*self.known.consequences.get(look, ()), *causes)))
        for bug, record in zip(came.bugs, records, strict=True):
            if bug.failing in given:
                self._more_of(bug)
            else:
                self._found(evolve(bug, record=record), meanwhile)
        self.passing += [one for one in came.passing if not any(one.looks & other.looks for other in self.passing)]
        self._give_up(part.failing.fingerprint)

    def failed(self, part: Part) -> None:
        """A job that was to settle a failure came to nothing."""
        assert part.failing is not None, "it was to be settled"  # noqa: S101 -- as above
        self._give_up(part.failing.fingerprint)

    def _give_up(self, look: Fingerprint) -> None:
        if self._tries[look] >= _MOST_TRIES:
            self._settled.add(look)

    def _more_of(self, bug: Bug) -> None:
        """What looks like a bug that was known before."""
        for place, mine in enumerate(self.bugs):
            if mine.failing == bug.failing:
                self.bugs[place] = evolve(
                    mine,
                    looks=mine.looks | bug.looks,
                    symptoms=mine.symptoms | bug.symptoms,
                    consequences=mine.consequences | bug.consequences,
                    paced=mine.paced | bug.paced,
                )

    def _found(self, bug: Bug, meanwhile: list[Bug]) -> None:
        """A bug, unless what was found meanwhile is the same, or explains it, or comes of it: then one is asked again."""
        look = bug.failing.fingerprint
        same = self._known_as(bug.failing) or next(iter(likewise(bug, meanwhile)), None)
        if same is not None:
            self._is_case_of(same, *bug.looks)
        elif explaining(meanwhile, bug.failing) and self._tries[look] < _MOST_TRIES:
            self._ask_again(bug)
        else:
            for other in meanwhile:
                if explaining([bug], other.failing) and self._tries[other.failing.fingerprint] < _MOST_TRIES:
                    self._forget(other)
                    self._ask_again(other)
            self.bugs.append(bug)
            self.told(bug)
            self.known.companions += [one for one in bug.companions if one not in self.known.companions]
            self.known.add(look, bug.cause)
            self.failures.setdefault(look, bug.failing)
            self._settled.add(look)

    def _ask_again(self, bug: Bug) -> None:
        look = bug.failing.fingerprint
        self.failures[look] = bug.failing
        self._settled.discard(look)

    def _forget(self, bug: Bug) -> None:
        self.bugs = [one for one in self.bugs if one.failing != bug.failing]
        self.known.bugs.pop(bug.failing.fingerprint, None)

    def _known_as(self, failing: Failing) -> Bug | None:
        """The known bug that a failure is, looked at alone."""
        done = Done.of(failing.names, failing.steps, failing.sequence.naming)
        match = self.known.match(failing.fingerprint, lambda: done)
        return next((bug for bug in self.bugs if match in bug.looks or match in bug.consequences), None)

    def _is_case_of(self, bug: Bug, *looks: Fingerprint) -> None:
        self._settled |= set(looks)
        self._more_of(
            evolve(bug, looks=bug.looks | set(looks), symptoms=bug.symptoms | {one.signature for one in looks})
        )
