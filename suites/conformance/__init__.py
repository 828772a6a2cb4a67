"""Conformance: checks the answers of process_mrelease(2) on this kernel."""
