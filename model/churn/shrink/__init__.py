"""Making a failing sequence small, in few runs of a system that is slow; and keeping it as a reproducer."""
