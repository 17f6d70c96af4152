"""What a service keeps in a volume outlives its containers."""

from builders import case, container, findings, holding, is_quiet, objected, picture, running, state

from churn.lifecycle.observation import Observation, Resource, ResourceKind
from churn.lifecycle.state import Baseline, Fresh, State, Undergone

BEFORE, AFTER = State({"a": running(container=Fresh(1))}), state(a=running())


def started(*lost: str) -> Observation:
    return picture(AFTER, containers=holding(container(lost=lost)))


def test_each_volume_from_which_is_gone_what_was_put_there_is_objected_to() -> None:
    assert objected("data-kept", case(AFTER, started("/data", "/cache"), before=BEFORE)) == ["a", "a"]
    assert objected("data-kept", case(AFTER, started(), before=BEFORE)) == []


def test_it_says_where() -> None:
    (objection,), _ = findings("data-kept", case(AFTER, started("/data"), before=BEFORE))
    assert objection.expected == "what was in the volume at /data of a is there after the start"
    assert objection.seen == "it is gone"


def test_it_is_told_at_the_start_and_not_at_every_look_after_it() -> None:
    assert is_quiet("data-kept", case(AFTER, started("/data")))


def test_a_volume_without_a_name_that_is_left_is_told_as_such() -> None:
    name = "0123456789abcdef" * 4
    idle = State(undergone=Undergone(frozenset("a")), baseline=Baseline(Undergone(frozenset("a")), frozenset()))
    seen = picture(idle, resources=frozenset({Resource(ResourceKind.VOLUME, name)}))
    (objection,), _ = findings("no-leaks", case(idle, seen))
    assert objection.seen == "a volume without a name: 0123456789ab"
    assert objection.advice is not None
    assert "--volumes" in objection.advice.fix
