"""pytest's own tester of plugins; pytest wants it named in the root."""

pytest_plugins = ("pytester",)
