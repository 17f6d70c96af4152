"""Fuzzers: programs, files, clients and command lines that say anything.

    python tests/robustness/fuzz.py --each 10000 --lines 1000 --seed 0 --keep

What managers print, descriptions of managers, reproducers, requests to a served engine and command lines are mutated. None of it
may come to a traceback or last longer than `LIMIT` seconds, and the served engine answers after each request. Each fault is told
by its kind, with the first input that shows it. Ends with exit code 1 if there is one.
"""

import argparse
import json
import logging
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field
from fuzzing import Descriptions, Outputs, Reproducers
from fuzzing_engine import Requests
from fuzzing_lines import Lines
from mutating import Mutations
from watching import RESULTS, keep

from churn.errors import ChurnError
from churn.system.clock import RealClock, today
from churn.visible import both_ends

LIMIT = 20.0
"""Seconds that one input may take, on a busy machine."""
SUBJECTS: dict[str, Callable[[Path], Any]] = {
    "outputs": Outputs,
    "descriptions": Descriptions,
    "reproducers": Reproducers,
    "requests": Requests,
    "lines": Lines,
}
_MOST_SHOWN = 600
"""Characters of an input that are told."""


class Fault(Exception):
    """What a subject itself has noticed: its text is the fault's kind."""


class Hung(BaseException):
    """An input takes too long. No `except Exception` holds it up."""


@define
class Fed:
    """What the inputs of one subject came to."""

    subject: str
    tried: int = 0
    taken: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    faults: dict[str, list[str]] = field(factory=dict)
    """By kind, the inputs."""

    @property
    def figures(self) -> dict[str, Any]:
        """The same as figures; of each kind of fault, one input."""
        return {
            "subject": self.subject, "tried": self.tried, "taken": self.taken, "seconds": round(self.seconds, 1),
            "slowest": round(self.slowest, 2),
            "faults": {kind: {"times": len(inputs), "input": inputs[0]} for kind, inputs in self.faults.items()},
        }  # fmt: skip


def feed(name: str, times: int, seed: int, folder: Path) -> Fed:
    """Feed a subject with so many inputs. The same seed draws the same inputs."""
    done, clock = Fed(name), RealClock()
    began = clock.now()
    subject = SUBJECTS[name](folder)
    try:
        for number in range(times):
            drawn, start = subject.draw(Mutations((seed, name, number))), clock.now()
            kind = _fault(lambda drawn=drawn: _taken(subject, drawn, done))  # type: ignore[misc]
            done.tried += 1
            done.slowest = max(done.slowest, clock.now() - start)
            if kind:
                done.faults.setdefault(kind, []).append(both_ends(repr(drawn), _MOST_SHOWN))
    finally:
        subject.close()
    done.seconds = clock.now() - began
    return done


def _taken(subject: Any, drawn: Any, done: Fed) -> None:
    done.taken += subject.feed(drawn)


def _fault(call: Callable[[], None]) -> str:
    """The kind of fault that a call comes to; empty for none."""
    try:
        with _within(LIMIT), _logged() as logged:
            call()
    except ChurnError:
        return logged[0] if logged else ""
    except Hung:
        return f"hung: {_place(sys.exc_info()[1])}"
    except Exception as error:  # noqa: BLE001 -- that is what is looked for
        return str(error) if type(error).__name__ == Fault.__name__ else f"{type(error).__name__}: {_place(error)}"
    return logged[0] if logged else ""


def _place(error: BaseException | None) -> str:
    """The innermost line of Churn's that it came from."""
    frames = traceback.extract_tb(error.__traceback__ if error is not None else None)
    others = [frame for frame in frames if frame.filename != __file__]
    own = [frame for frame in others if "/churn/" in frame.filename] or others
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "nowhere"


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def end(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _logged() -> Iterator[list[str]]:
    """What loops of other threads log as errors."""
    found: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: found.append(f"logged: {record.getMessage()}")  # type: ignore[method-assign]
    logger = logging.getLogger("asyncio")
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=10_000, help="Inputs of each kind but command lines.")
    parser.add_argument("--lines", type=int, default=1_000, help="Command lines.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="Only these.")
    parser.add_argument("--keep", action="store_true", help="Keep the results.")
    options = parser.parse_args()
    rows = []
    for name in options.only or SUBJECTS:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            fed = feed(name, options.lines if name == "lines" else options.each, options.seed, Path(folder))
        rows.append({"when": today().isoformat(timespec="seconds"), "seed": options.seed, **fed.figures})
        print(rows[-1], flush=True)
    if options.keep:
        print(_kept(rows))
    return int(any(row["faults"] for row in rows))


def _kept(rows: list[dict[str, Any]]) -> Path:
    """Write the rows beside those that are kept of other subjects."""
    path = RESULTS / "fuzz.json"
    before = json.loads(path.read_text(encoding="utf-8"))["each"] if path.exists() else []
    found = {row["subject"]: row for row in (*before, *rows)}
    return keep("fuzz", {"faults": sum(len(row["faults"]) for row in found.values())}, list(found.values()))


if __name__ == "__main__":
    sys.exit(main())
