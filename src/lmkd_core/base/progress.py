"""The callback with which a long step reports its progress to the user."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""Called with one line of text per message to the user."""
