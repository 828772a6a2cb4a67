"""Conformance: what process_mrelease(2) answers on this kernel."""
