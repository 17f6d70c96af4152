"""Managers that differ from the reference where a contract lets them, each under its own contract: none is objected to.

And a manager whose operations are cut off now and then, before or after they were done: what Churn does not know it must
not hold against anybody.
"""

import random
from contextlib import suppress
from typing import Any

import pytest
from attrs import define, evolve
from builders import Double, Laboratory, laboratory

from churn.errors import EngineError, NameTaken, NotFound, PortTaken, RemovalInProgress
from churn.explore.machine import Explorer, explore
from churn.explore.profiles import Profile
from churn.explore.tour import Tour, walk
from churn.lifecycle.condition import Behaviour
from churn.lifecycle.contract import Means, Noticing, Ports, Remains, Reply, SecondStart, Willing
from churn.lifecycle.observation import Resource, ResourceKind
from churn.lifecycle.operations import Create, Length, Pace, SetBehaviour, Start, Step, Wait
from churn.lifecycle.outcome import Outcome, Unknown
from churn.lifecycle.paths import Atlas
from churn.system.managers.defects import counters
from churn.system.managers.defects.reviving import StoppedIsRevived
from churn.system.managers.reference import ReferenceManager, ServiceError
from churn.system.managers.reference.manager import SESSION
from churn.system.managers.reference.store import Record
from churn.system.protocols import Spec

FEW = Profile(sequences=15, steps=20)


class KeepsFailedContainers(ReferenceManager):
    """What a failed start left may be inspected until the next one."""

    def give_up(self, record: Record) -> None:
        try:
            for found in self.own(record):
                self.end(found.id)
        except EngineError:
            return
        self.store.mark(record.name, "failed", None)


class KeepsStoppedContainers(ReferenceManager):
    """A stop only ends the container; the next start removes it."""

    def stop(self, name: str) -> Record:
        record = self.known(name)
        for found in self.own(record):
            self.end(found.id)
        self.store.mark(name, "stopped", None)
        return self.known(name)


class IgnoresWhatIsDoneAlready(ReferenceManager):
    """A second create or start succeeds, and does nothing."""

    def create(self, name: str, folder: str = "") -> Record:
        return self.store.get(name) or super().create(name, folder)

    def start(self, name: str) -> Record:
        record = self.known(name)
        return record if self.runs(record) else super().start(name)


class RefusesIdleStops(ReferenceManager):
    """Only what runs can be stopped."""

    def stop(self, name: str) -> Record:
        if not self.runs(self.known(name)):
            raise ServiceError(f"service {name} does not run")
        return super().stop(name)


class RefusesToRemoveWhatRuns(ReferenceManager):
    """A service has to be stopped before it is removed."""

    def remove(self, name: str) -> None:
        if self.runs(self.known(name)):
            raise ServiceError(f"service {name} runs")
        super().remove(name)


class RefusesIdleRestarts(ReferenceManager):
    """Only what runs can be restarted."""

    def restart(self, name: str) -> Record:
        if not self.runs(self.known(name)):
            raise ServiceError(f"service {name} does not run")
        return super().restart(name)


class HasVolumes(ReferenceManager):
    """Each service has a volume from its first start until it is removed."""

    def launch(self, record: Record) -> str:
        self.engine.create_volume(self._volume(record.name), self.settings.labels)
        return super().launch(record)

    def remove(self, name: str) -> None:
        super().remove(name)
        with suppress(NotFound):
            self.engine.remove_resource(Resource(ResourceKind.VOLUME, self._volume(name)))

    def _volume(self, name: str) -> str:
        return f"{self.settings.session}-data-{name}"


class NeverNotices(ReferenceManager):
    """What its last operation left is all that it knows."""

    def list(self) -> list[tuple[str, str, int]]:
        return [(name, status, port) for name, port, _, status, _ in self.store.rows()]

    def status(self, name: str) -> tuple[str, str, int]:
        record = self.known(name)
        return record.name, record.status, record.port


class NeverNoticesAtAll(NeverNotices):
    """It refuses to start what has died, too."""

    def runs(self, record: Record) -> bool:
        return record.status == "running"


class PortsAnew(ReferenceManager):
    """Each start gets the lowest port that is free then: often one that another service gave back."""

    def port(self, name: str, otherwise: int) -> int:
        return int(counters.recall(self.store, f"port of {name}", otherwise))

    def start(self, name: str) -> Record:
        record = self.known(name)
        if not self.runs(record):
            counters.keep(self.store, f"port of {name}", self._lowest(name))
        return super().start(name)

    def _lowest(self, name: str) -> int:
        held = {
            self.port(other.name, other.port) for other in self.store.all() if other.name != name and self.runs(other)
        }
        return next(port for port in range(30000, 31000) if port not in held)

    def known(self, name: str) -> Record:
        record = super().known(name)
        return Record(record.name, self.port(name, record.port), record.folder, record.status, record.container)

    def list(self) -> list[tuple[str, str, int]]:
        return [(name, status, self.port(name, port)) for name, status, port in super().list()]


