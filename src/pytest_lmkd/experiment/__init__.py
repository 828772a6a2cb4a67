"""Shared by all suites: the block loop, validity checks, pairs of trials, controls and the early end."""
