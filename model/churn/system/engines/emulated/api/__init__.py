"""The Docker Engine API over an emulated engine.

`message` has requests and replies apart from how they travel, `routes` the table of calls and `Api`, the modules beside them
the calls by their subject. `adapter` carries them in this process, `app` and `server` over a socket.
"""

from churn.system.engines.emulated.api.routes import Api

__all__ = ["Api"]
