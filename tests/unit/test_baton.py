"""Clients that take turns in one thread: who goes on when, and that it is the same each time."""

from collections.abc import Callable

import pytest

from churn.errors import EnvironmentFault
from churn.lifecycle.operations import Turn
from churn.system.baton import Baton
from churn.system.clock import VirtualClock


class Notes:
    """A thing that clients call: what they wrote, in its order."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, word: str) -> None:
        self.written.append(word)

    def read(self) -> int:
        return len(self.written)


class Bench:
    """Two clients that write into one list."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.baton = Baton(self.clock)
        self.notes = Notes()
        self.pointed = self.baton.pointed(self.notes)

    def writer(self, name: str, words: int, pause: float = 0.0) -> Callable[[], None]:
        def write() -> None:
            for number in range(words):
                self.pointed.write(f"{name}{number}")
                if pause:
                    self.clock.sleep(pause)

        return write

    def run(self, *turns: Turn, pause: float = 0.0) -> str:
        points = self.baton.run([self.writer("a", 3, pause), self.writer("b", 3, pause)], turns)
        assert points.made == (3, 3)
        return " ".join(self.notes.written)


def test_without_turns_one_goes_on_until_it_has_ended() -> None:
    assert Bench().run() == "a0 a1 a2 b0 b1 b2"


def test_a_client_that_sleeps_lets_the_other_one_go_on() -> None:
    bench = Bench()
    assert bench.run(pause=1.0) == "a0 b0 a1 b1 a2 b2"
    assert bench.clock.now() == 3.0


def test_a_turn_hands_over_just_before_that_call() -> None:
    assert Bench().run(Turn(0, 1, 1)) == "a0 b0 b1 b2 a1 a2"
    assert Bench().run(Turn(0, 0, 1), Turn(1, 2, 0)) == "b0 b1 a0 a1 a2 b2"


def test_whose_turn_it_is_goes_on_over_its_sleeps() -> None:
    assert Bench().run(Turn(0, 1, 1), pause=1.0) == "a0 b0 b1 b2 a1 a2"


def test_who_waits_for_another_client_does_not_wait_for_ever() -> None:
    bench = Bench()

    def wait() -> None:
        while bench.pointed.read() < 3:
            bench.clock.sleep(0.1)
        bench.pointed.write("seen")

    bench.baton.run([bench.writer("a", 3), wait], [Turn(0, 1, 1)])
    assert bench.notes.written == ["a0", "a1", "a2", "seen"]
    assert 0 < bench.clock.now() < 60


def test_who_asks_again_and_again_without_a_sleep_gives_way() -> None:
    bench = Bench()

    def spin() -> None:
        while bench.pointed.read() < 3:
            pass

    bench.baton.run([spin, bench.writer("a", 3)], [])
    assert bench.notes.written == ["a0", "a1", "a2"]


def test_clients_that_wait_for_one_another_are_told_of() -> None:
    bench = Bench()

    def spin() -> None:
        while True:
            bench.pointed.read()

    with pytest.raises(EnvironmentFault, match="wait for one another"):
        bench.baton.run([spin, spin], [])


def test_what_a_client_raises_ends_all_and_the_clock_is_as_before() -> None:
    bench = Bench()

    def fail() -> None:
        bench.clock.sleep(1.0)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        bench.baton.run([bench.writer("a", 9, 1.0), fail], [])
    assert len(bench.notes.written) < 9
    bench.clock.sleep(1.0)
    assert bench.clock.sleeper is None
