"""Service managers: the reference, and later those that are really under test."""
