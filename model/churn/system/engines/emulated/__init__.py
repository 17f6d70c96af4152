"""An engine in memory that behaves like Docker's, with virtual time.

`core` and its parts have the containers and speak the API's status codes and texts; `calls` has what takes
time; `direct` is the `Engine` over them, `host` the `Host`.
"""

from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.direct import EmulatedEngine
from churn.system.engines.emulated.host import EmulatedHost

__all__ = ["Core", "EmulatedEngine", "EmulatedHost"]
