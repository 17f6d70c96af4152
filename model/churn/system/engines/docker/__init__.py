"""The real engine: Docker, or whatever speaks its API, through the docker SDK.

`engine` is the engine itself, `events` what it tells of changes, `contexts` where engines are, `wire` how JSON is read.
"""

from churn.system.engines.docker.contexts import Place, named_by, places
from churn.system.engines.docker.engine import DockerEngine
from churn.system.engines.docker.wire import DOCKER, PODMAN, About, ImageInfo, ask_identity

__all__ = ["DOCKER", "PODMAN", "About", "DockerEngine", "ImageInfo", "Place", "ask_identity", "named_by", "places"]
