"""Lines of shell run on both engines, and what of their output has to be the same.

A line is given to `sh` as it stands, with the docker command on its PATH and the session's words as variables, so that what
is told of a difference can be typed again.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from attrs import define, field, frozen

LINE_LIMIT = 30.0
"""Seconds that a line may take."""


@frozen
class Said:
    """What a line ended with, and what it wrote, as far as it has to be the same."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit code {self.code}, stdout {self.out!r}, stderr {self.err!r}"


@frozen
class Ran:
    """A line with what it did on each of the two engines."""

    line: str
    real: Said
    emulated: Said

    @property
    def alike(self) -> bool:
        """Whether it did the same."""
        return self.real == self.emulated

    def __str__(self) -> str:
        return f"$ {self.line}\n  real:     {self.real}\n  emulated: {self.emulated}"


NEUTRAL: Sequence[tuple[str, str]] = (
    # Moments: no two runs have the same.
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?Z| ?[+-]\d\d:?\d\d( [A-Z]+)?)?", "<moment>"),
    # Durations that the docker command words: how long ago depends on the machine's load.
    (r"\b(Less than a second|About an? (minute|hour)|\d+ (second|minute|hour|day|week|month|year)s?)\b", "<span>"),
    # Sizes: the emulated image is not made from this machine's busybox, and no process uses memory.
    (r"\b\d+(\.\d+)?(e[+-]\d+)? ?([kMGT]i?)?B\b", "<size>"),
    (r'"reclaimed":"\d+"', '"reclaimed":"<size>"'),
    # For the same reason the label with the image's recipe is on the real one only.
    (r"churn\.stand-in\.recipe=[0-9a-f]{64}, ?", ""),
    (r',"churn\.stand-in\.recipe":"[0-9a-f]{64}"', ""),
    # Processes: the emulated ones do not exist, so their ids are made up, as is what they use of the processor.
    (r'"Pid":[1-9]\d*', '"Pid":<pid>'),
    (r"^root +\d+ +\d+ +\d+ +\d\d:\d\d", "root <pid> <pid> <use> <clock>"),
    # Addresses on networks: there is no network behind the emulated ones, and a real engine takes smaller ones later.
    (r"\b(172\.\d+|192\.168)\.\d+\.\d+(/\d+)?", "<address>"),
    (r'("IPPrefixLen": ?)[1-9]\d*', r"\1<length>"),
    (r"\b02:42(:[0-9a-f]{2}){4}\b", "<hardware address>"),
    # Where an engine keeps its files: a private engine has a place of its own.
    (r"/[^ \"']*/(?=(containers|volumes|netns)/)", "<root>/"),
    # A distribution's mark on the engine's version.
    (r"(?<=20\.10\.24)\+\w+", ""),
)
"""What differs from one engine to the other, or from one run to the next, and may: a pattern, and what stands for it."""

PLACED: Sequence[tuple[str, str]] = (
    # Ports left to the engine: which it takes is its own affair, and here both are on one machine.
    (r"(?<=0\.0\.0\.0:)\d{5}\b|(?<=\[::\]:)\d{5}\b|(?<=:::)\d{5}\b", "<chosen>"),
    # The width of a column is that of its widest entry, sizes and durations among them.
    (r" {2,}", "  "),
)
"""The same, for what is left once ids are numbered."""

_ID = re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{12})\b")


@define
class Side:
    """One engine as a shell sees it: `variables` are a line's environment, `own` the values among them that differ."""

    variables: Mapping[str, str]
    own: Mapping[str, str]
    """Values that only this side has, and the words that stand for them."""
    _ids: list[str] = field(factory=list)

    def run(self, line: str) -> Said:
        """What the line does here. Raises `TimeoutExpired`."""
        ended = subprocess.run(
            ["sh", "-c", line],
            capture_output=True,
            text=True,
            check=False,
            timeout=LINE_LIMIT,
            env=dict(self.variables),
            stdin=subprocess.DEVNULL,
        )
        return Said(ended.returncode, self.neutral(ended.stdout), self.neutral(ended.stderr))

    def neutral(self, text: str) -> str:
        """The text without what may differ."""
        for value, word in self.own.items():  # whole words: a port's digits may be part of an id
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", f"${word}", text)
        for pattern, word in NEUTRAL:
            text = re.sub(pattern, word, text, flags=re.MULTILINE)
        text = _ID.sub(lambda found: f"<id {self._number(found[1])}>", text)
        for pattern, word in PLACED:
            text = re.sub(pattern, word, text)
        return text

    def _number(self, identity: str) -> int:
        """Ids are numbered as they are met, so that what is one thing stays one; the short form of an id is the same."""
        for place, seen in enumerate(self._ids):
            if seen.startswith(identity) or identity.startswith(seen):
                return place + 1
        self._ids.append(identity)
        return len(self._ids)


def run_on_both(lines: Sequence[str], real: Side, emulated: Side) -> list[Ran]:
    """Every line on both engines, one after the other, on the two at once."""
    with ThreadPoolExecutor(2) as pool:
        return [Ran(line, *pool.map(lambda side, line=line: side.run(line), (real, emulated))) for line in lines]
