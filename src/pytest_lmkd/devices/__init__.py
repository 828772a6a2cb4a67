"""Devices: what SPEC names, how each kind is attached, and what is known of it."""
