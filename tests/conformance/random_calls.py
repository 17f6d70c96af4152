"""Random calls on both engines: `python tests/conformance/random_calls.py --calls 10000 --seed 0` on a machine with Docker.

It goes on past differences, tells each kind once, and keeps its result in `results.json` beside it.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from calls import Pair, pair
from explained import EXPLAINED
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test
from machine import STEPS, machine, sequences

from churn.system.clock import RealClock, today
from churn.system.engines.docker import DockerEngine
from churn.system.standin import image

RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """How many differences were not explained; 0 is the exit code of a good run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="keep the result")
    chosen = parser.parse_args()
    engine, clock = DockerEngine(os.environ), RealClock()
    made: list[Pair] = []
    image.build(engine)
    began = clock.now()
    with tempfile.TemporaryDirectory() as folder:

        def fresh() -> Pair:
            if made and made[-1].found:
                print(made[-1].found, flush=True)
            made.append(pair(engine, Path(folder), EXPLAINED, strict=False))
            return made[-1]

        rounds = 0
        while (left := chosen.calls - sum(one.calls for one in made)) > 0:
            rounds += 1
            run = seed(chosen.seed * 100 + rounds)(machine(fresh))
            run_state_machine_as_test(run, settings=sequences(left // STEPS + 1, shrink=False))
    calls = sum(one.calls for one in made)
    used = Counter(name for one in made for name in one.used)
    result = {
        "when": today().isoformat(timespec="seconds"),
        "engine": engine.version(),
        "seed": chosen.seed,
        "calls": calls,
        "sequences": len(made),
        "seconds": round(clock.now() - began),
        "explained": dict(sorted(used.items())),
        "unexplained": sum(bool(one.found) for one in made),
    }
    print(json.dumps(result, indent=2))
    if chosen.keep:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return min(result["unexplained"], 1)


if __name__ == "__main__":
    sys.exit(main())
