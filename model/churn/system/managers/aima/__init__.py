"""AIMA, driven through its command line.

`settings` is how it is run and what it promises, `output` reads what it prints, `driver` drives it as a `Manager`.
"""

from churn.system.managers.aima.driver import Aima
from churn.system.managers.aima.settings import LABELS, PORTS, AimaSettings, contract_for

__all__ = ["LABELS", "PORTS", "Aima", "AimaSettings", "contract_for"]
