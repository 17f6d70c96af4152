"""`python -m churn` is the command `churn`."""

from churn.cli import main

main()
