"""A comparison, or a gate's checks, as one JSON document.

``null`` is what has no value, and the end of a bound that is open.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from lmkd_core.records.stratum import Stratum
from lmkd_core.statistics.bounds import Bounds
from lmkd_reports.format.strata import stratum_values
from lmkd_reports.gate.checks import Check
from lmkd_reports.gate.checks import Gate
from lmkd_reports.gate.checks import Outcome
from lmkd_reports.gate.comparison import Compared
from lmkd_reports.gate.comparison import ComparedDevices
from lmkd_reports.gate.comparison import Comparison
from lmkd_reports.gate.comparison import Side
from lmkd_reports.gate.environment import Difference
from lmkd_reports.gate.runs import LoadedRun
from lmkd_reports.metrics.cells import Cell

SCHEMA = 1

Json = dict[str, Any]


def comparison_json(comparison: Comparison) -> str:
    """The output of ``pytest-lmkd compare --json``: ASCII, and never a NaN."""
    document = {
        "type": "comparison",
        "schema": SCHEMA,
        "confidence": comparison.confidence,
        "to_baseline": comparison.base.to_baseline,
        "base": _run(comparison.base),
        "candidate": _run(comparison.candidate),
        "differences": _differences(comparison.differences),
        "devices": [_devices(devices) for devices in comparison.pairs],
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def gate_json(gate: Gate) -> str:
    """The output of ``pytest-lmkd gate --json``; ``failed`` agrees with the exit status.

    ``passed``: every check is within its limit. A gate that neither failed nor passed is inconclusive.
    """
    document = {
        "type": "gate",
        "schema": SCHEMA,
        "failed": gate.fails,
        "passed": not gate.fails and len(gate.of(Outcome.PASSED)) == len(gate.checks),
        "failures": list(gate.failures),
        "require_data": gate.require_data,
        "require_within": gate.require_within,
        "confidence": gate.confidence,
        "together": gate.together,
        "to_baseline": gate.comparison.base.to_baseline,
        "base": _run(gate.comparison.base),
        "candidate": _run(gate.comparison.candidate),
        "differences": _differences(gate.comparison.differences),
        "counts": {str(outcome): len(gate.of(outcome)) for outcome in Outcome},
        "checks": [_check(check) for check in gate.checks],
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _check(check: Check) -> Json:
    """``most``: the greatest estimate within the limit (1.1: a tenth more time)."""
    return {
        "devices": {"base": check.compared.devices.base, "candidate": check.compared.devices.candidate},
        **_compared(check.compared),
        "limit": check.limit.text,
        "most": check.limit.most,
        "outcome": str(check.outcome),
        "is_within": check.outcome is Outcome.PASSED,
    }


def _run(loaded: LoadedRun) -> Json:
    info = loaded.run.info
    return {
        "folder": loaded.folder,
        "name": info.name,
        "run_id": info.run_id,
        "started_utc": info.started_utc,
        "problems": [asdict(problem) for problem in loaded.run.problems],
    }


def _differences(differences: tuple[Difference, ...]) -> list[Json]:
    return [asdict(difference) for difference in differences]


def _devices(devices: ComparedDevices) -> Json:
    return {
        "base": devices.devices.base,
        "candidate": devices.devices.candidate,
        "boots": {"base": devices.boots[0], "candidate": devices.boots[1]},
        "differences": _differences(devices.differences),
        "only_in_base": [_cell(cell) for cell in devices.only_base],
        "only_in_candidate": [_cell(cell) for cell in devices.only_candidate],
        "comparisons": [_compared(entry) for entry in devices.compared],
    }


def _cell(cell: Cell) -> Json:
    place, arm = cell
    return {"stratum" if isinstance(place, Stratum) else "situation": stratum_values(place), "arm": arm}


def _compared(compared: Compared) -> Json:
    kind = compared.metric.kind
    estimate = compared.estimate
    return {
        **_cell((compared.place, compared.arm)),
        "metric": compared.metric.name,
        "compared_by": str(kind),
        "baseline": compared.baseline or None,
        "unit": kind.unit,
        "base": _side(compared.base, compared.metric.of),
        "candidate": _side(compared.candidate, compared.metric.of),
        "estimate": _bounds(estimate.value if estimate else None),
        "interval": _bounds(compared.interval),
        "verdict": str(compared.verdict),
        "notes": list(compared.notes),
    }


def _side(side: Side, of: str) -> Json:
    return {
        f"valid_{of}s": side.valid,
        f"invalid_{of}s": side.invalid,
        "values": side.values,
        "typical": _bounds(side.typical),
    }


def _bounds(bounds: Bounds | None) -> Json | None:
    """A number known exactly has two equal ends."""
    return None if bounds is None else {"low": _finite(bounds.low), "high": _finite(bounds.high)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
