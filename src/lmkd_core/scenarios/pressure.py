"""The pressure scenarios by name: what is injected, in which regime, and what the flag should change."""

from __future__ import annotations

from collections.abc import Mapping

from lmkd_core.scenarios.pressure_stratum import PressureStratum

SHORT_HOLD_MS = 150
"""Well within any burst, and beyond lmkd's own patience of 100 ms (ro.lmk.kill_timeout_ms)."""

PRESSURE: Mapping[str, PressureStratum] = {
    stratum.scenario: stratum
    for stratum in (
        PressureStratum(
            scenario="held-beyond-burst",
            title="every third victim is held by a reader until the demand is over",
            expectation="fewer kills: memory freed at once spares the next app",
            regime="injected",
            stall="holder",
        ),
        PressureStratum(
            scenario="held-within-burst",
            title="every third victim is held by a reader, but only for a moment",
            expectation="little or nothing: the memory comes while it is still wanted",
            regime="injected",
            stall="holder",
            stall_ms=SHORT_HOLD_MS,
        ),
        PressureStratum(
            scenario="starved-victims",
            title="every third victim gets no CPU to exit",
            expectation="fewer kills where kill+mrelease comes too late",
            regime="injected",
            stall="starved",
        ),
        PressureStratum(
            scenario="undisturbed",
            title="nothing holds memory, and nothing else runs",
            expectation="no gain: no memory comes late",
            regime="control",
        ),
        PressureStratum(
            scenario="background-noise",
            title="services read /proc, apps are compacted and frozen, as on any phone",
            expectation="not predicted",
            regime="natural",
            profile="messenger+camera",
            readers=2,
            compaction_ms=50,
            frozen=4,
        ),
        PressureStratum(
            scenario="app-switching",
            title="on a small device, a demand that rises, falls by half and rises again, three times",
            expectation="not predicted",
            regime="natural",
            profile="low-ram",
            demand="saw",
            rise_ms=400,
            hold_ms=500,
            readers=2,
        ),
    )
}
