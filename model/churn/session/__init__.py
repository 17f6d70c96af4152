"""One step and many: the loop, the trace, the budget, preflight and reset. No Hypothesis, no printing."""
