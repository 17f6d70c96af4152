"""Several clients of a manager that is a program: the pairs that are likeliest to clash, again and again, and what was told.

Each is done without turns, and with the second client going on before each of the first's first calls that change a container.

python tests/benchmarks/blocks.py MANAGER [--engine docker] [--blocks N]
"""

import argparse
import json
import os
from collections import Counter
from itertools import cycle

from churn.assembly import Target, assembled
from churn.explore.together import Clashes, likeliest
from churn.lifecycle.operations import Together
from churn.session.budget import Budget
from churn.session.failing import Failing
from churn.session.session import Session
from churn.session.trace import Trace
from churn.system.clock import RealClock


def told(manager: str, engine: str, blocks: int) -> dict[str, object]:
    """How many blocks were done in how many seconds, and what was objected to how often."""
    objections: Counter[str] = Counter()

    def noted(failing: Failing) -> None:
        objections[f"{failing.steps[-1].operation}: {failing.signature}"] += 1

    clock = RealClock()
    with assembled(Target(manager=manager, engine=engine, together=True, environ=dict(os.environ))) as whole:
        session = Session(whole.system, whole.reset, Trace(), Budget(clock))
        began, done = clock.now(), 0
        for clash in cycle(likeliest(session.contract.possible)):
            Clashes(session, noted).likeliest(clash)
            done = sum(isinstance(record.step.operation, Together) for _, record in session.trace.records())
            if done >= blocks:
                break
    return {"manager": manager, "blocks": done, "seconds": clock.now() - began, "objections": dict(objections)}


def main() -> None:
    """Print a table, and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manager")
    parser.add_argument("--engine", choices=("docker", "emulated"), default="docker")
    parser.add_argument("--blocks", type=int, default=100)
    options = parser.parse_args()
    found = told(options.manager, options.engine, options.blocks)
    print(f"{found['manager']}: {found['blocks']} blocks in {found['seconds']:.0f} s")
    for words, times in found["objections"].items():  # type: ignore[attr-defined]  # made above
        print(f"{times:5}  {words}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
