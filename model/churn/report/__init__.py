"""Reports: a trace in, text out. `summary` says what a run came to, the others put that into words."""
