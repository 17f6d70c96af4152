"""The model plane: what must be true of a service manager, as pure values and functions.

No I/O, no clock, no randomness, no third party but attrs. Read `operations`, then `state`, then `transitions`: together
they are what Churn demands of a manager.
"""
