"""Container engines: the real one (`docker`), a `proxy` in front of it, and an emulated one with virtual time (`emulated`)."""

ENGINES = ("emulated", "docker")
"""What each is called."""
