"""Errors, deadlines, processes, the cache and the compiler: nothing here knows what is measured."""
