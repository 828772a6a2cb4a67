"""Pressure episodes: which apps and which demand, how an episode is run, and which of its kills were extra."""
