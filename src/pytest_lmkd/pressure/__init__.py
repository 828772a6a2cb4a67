"""Pressure episodes: which apps and which demand, how they are run, and which of their kills were extra."""
