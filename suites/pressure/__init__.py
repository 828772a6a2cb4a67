"""Pressure: counts the apps that die under memory pressure without need."""
