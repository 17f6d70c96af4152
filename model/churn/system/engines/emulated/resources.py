"""The networks and volumes of an emulated engine."""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from churn.system.engines.emulated.identity import identity


@frozen
class Resource:
    """A network or a volume."""

    name: str
    id: str
    labels: Mapping[str, str]
    driver: str
    created: float
    options: Mapping[str, str] = Factory(dict)
    body: Mapping[str, Any] = Factory(dict)
    """What it was asked for with."""


_BRIDGE = "com.docker.network.bridge"
_OPTIONS = {
    "bridge": {
        f"{_BRIDGE}.default_bridge": "true",
        f"{_BRIDGE}.enable_icc": "true",
        f"{_BRIDGE}.enable_ip_masquerade": "true",
        f"{_BRIDGE}.host_binding_ipv4": "0.0.0.0",  # noqa: S104 -- told, not bound
        f"{_BRIDGE}.name": "docker0",
        "com.docker.network.driver.mtu": "1500",
    }
}
BUILT_IN = {
    name: Resource(name, identity("network", name), {}, driver, 0.0, _OPTIONS.get(name, {}))
    for name, driver in (("bridge", "bridge"), ("host", "host"), ("none", "null"))
}
"""The networks that every engine has."""
