"""How often a failure comes again: a rate with an interval, by Wilson's score."""

from math import ceil, log, sqrt

from attrs import frozen

_Z99 = 2.5758
"""The normal quantile of a two-sided interval of 99 %."""
_SURE = 0.04
"""The chance that a flaky failure which is still there is missed in the runs that a candidate gets."""
_MOST_TRIES = 12


@frozen
class Rate:
    """Failures in a number of runs."""

    failures: int
    runs: int

    @property
    def value(self) -> float:
        """The share of runs that failed; 0 where there was none."""
        return self.failures / self.runs if self.runs else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 99 % interval of the true rate."""
        if not self.runs:
            return (0.0, 1.0)
        spread = _Z99**2 / self.runs
        middle = (self.value + spread / 2) / (1 + spread)
        half = _Z99 * sqrt(self.value * (1 - self.value) / self.runs + spread / (4 * self.runs)) / (1 + spread)
        return (max(0.0, middle - half), min(1.0, middle + half))

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.failures} of {self.runs} runs ({low:.0%} to {high:.0%})"


def tries(rate: Rate) -> int:
    """Runs in which a failure of about this rate shows all but surely. A guess from few runs is drawn to the middle."""
    guess = (rate.failures + 1) / (rate.runs + 2)
    return min(_MOST_TRIES, ceil(log(_SURE) / log(1 - guess)))
