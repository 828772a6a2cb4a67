"""The suite conformance on the host: its program and its runner."""
