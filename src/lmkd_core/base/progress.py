"""How a long step reports to a waiting user."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""Called with one line for each thing that a user should see."""
