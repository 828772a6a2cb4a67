"""One run: its options, its devices, its worker processes, and what the user sees of it."""
