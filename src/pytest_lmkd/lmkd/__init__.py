"""The device's own lmkd: what it is set to, and how it is silenced for a while."""
