"""What is run: the fixed scenario, the tour over the model's transitions, and random sequences by Hypothesis."""
