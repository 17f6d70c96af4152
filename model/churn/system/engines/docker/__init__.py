"""The real engine: Docker, or whatever speaks its API, through the docker SDK.

`engine` is the engine itself, `events` what it tells of changes, `contexts` where engines are, `wire` how JSON is read.
"""

from churn.system.engines.docker.contexts import Place, named_by, places
from churn.system.engines.docker.engine import DockerEngine
from churn.system.engines.docker.wire import About, ImageInfo

__all__ = ["About", "DockerEngine", "ImageInfo", "Place", "named_by", "places"]
