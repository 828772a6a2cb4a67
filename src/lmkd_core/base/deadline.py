"""A deadline: the point in time by which a whole operation must have ended."""

from __future__ import annotations

import time

from lmkd_core.base.errors import DeadlineExceeded


class Deadline:
    """A deadline ``seconds`` from now. Pass the same object to every step of an operation."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at = time.monotonic() + seconds

    @property
    def seconds(self) -> float:
        """The time originally allowed."""
        return self._seconds

    def remaining_s(self) -> float:
        """Returns the seconds left, never below 0."""
        return max(0.0, self._ends_at - time.monotonic())

    @property
    def expired(self) -> bool:
        return self.remaining_s() == 0.0

    def check(self, operation: str) -> None:
        """Raises DeadlineExceeded, naming the ``operation``, when the time is over."""
        if self.expired:
            raise DeadlineExceeded(f"{operation} did not finish within {self._seconds:g} s")
