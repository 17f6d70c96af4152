"""Prospects: what can be done at a place, what it promises, and what the best of it is. Kept, for plans ask again and again."""

from typing import NamedTuple

from attrs import define, field

from churn.lifecycle.costs import Costs, Sort
from churn.lifecycle.operations import Restart, Step, Update
from churn.lifecycle.planning.novelty import Marks, Novelty
from churn.lifecycle.planning.places import Ahead, Place, Places, Setting
from churn.lifecycle.planning.worth import UPSETTING, Leaning, promise, sequel
from churn.lifecycle.sequence import Naming

LATER = 0.5
"""Seconds added to each step: whatever is found has to be made small, and each step more makes that dearer."""


class Promised(NamedTuple):
    """What a step promises whatever came before: its prior, and its marks."""

    prior: float
    marks: Marks
    numbers: frozenset[int]
    """Those of its marks."""


class Offer(NamedTuple):
    """A step that can be done somewhere: where it leads, what it costs like, and what it promises."""

    step: Step
    there: Place
    sort: Sort
    promised: Promised


class Outlook(NamedTuple):
    """A step by itself: what it promises, the seconds that it takes, and what that makes for each of them."""

    value: float
    seconds: float
    rate: float


class Option(NamedTuple):
    """An offer as things are now."""

    offer: Offer
    value: float
    """What it promises where none of its marks was met on the way to it."""
    seconds: float
    then: Outlook
    """The best that can be done after it."""


_NOTHING = Outlook(0.0, 1.0, 0.0)


@define(eq=False, kw_only=True)
class Prospects:
    """What steps promise where services have this naming."""

    naming: Naming
    places: Places
    costs: Costs
    novelty: Novelty
    leaning: Leaning
    _offers: dict[Place, tuple[tuple[Ahead, ...], tuple[Offer, ...]]] = field(init=False, factory=dict)
    _promises: dict[tuple[Setting, Step], Promised] = field(init=False, factory=dict)
    _sequels: dict[Place, dict[Step | None, tuple[Marks, ...]]] = field(init=False, factory=dict)
    _singles: dict[Setting, tuple[tuple[Sort, Marks], ...]] = field(init=False, factory=dict)
    _options: dict[Place, tuple[Option, ...]] = field(init=False, factory=dict)
    _best_there: dict[Place, Outlook] = field(init=False, factory=dict)
    _best_in: dict[Setting, Outlook] = field(init=False, factory=dict)

    def renew(self) -> None:
        """What is new, or what it costs, may be another than before."""
        self._options.clear()
        self._best_there.clear()
        self._best_in.clear()

    def offers(self, here: Place) -> tuple[Offer, ...]:
        """What can be done there."""
        ahead = self.places.ahead(here)
        known = self._offers.get(here)
        if known is not None and known[0] is ahead:  # the system may have shown that something leads elsewhere
            return known[1]
        found = [
            Offer(step, one.there, one.sort, self.promised(one.setting, step)) for one in ahead for step in one.steps
        ]
        self._sequels[here] = {}
        self._offers[here] = ahead, tuple(found)
        return self._offers[here][1]

    def options(self, here: Place) -> tuple[Option, ...]:
        """The `offers` there, as things are now."""
        found = self._options.get(here)
        if found is None:
            found = self._options[here] = tuple([self._option(offer) for offer in self.offers(here)])
        return found

    def _option(self, offer: Offer) -> Option:
        value, seconds = self.novelty.left_of(offer.promised.marks, {}), self.costs.of(offer.sort) + LATER
        operation = offer.step.operation
        prepares = operation.family in UPSETTING or isinstance(operation, Update)
        return Option(offer, value, seconds, self._sequel_to(offer) if prepares else self.outlook(offer.there))

    def _sequel_to(self, first: Offer) -> Outlook:
        """The best that can be done right after it, for what shows nothing by itself: for that alone it is worth doing."""
        best, left = self.outlook(first.there), self.novelty.left_of
        offers = self.offers(first.there)
        for offer, marks in zip(offers, self.sequels(first.there, first.step), strict=True):
            if marks:
                value = left(offer.promised.marks, {}) + offer.promised.prior * left(marks, {})
                seconds = self.costs.of(offer.sort) + LATER
                if value > best.rate * seconds:
                    best = Outlook(value, seconds, value / seconds)
        return best

    def promised(self, setting: Setting, step: Step) -> Promised:
        """What a step promises in a setting."""
        found = self._promises.get((setting, step))
        if found is None:
            made = promise(setting, step, self.naming, self.leaning)
            marks = self.novelty.numbered(made.marks)
            found = Promised(made.prior, marks, frozenset([number for number, _ in marks]))
            self._promises[setting, step] = found
        return found

    def sequels(self, here: Place, before: Step | None) -> tuple[Marks, ...]:
        """For each of the `offers` there: what it promises besides, since it follows that step."""
        offers, known = self.offers(here), self._sequels[here]
        if before not in known:
            upset = before is not None and before.operation.family in UPSETTING
            followers = [offer.step if not upset or _does_much(here, offer) else None for offer in offers]
            known[before] = tuple([() if step is None else self.sequel(before, step) for step in followers])
        return known[before]

    def sequel(self, before: Step | None, step: Step) -> Marks:
        """What it promises that the one step follows the other; times the prior of the second."""
        return self.novelty.numbered(sequel(before, step, self.leaning))

    def outlook(self, here: Place) -> Outlook:
        """The best that can be done there at once."""
        found = self._best_there.get(here)
        if found is None:
            found = _NOTHING
            for service, setting in self.places.settings(here).items():
                best = self._best_in.get(setting)
                if best is None:
                    best = self._best_in[setting] = self._best_of(here, service, setting)
                found = best if best.rate > found.rate else found
            self._best_there[here] = found
        return found

    def _best_of(self, here: Place, service: str | None, setting: Setting) -> Outlook:
        singles = self._singles.get(setting)
        if singles is None:
            choices = [one for one in self.places.choices(here) if one.service == service]
            singles = self._singles[setting] = tuple(
                [(self.places.sort(here, one), self.promised(setting, Step(one)).marks) for one in choices]
            )
        best = _NOTHING
        for sort, marks in singles:
            value, seconds = self.novelty.left_of(marks, {}), self.costs.of(sort) + LATER
            if value > best.rate * seconds:
                best = Outlook(value, seconds, value / seconds)
        return best


def _does_much(here: Place, offer: Offer) -> bool:
    """Whether there is something in the operation to upset: it leads elsewhere, or by a long way back to where it began."""
    return offer.there != here or (isinstance(offer.step.operation, Restart) and any(spot.runs for spot in here))
