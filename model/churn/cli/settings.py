"""What commands share: exit codes, the environment, durations."""

import re
from typing import Any

import rich_click as click

PASSED, FAILED, COULD_NOT_RUN, INCONCLUSIVE, INTERRUPTED = 0, 1, 2, 3, 130

_UNITS = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[float]):
    """Seconds, as ``90``, ``90s``, ``5m`` or ``1.5h``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, or a usage error that says what was expected."""
        if isinstance(value, (int, float)):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", value)
        if found is None:
            self.fail(f"expected a duration such as 90s, 5m or 1h, got {value!r}", param, ctx)
        return float(found[1]) * _UNITS[found[2] or "s"]
