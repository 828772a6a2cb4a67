"""The suite reclaim on the host: its program, its plan lines and its runner."""
