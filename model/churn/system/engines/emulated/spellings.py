"""How things are spelled that the emulated engine reads: how servers are to behave, signals, names of images."""

import re
from signal import Signals

KILL, TERM = ("KILL", "SIGKILL", "9"), ("TERM", "SIGTERM", "15")
"""How the signals may be named."""


def crashing(word: str) -> bool:
    """Whether a server that reads this word ends."""
    return word == "crash" or word.startswith("exit=")


def exit_code(word: str, other: int) -> int:
    """The exit code that a word such as ``exit=3`` tells; `other` where it tells none."""
    return int(number_after("exit=", word)) if word.startswith("exit=") else other


def number_after(beginning: str, word: str) -> float:
    """The number in a word such as ``slow=5``; 0 where there is none: people write these."""
    told = word.removeprefix(beginning)
    return float(told) if word.startswith(beginning) and re.fullmatch(r"\d+(\.\d+)?", told) else 0.0


def number_of(signal: str) -> str:
    """A signal's number, as events tell it."""
    if signal.isdecimal():
        return signal
    name = f"SIG{signal.removeprefix('SIG')}"
    return str(int(Signals[name])) if name in Signals.__members__ else signal


def tags_like(reference: str) -> tuple[str, str]:
    """How the engine may know an image that is called so: as it stands, and in short with its tag."""
    short = reference.removeprefix("docker.io/").removeprefix("library/")
    return reference, short if ":" in short.rpartition("/")[2] or "@" in short else f"{short}:latest"
