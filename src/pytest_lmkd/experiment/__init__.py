"""What all suites share: validity checks, pairs of trials, controls and the early end."""
