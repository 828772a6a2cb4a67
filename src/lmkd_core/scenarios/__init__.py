"""The situations that the suites measure, one module per suite."""
