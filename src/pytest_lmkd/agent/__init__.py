"""The agent as the host sees it: where its binary comes from, how it gets to a device, what it answers."""
