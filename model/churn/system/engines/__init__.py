"""Container engines: the real one (`docker`), and an emulated one with virtual time (`emulated`)."""
