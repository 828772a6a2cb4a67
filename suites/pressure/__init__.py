"""Pressure: counts the apps that die under memory pressure, by the way of killing."""
