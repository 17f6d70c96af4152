"""AIMA, driven through its command line.

`settings` is how it is run and what it promises, `output` reads what it prints, `driver` drives it as a `Manager`.
"""

from churn.system.managers.aima.driver import Aima
from churn.system.managers.aima.settings import (
    KINDS,
    LABELS,
    PORTS,
    STAND_IN_TIMEOUT,
    START_TIMEOUT,
    AimaSettings,
    contract_for,
)

__all__ = ["KINDS", "LABELS", "PORTS", "STAND_IN_TIMEOUT", "START_TIMEOUT", "Aima", "AimaSettings", "contract_for"]
