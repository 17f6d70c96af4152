"""A reset is tried again while the engine comes back, waits for ports, and lets the manager clear up first."""

from collections.abc import Callable

import pytest
from builders import Double, Laboratory, laboratory

from churn.assembly import Target, assembled
from churn.campaign import Campaign, Plan
from churn.errors import EngineUnreachable, EnvironmentFault, ResetFailed, ServerError, TimeIsUp
from churn.lifecycle.observation import Holder
from churn.lifecycle.operations import Create, Start, Step, Stop
from churn.session.trace import Trace


def begun() -> Laboratory:
    """A session in which a service has been started."""
    lab = laboratory(Double)
    lab.session.begin("test", "a")
    for operation in (Create("a"), Start("a")):
        lab.session.step(Step(operation))
    return lab


def until(lab: Laboratory, seconds: float, error: Exception) -> Callable[..., object]:
    """Engine's removals that fail for so many seconds."""
    remove, end = lab.bench.engine.remove, lab.bench.clock.now() + seconds

    def failing(*words: str, **options: bool) -> object:
        if lab.bench.clock.now() < end:
            raise error
        return remove(*words, **options)

    return failing


@pytest.mark.parametrize("error", [EngineUnreachable("gone"), ServerError(500, "starting")])
def test_an_engine_that_comes_back_is_asked_again(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = begun()
    monkeypatch.setattr(lab.bench.engine, "remove", until(lab, 20.0, error))
    lab.session.begin("test", "a")
    assert lab.bench.states() == []


def test_one_that_does_not_come_back_in_time_fails_the_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = begun()
    began = lab.bench.clock.now()
    monkeypatch.setattr(lab.bench.engine, "remove", until(lab, 300.0, EngineUnreachable("gone")))
    with pytest.raises(ResetFailed, match="the engine failed during the reset: gone"):
        lab.session.begin("test", "a")
    assert lab.bench.clock.now() - began < 35


def test_a_disk_that_is_full_is_tried_again_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = begun()
    tries: list[None] = []

    def full() -> None:
        tries.append(None)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lab.system.manager, "reset", full)
    with pytest.raises(ResetFailed, match="No space left on device"):
        lab.session.begin("test", "a")
    assert len(tries) == 3


def test_what_is_given_up_for_lack_of_time_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = begun()
    monkeypatch.setattr(lab.bench.engine, "remove", until(lab, 300.0, TimeIsUp("up")))  # type: ignore[arg-type]  # an exception
    began = lab.bench.clock.now()
    with pytest.raises(TimeIsUp):
        lab.session.begin("test", "a")
    assert lab.bench.clock.now() == began


def test_a_port_that_is_let_go_late_is_waited_for() -> None:
    lab = begun()
    port = lab.session.state.services["a"].port
    assert port is not None
    lab.session.step(Step(Stop("a")))
    strangers, sleep = lab.bench.core.neighbours.strangers, lab.bench.clock.sleep
    strangers[port] = "pid 7 (docker-proxy)"
    end = lab.bench.clock.now() + 5.0

    def passing(seconds: float) -> None:
        sleep(seconds)
        if lab.bench.clock.now() > end:
            strangers.pop(port, None)

    lab.system.clock.sleep = passing  # type: ignore[method-assign]
    lab.session.begin("test", "a")
    assert lab.bench.clock.now() > end
    assert lab.bench.host.look({}, (port,))[port].holder is not Holder.STRANGER


def test_a_manager_clears_up_before_its_containers_are_removed_and_forgets_after() -> None:
    seen: dict[str, list[str]] = {}

    class Tidying(Double):
        def clear_up(self) -> None:
            seen["clear up"] = lab.bench.states()

        def reset(self) -> None:
            super().reset()
            seen["reset"] = lab.bench.states()

    lab = laboratory(Tidying)
    lab.session.begin("test", "a")
    for operation in (Create("a"), Start("a")):
        lab.session.step(Step(operation))
    lab.session.begin("test", "a")
    assert seen["clear up"] == ["running"]
    assert seen["reset"] != ["running"]


def test_one_reset_that_fails_does_not_end_a_campaign_and_the_cycles_are_done_again() -> None:
    with assembled(Target()) as whole:
        campaign = Campaign(assembled=whole, plan=Plan(tour=False, exploration=False), trace=Trace())
        do, failed = campaign.session.resets._reset, []

        def failing() -> None:
            if not failed:
                failed.append(True)
                raise ResetFailed("planted")
            do()

        campaign.session.resets._reset = failing
        campaign.run()
    assert campaign.faults == ["planted"]
    assert not campaign.bugs
    parts = [run.part for run in campaign.trace.runs]
    assert parts.count("five-cycle") == 2, "the calm one and the hurried one"
    assert sum(record.step.operation.kind == "stop" for _, record in campaign.trace.records()) == 10


def test_a_step_for_which_there_is_no_room_is_the_environments_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = begun()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lab.system.manager, "stop", full)
    with pytest.raises(EnvironmentFault, match=r"the environment failed: .*No space left on device"):
        lab.session.step(Step(Stop("a")))
