"""One point in time by which a whole operation must have ended."""

from __future__ import annotations

import time

from lmkd_core.base.errors import DeadlineExceeded


class Deadline:
    """A deadline ``seconds`` from now; pass the same object down through every step of a job."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at = time.monotonic() + seconds

    @property
    def seconds(self) -> float:
        """The whole time that was allowed."""
        return self._seconds

    def remaining_s(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._ends_at - time.monotonic())

    @property
    def expired(self) -> bool:
        return self.remaining_s() == 0.0

    def check(self, what: str) -> None:
        """Raise DeadlineExceeded, naming ``what`` was going on, when the time is over."""
        if self.expired:
            raise DeadlineExceeded(f"{what} did not finish within {self._seconds:g} s")
