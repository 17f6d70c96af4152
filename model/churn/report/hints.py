"""What each invariant's violation usually means: its severity, its likely cause and the obvious mend."""

SEVERITIES = {
    "undisturbed": "critical",
    "quiet": "high",
    "accepted": "high",
    "no-restart-policy": "high",
    "fresh-container": "high",
    "stable-port": "high",
    "no-orphans": "high",
    "serving": "high",
    "port-released": "high",
    "status": "medium",
    "in-time": "medium",
    "no-leaks": "medium",
    "no-processes": "medium",
}

HINTS = {
    "undisturbed": (
        "containers are chosen by something that services share (a label, a port, part of a name)",
        "choose a container by an id or label that only its own service has",
    ),
    "no-restart-policy": (
        "containers are created with a restart policy, so the engine revives what the manager stopped",
        "create containers without a restart policy, and let the manager alone restart them",
    ),
    "fresh-container": (
        "an old container is started again instead of being replaced",
        "remove a service's container when it stops, and before it starts",
    ),
    "no-orphans": (
        "a container is left behind by a stop or by a failed start",
        "on every way out remove the service's own containers, and wait until they are gone",
    ),
    "stable-port": (
        "the port is chosen anew, or is not kept with the service",
        "choose the port once, when the service is created, and store it",
    ),
    "port-released": (
        "something of the service still holds its port after the stop",
        "return from a stop only when the container has exited",
    ),
    "no-leaks": (
        "what was made for a container is not removed with it",
        "remove a container together with its volumes and networks",
    ),
}
