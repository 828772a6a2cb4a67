"""The outcome of one stratum on one device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

from lmkd_core.records.stratum import Stratum
from lmkd_core.scenarios.apps import AppsScenario
from lmkd_core.scenarios.pressure_stratum import PressureStratum


@dataclass(slots=True)
class Outcome:
    """``invalid``: a line for each trial that does not count. ``skipped``: why nothing was run, or empty."""

    complete_blocks: int = 0
    invalid: list[str] = field(default_factory=list)
    skipped: str = ""

    def explain(self) -> str:
        """The invalid trials, one per line."""
        return "\n".join(self.invalid) or "no trial was run"


Measure = Callable[[Stratum], Outcome]
"""The fixtures ``measure`` and ``kill_app``."""

Press = Callable[[PressureStratum], Outcome]
"""The fixture ``press``."""

Observe = Callable[[AppsScenario], Outcome]
"""The fixture ``observe``."""
