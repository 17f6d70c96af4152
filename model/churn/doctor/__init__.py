"""What a run would meet here, before a manager is blamed for it: checks that look, and change nothing on an engine.

`findings` is what a check tells, `engine`, `images`, `leftovers`, `aima` and `machine` have the checks by what they look at,
`plan` says which of them a run needs.
"""

from churn.doctor.findings import Check, CheckFinding, CheckVerdict, examine
from churn.doctor.plan import Surroundings, planned

__all__ = ["Check", "CheckFinding", "CheckVerdict", "Surroundings", "examine", "planned"]
