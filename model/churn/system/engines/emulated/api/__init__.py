"""The Docker Engine API over an emulated engine.

`message` has requests and replies apart from how they travel, `routes` the table of calls and `Api`, `containers`,
`images`, `networks`, `volumes`, `daemon` and their like the calls by their subject, `shapes` how a container is told.
`adapter` carries them in this process, `app` and `server` over a socket.
"""

from churn.system.engines.emulated.api.routes import Api

__all__ = ["Api"]
