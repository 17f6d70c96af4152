"""What an engine that is restarted does with containers, and a manager did not think of."""

from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import evolve

from churn.lifecycle.contract import Remains
from churn.system.managers.defects.meanwhile import instead, nothing
from churn.system.managers.reference.manager import ReferenceManager
from churn.system.managers.reference.store import Record
from churn.system.protocols import Spec


class StoppedIsRevived(ReferenceManager):
    """A service that was stopped runs again when the engine was restarted.

    Its container is kept when it is stopped, and has the policy `always`, which the engine obeys when it comes up, whoever
    stopped the container. With `unless-stopped` it would stay as it is.
    Stands for: generic, `docker stop` of a container with `--restart always`.
    """

    promises: ClassVar[Mapping[str, Any]] = {
        "restart_policies": frozenset({"always"}),
        "stopped_container": Remains.KEPT,
    }
    upset_by_engine = True
    policy = "always"

    def spec(self, record: Record) -> Spec:
        return evolve(super().spec(record), restart_policy=self.policy)

    def stop(self, name: str) -> Record:
        with instead(self, discard=nothing):
            return super().stop(name)


DEFECTS: dict[str, type[ReferenceManager]] = {"stopped-is-revived": StoppedIsRevived}
