"""Pressure episodes: which apps and which demand, how they are run, and which kills were premature."""
