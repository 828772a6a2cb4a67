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
            "held-beyond-burst",
            "every third victim is held by a reader until the demand is over",
            "fewer kills: memory that is freed at once kills nobody else",
            "injected",
            stall="holder",
        ),
        PressureStratum(
            "held-within-burst",
            "every third victim is held by a reader, but only for a moment",
            "little or nothing: the memory comes while it is still wanted",
            "injected",
            stall="holder",
            stall_ms=SHORT_HOLD_MS,
        ),
        PressureStratum(
            "starved-victims",
            "every third victim gets no CPU to exit",
            "fewer kills where kill+mrelease comes too late",
            "injected",
            stall="starved",
        ),
        PressureStratum(
            "undisturbed",
            "nobody holds anything, and nothing else runs",
            "no gain: there is nothing to be late",
            "control",
        ),
        PressureStratum(
            "background-noise",
            "services read /proc, apps are compacted and frozen, as on any phone",
            "whatever it is",
            "natural",
            profile="messenger+camera",
            readers=2,
            compaction_ms=50,
            frozen=4,
        ),
        PressureStratum(
            "app-switching",
            "on a device of little memory, a demand that rises, falls by half and rises again, three times",
            "whatever it is",
            "natural",
            profile="low-ram",
            demand="saw",
            rise_ms=400,
            hold_ms=500,
            readers=2,
        ),
    )
}
