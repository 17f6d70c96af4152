"""Service managers: the reference, and later those that are really under test."""

MANAGERS = ("reference", "aima")
"""Those that have a name; all others are described by a file."""
