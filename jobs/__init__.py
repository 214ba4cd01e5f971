"""What a person runs: the command line and the plan behind it."""