class StartsAgain(KeepsStoppedContainers):
    """A stop only ends the container, and the next start starts that again."""

    def start(self, name: str) -> Record:
        record = self.known(name)
        if self.runs(record) or not self.own(record):
            return super().start(name)
        return self.start_again(record)

    def start_again(self, record: Record) -> Record:
        (found,) = self.own(record)
        try:
            self.retried(lambda: self.engine.start(found.id), PortTaken)
            self.await_health(record, found.id)
        except (ServiceError, EngineError) as error:
            self.give_up(record)
            raise ServiceError(str(error)) from error
        self.store.mark(record.name, "running", found.id)
        return self.known(record.name)


class LeavesAllToTheEngine(StartsAgain):
    """Create makes the container, which a start starts and a stop ends. What the engine has forgotten, it has, too."""

    def create(self, name: str, folder: str = "") -> Record:
        known = self.store.get(name)
        if known is not None and self.own(known):
            raise ServiceError(f"service {name} exists already")
        record = known or super().create(name, folder)
        self.retried(lambda: self.engine.create(self.spec(record)), NameTaken, RemovalInProgress)
        self.store.mark(name, "created", None)
        return record

    def start(self, name: str) -> Record:
        record = self.known(name)
        if not self.own(record):
            raise ServiceError(f"there is no container of {name}")
        return super().start(name)

    def stop(self, name: str) -> Record:
        if not self.own(self.known(name)):
            raise ServiceError(f"there is no container of {name}")
        return super().stop(name)

    def withdraw(self, record: Record) -> None:
        for found in self.own(record):
            self.end(found.id)


class Replaces(ReferenceManager):
    """A start of what runs begins anew."""

    def start(self, name: str) -> Record:
        self.halt(self.known(name))
        return super().start(name)


class OnlyLaunches(ReferenceManager):
    """A start ends when the container runs: whether the server gets healthy is not its concern."""

    def await_health(self, record: Record, container: str) -> None:
        pass


class Unlabelled(ReferenceManager):
    """Its containers are known by their names, or by their ports alone."""


class ShowsNoFolder(ReferenceManager):
    """Its servers do not get to see how they are to behave."""

    def spec(self, record: Record) -> Spec:
        return evolve(super().spec(record), mounts=())


class Restarts(ReferenceManager):
    """The engine shall revive its servers when they crash: to the contract that is fine, if the server lives."""

    def spec(self, record: Record) -> Spec:
        return evolve(super().spec(record), restart_policy="on-failure")


class AlwaysRestarts(OnlyLaunches):
    """The engine shall revive its servers whatever they end of; a server that crashes at once is started again and again."""

    def spec(self, record: Record) -> Spec:
        return evolve(super().spec(record), restart_policy="always")


class IsRevived(StoppedIsRevived):
    """Its containers have a restart policy and are kept when they stop, but what a user has stopped stays so."""

    policy = "unless-stopped"


REVIVING = {"restart_policies": frozenset({"unless-stopped"}), "stopped_container": Remains.KEPT}
HONEST: list[tuple[type[ReferenceManager], dict[str, Any]]] = [
    (KeepsFailedContainers, {"failed_container": Remains.KEPT}),
    (KeepsStoppedContainers, {"stopped_container": Remains.KEPT}),
    (IgnoresWhatIsDoneAlready, {"second_create": Reply.IGNORED, "second_start": SecondStart.IGNORED}),
    (RefusesIdleStops, {"idle_stop": Reply.REFUSED, "idle_restart": Willing.REFUSED}),
    (RefusesIdleStops, {"idle_stop": Reply.EITHER, "idle_restart": Willing.EITHER}),
    (RefusesToRemoveWhatRuns, {"running_remove": Willing.REFUSED}),
    (RefusesToRemoveWhatRuns, {"running_remove": Willing.EITHER}),
    (RefusesIdleRestarts, {"idle_restart": Willing.REFUSED}),
    (HasVolumes, {}),
    (IsRevived, REVIVING),
    (NeverNotices, {"death_noticed": Noticing.NEVER}),
    (NeverNoticesAtAll, {"death_noticed": Noticing.NEVER}),
    (PortsAnew, {"ports": Ports.ANEW}),
    (StartsAgain, {"stopped_container": Remains.REUSED}),
    (
        LeavesAllToTheEngine,
        {"created_container": Remains.REUSED, "stopped_container": Remains.REUSED, "failed_container": Remains.KEPT},
    ),
    (Replaces, {"second_start": SecondStart.REPLACES}),
    (Restarts, {"restart_policies": frozenset({"on-failure"})}),
    (AlwaysRestarts, {"restart_policies": frozenset({"always"}), "running_means": Means.LAUNCHED}),
    (ReferenceManager, {"port_range": (20000, 60000)}),
    (OnlyLaunches, {"running_means": Means.LAUNCHED}),
    (Unlabelled, {"labels": {}, "name_pattern": "test-.*"}),
    (Unlabelled, {"labels": {}}),
    (ShowsNoFolder, {"obedient": False}),
]
honest = pytest.mark.parametrize(("kind", "choices"), HONEST, ids=[kind.__name__ for kind, _ in HONEST])


