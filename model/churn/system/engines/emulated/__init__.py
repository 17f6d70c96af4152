"""An engine in memory that behaves like Docker's, with virtual time.

`core` has the containers and speaks the API's status codes and texts; `direct` is the `Engine` over it, `host` the `Host`.
"""

from churn.system.engines.emulated.core import Core
from churn.system.engines.emulated.direct import EmulatedEngine
from churn.system.engines.emulated.host import EmulatedHost

__all__ = ["Core", "EmulatedEngine", "EmulatedHost"]
