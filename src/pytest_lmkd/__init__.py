"""pytest-lmkd: measures on Android devices how fast killed apps give their memory back.

Importing the package imports neither pytest nor adbutils; the plugin is ``pytest_lmkd.plugin``.
"""

__version__ = "0.1.0"
