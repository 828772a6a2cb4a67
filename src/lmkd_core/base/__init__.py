"""Errors, deadlines, processes, the cache and the compiler: independent of the measurements."""
