"""Devices: parses SPEC, attaches each kind of device, and reads its facts."""
