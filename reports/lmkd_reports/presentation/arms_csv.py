"""``arms.csv``: a line an arm and stratum, with what its median hides, for a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator

from lmkd_core.records.stratum import stratum_key
from lmkd_reports.analysis.analyse import not_a_formula
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.format.strata import STRATUM

NUMBERS = (
    "patience_ns",
    "valid",
    "late",
    "mean_ns",
    "censored",
    "p90_ns",
    "p99_ns",
    "held_mb_ms",
    "kb_per_ms",
)


def arms_csv(analysis: Analysis) -> str:
    """Quantiles are empty where there are too few trials; one beyond the timeout is ``inf``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("device", *STRATUM, "arm", *NUMBERS))
    for device in analysis.devices:
        for result in device.strata:
            place = [device.name, *stratum_key(result.stratum)]
            for arm in result.arms:
                cells = [*place, arm.arm, device.patience_ns, *_numbers(arm)]
                writer.writerow(map(_cell, cells))
    return text.getvalue()


def _cell(value: float | str | None) -> float | str | None:
    if isinstance(value, str):
        return not_a_formula(value)
    return f"{value:.4g}" if isinstance(value, float) else value


def _numbers(arm: ArmResult) -> Iterator[float | int | str | None]:
    tails = arm.tails
    yield arm.valid
    if tails is None:
        yield from [""] * (len(NUMBERS) - 2)
        return
    yield from (tails.late.count, round(tails.mean_ns), arm.censored)
    yield from (_whole_ns(quantile.high) if quantile else "" for quantile in (tails.p90_ns, tails.p99_ns))
    yield from (tails.held_mb_ms, tails.kb_per_ms)


def _whole_ns(time_ns: float) -> int | str:
    return round(time_ns) if math.isfinite(time_ns) else "inf"
