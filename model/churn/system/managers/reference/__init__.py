"""The reference manager: a correct one, the yardstick.

`manager` is the manager itself, over the `Engine` protocol and the `store`; `embedded` and `program` drive it as a
`Manager`, in this process and as a child process. `slow` is one whose operations take their time.
"""

from churn.system.managers.reference.embedded import Embedded
from churn.system.managers.reference.gated import GatedStore
from churn.system.managers.reference.manager import ReferenceManager, ServiceError, Settings
from churn.system.managers.reference.store import Record, Store, StoreBroken

__all__ = [
    "Embedded", "GatedStore", "Record", "ReferenceManager", "ServiceError", "Settings", "Store",
    "StoreBroken",
]  # fmt: skip
