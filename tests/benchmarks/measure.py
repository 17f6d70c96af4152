"""What the benchmarks share: interleaved timings, medians and ratios, and one form of output.

A benchmark prints one table, then one line of JSON. It judges nothing: goals stand beside the figures, for people.
"""

import gc
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from attrs import frozen
from rich.console import Console
from rich.table import Table

_GIB = 2**30


@frozen
class Figure:
    """One number, what it is, and what is hoped of it. `key` is its name in the line of JSON."""

    key: str
    value: float
    meaning: str
    goal: str = ""


def interleaved(rounds: int, sides: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds of this process's own work that each side takes, once a round, every other round in reverse order.

    Work, not time that passes: what else the machine does then counts for little.
    """
    took: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 == 0 else reversed(list(sides)):
            gc.collect()
            began = time.process_time()
            sides[name]()
            took[name].append(time.process_time() - began)
    return took


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of one side's rounds divided by the other's, round by round."""
    return median(one / other for one, other in zip(over, under, strict=True))


def report(benchmark: str, figures: Sequence[Figure], *, skipped: str = "") -> None:
    """Print the table, and the line of JSON. `skipped` is why there are no figures, or not all of them."""
    if figures:
        table = Table("figure", "value", "goal", title=benchmark)
        for figure in figures:
            table.add_row(figure.meaning, f"{figure.value:.4g}", figure.goal)
        Console(highlight=False).print(table)
    line: dict[str, object] = {
        "benchmark": benchmark,
        "figures": {figure.key: round(figure.value, 4) for figure in figures},
        "machine": machine(),
    }
    if skipped:
        print(f"skipped: {skipped}")
        line["skipped"] = skipped
    print(json.dumps(line))


def keep(path: Path, benchmark: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Write a benchmark's rows to a JSON file, one a line."""
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    head = f'"benchmark": {json.dumps(benchmark)},\n "machine": {json.dumps(machine())}'
    path.write_text(f'{{{head},\n "rows": [\n  {lines}\n ]}}\n')


def machine() -> dict[str, float]:
    """The cores this process may use, and the memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory / _GIB, 1)}
