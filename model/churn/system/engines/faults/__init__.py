"""Faults of a container engine: one a file, named as on the wire; `gate` is where they strike."""
