"""How long a run takes: costs of its parts, the time left, and plans that fit a time."""
