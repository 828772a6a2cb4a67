"""Reclaim: how long a killed victim's memory takes to come back."""
