"""The device's own lmkd: its settings, its socket, and how a run silences it."""