def system_of(kind: type[ReferenceManager], **choices: Any) -> Laboratory:
    """A laboratory with a manager of that kind, under a contract with these choices."""

    def make(manager: ReferenceManager, **contract: Any) -> Double:
        return Double(kind(manager.store, manager.engine, manager.host, manager.clock, manager.settings), **contract)

    return laboratory(make, **choices)


def named_by(kind: type[ReferenceManager], choices: dict[str, Any]) -> set[str]:
    """The invariants that object to such a manager in a tour of one service."""
    lab = system_of(kind, **choices)
    named: set[str] = set()
    walk(
        lab.session,
        Tour(Atlas(("a",), lab.session.contract)),
        "tour",
        on_violation=lambda violation: named.update(objection.invariant for objection in violation.objections),
    )
    return named


@honest
def test_exploring_objects_to_nothing(kind: type[ReferenceManager], choices: dict[str, Any]) -> None:
    lab = system_of(kind, **choices)
    violation = explore(Explorer(session=lab.session), FEW, 0)
    assert violation is None, lab.session.current.records


@honest
def test_a_tour_objects_to_nothing(kind: type[ReferenceManager], choices: dict[str, Any]) -> None:
    lab = system_of(kind, **choices)
    walk(lab.session, Tour(Atlas(("a",), lab.session.contract)), "tour")
    assert lab.budget.spent > 50


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (KeepsFailedContainers, "no-orphans"),
        (KeepsStoppedContainers, "no-orphans"),
        (IgnoresWhatIsDoneAlready, "accepted"),
        (RefusesIdleStops, "accepted"),
        (RefusesToRemoveWhatRuns, "accepted"),
        (RefusesIdleRestarts, "accepted"),
        (NeverNotices, "status"),
        (PortsAnew, "stable-port"),
        (OnlyLaunches, "accepted"),
        (ShowsNoFolder, "accepted"),
        (StartsAgain, "no-orphans"),
        (LeavesAllToTheEngine, "no-orphans"),
        (Replaces, "accepted"),
        (Restarts, "no-restart-policy"),
        (IsRevived, "no-restart-policy"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_under_the_strictest_contract_each_of_them_is_objected_to(kind: type[ReferenceManager], found: str) -> None:
    lab = system_of(kind)
    named: set[str] = set()
    walk(
        lab.session,
        Tour(Atlas(("a",), lab.session.contract)),
        "tour",
        on_violation=lambda violation: named.update(objection.invariant for objection in violation.objections),
    )
    assert found in named


class ReplacesNothing(ReferenceManager):
    """A start of what runs succeeds, in the same container."""

    def start(self, name: str) -> Record:
        record = self.known(name)
        return record if self.runs(record) else super().start(name)


@pytest.mark.parametrize(
    ("kind", "choices", "found"),
    [
        (ReferenceManager, {"stopped_container": Remains.REUSED}, "fresh-container"),
        (ReferenceManager, {"second_start": SecondStart.REPLACES}, "accepted"),
        (ReplacesNothing, {"second_start": SecondStart.REPLACES}, "fresh-container"),
        (StartsAgain, {"stopped_container": Remains.KEPT}, "fresh-container"),
        (ReferenceManager, {"port_range": (8000, 8100)}, "stable-port"),
        (AlwaysRestarts, {"restart_policies": frozenset({"on-failure"})}, "no-restart-policy"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else value if isinstance(value, str) else "",
)
def test_who_promises_what_it_does_not_do_is_objected_to(
    kind: type[ReferenceManager], choices: dict[str, Any], found: str
) -> None:
    assert found in named_by(kind, choices)


def test_a_server_that_was_told_to_crash_may_still_do_so_when_the_fault_has_just_ended() -> None:
    """It has read the word already: the container is seen running once more, and has ended a moment later."""
    lab = system_of(OnlyLaunches, running_means=Means.LAUNCHED)
    lab.session.begin("test", "a")
    for operation in (
        Create("a"),
        SetBehaviour("a", Behaviour.CRASH),
        Start("a"),
        SetBehaviour("a", Behaviour.HEALTHY),
        Wait(Length.LONG),
    ):
        lab.session.step(Step(operation))


@pytest.mark.parametrize("pace", [Pace.CALM, Pace.ENGINE_ONLY])
def test_a_first_start_whose_port_only_the_list_tells_is_not_objected_to_at_whatever_pace(pace: Pace) -> None:
    """Nobody has looked since the service was created: on a look at the engine only its container's port is not known yet."""
    lab = system_of(Unlabelled, labels={})
    lab.session.begin("test", "a")
    lab.session.step(Step(Create("a"), Pace.HURRIED))
    lab.session.step(Step(Start("a"), pace))


@define
class _Dice:
    """Whether an operation is cut off, whether it was done, and when its effects are over; the same every time."""

    random: random.Random

    def cut_off(self) -> bool:
        return self.random.random() < 0.2

    def done(self) -> bool:
        return self.random.random() < 0.5

    def lasting(self) -> float:
        return self.random.choice([0.0, 30.0])


class CutOff(Double):
    """Of some of its operations nobody learns how they ended."""

    dice: _Dice

    def create(self, service: str, folder: str) -> Outcome:
        return self._diced(lambda: Double.create(self, service, folder))

    def start(self, service: str) -> Outcome:
        return self._diced(lambda: Double.start(self, service))

    def stop(self, service: str) -> Outcome:
        return self._diced(lambda: Double.stop(self, service))

    def remove(self, service: str) -> Outcome:
        return self._diced(lambda: Double.remove(self, service))

    def restart(self, service: str) -> Outcome:
        return self._diced(lambda: Double.restart(self, service))

    def _diced(self, call: Any) -> Outcome:
        if not self.dice.cut_off():
            ended: Outcome = call()
            return ended
        began = self.manager.clock.now()
        if self.dice.done():
            call()
        now = self.manager.clock.now()
        return Unknown(began, now, reason="the connection broke", until=now + self.dice.lasting())


@pytest.mark.parametrize("seed", range(5))
def test_a_correct_manager_whose_operations_are_cut_off_at_random_is_not_objected_to(seed: int) -> None:
    lab = laboratory(CutOff)
    assert isinstance(lab.system.manager, CutOff)
    lab.system.manager.dice = _Dice(random.Random(seed))  # noqa: S311 -- a test's dice
    violation = explore(Explorer(session=lab.session), FEW, seed)
    assert violation is None, lab.session.current.records
    outcomes = {type(record.outcome) for _, record in lab.trace.records()}
    assert Unknown in outcomes


class Helped(ReferenceManager):
    """Each of its services has a second container, which goes with the first."""

    def launch(self, record: Record) -> str:
        labels = {SESSION: self.settings.session}
        helper = Spec(image=self.settings.image, name=f"{self.settings.session}-{record.name}-db", labels=labels)
        self.engine.start(self.engine.create(helper))
        return super().launch(record)

    def clean_up(self, record: Record) -> None:
        super().clean_up(record)
        self._end_helper(record)

    def halt(self, record: Record) -> None:
        super().halt(record)
        self._end_helper(record)

    def _end_helper(self, record: Record) -> None:
        with suppress(NotFound):
            self.engine.remove(f"{self.settings.session}-{record.name}-db", force=True)


class LeavesItsHelpers(Helped):
    """What a stop ends is the server alone."""

    def halt(self, record: Record) -> None:
        ReferenceManager.halt(self, record)


HELPED = {"helpers": (".*-db",)}


def test_containers_that_stand_beside_a_services_own_are_not_objected_to_where_the_contract_names_them() -> None:
    lab = system_of(Helped, **HELPED)
    walk(lab.session, Tour(Atlas(("a",), lab.session.contract)), "tour")
    assert lab.budget.spent > 50


@pytest.mark.parametrize(
    ("kind", "choices", "found"), [(Helped, {}, "no-orphans"), (LeavesItsHelpers, HELPED, "no-leaks")]
)
def test_helpers_that_are_not_named_or_are_left_are_objected_to(
    kind: type[ReferenceManager], choices: dict[str, Any], found: str
) -> None:
    assert found in named_by(kind, choices)
