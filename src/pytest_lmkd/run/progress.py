"""The progress line: device, stratum, block, trials left, time left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from dataclasses import field


@dataclass(slots=True)
class ProgressMeter:
    """Counts trials against the plan, and estimates the time left from the pace so far."""

    planned_trials: int
    done_trials: int = 0
    _started_s: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Starts the clock."""
        self._started_s = time.monotonic()

    def block_done(self, trials: int) -> None:
        self.done_trials += trials

    def not_needed(self, trials: int) -> None:
        """Takes off planned trials that this device cannot run."""
        self.planned_trials -= trials

    def time_left_s(self) -> float:
        elapsed_s = time.monotonic() - self._started_s
        left = self.planned_trials - self.done_trials
        return elapsed_s / self.done_trials * left if self.done_trials else 0.0

    def line(self, device: str, stratum: str, block: int, blocks: int) -> str:
        """For example ``virtual-stock  undisturbed-64MB-1t  block 3/10  81 trials left  1:02 left``."""
        line = f"{device}  {stratum}  block {block + 1}/{blocks}"
        if not self.planned_trials:  # observations are not planned
            return line
        left = max(0, self.planned_trials - self.done_trials)
        minutes, seconds = divmod(round(self.time_left_s()), 60)
        return f"{line}  {left} trials left  {minutes}:{seconds:02d} left"
