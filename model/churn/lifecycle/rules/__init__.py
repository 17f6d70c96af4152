"""The rules: for each operation a pure function from a state to the branches that may follow. `transitions` has their table."""
