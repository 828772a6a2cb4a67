"""Notes on a fleet's verdicts: the boots and runs behind them, and what is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

import pandas as pd

from lmkd_core.records.run import DEFAULT_EQUIVALENT_PCT
from lmkd_core.records.run import RunInfo
from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_reports.fleet.frames import RUN
from lmkd_reports.fleet.results import FleetResults
from lmkd_reports.presentation.boots import REMEDY

REPLICATES = "intervals include what differs between boots"


def notes_of(fleet: FleetResults) -> Iterator[str]:
    """Sentences on the boots and the runs of the devices; none without any comparison."""
    boots = _most_boots(fleet)
    over = int((boots >= MIN_BOOTS).sum())
    if over:
        rest = "; on the others, verdicts say nothing beyond the boots that were measured"
        share = f"over boots on {over:,} of {len(boots):,} devices"
        yield f"{share}: {REPLICATES}{rest if over < len(boots) else ''}"
    elif len(boots):
        yield (
            "in the boots that were measured: verdicts and intervals claim nothing beyond. Boots differ by "
            f"chance: {REMEDY}"
        )
    if fleet.several_runs:
        were = "device was" if fleet.several_runs == 1 else "devices were"
        yield f"{fleet.several_runs:,} {were} measured in several runs, and each run is judged separately"


def run_notes(infos: Sequence[RunInfo], equivalent_pct: float | None) -> tuple[str]:
    """The limit of equivalence, and where it comes from."""
    if equivalent_pct is not None:
        return (f"equivalent: within {equivalent_pct:g} %, by --equivalent",)
    limits = dict.fromkeys(f"{info.equivalent_pct:g} %" for info in infos)
    whose = "the run was" if len(infos) == 1 else "each run was"
    return (f"equivalent: within {' or '.join(limits)}, as {whose} asked for",)


def set_notes(arms: Sequence[str], equivalent_pct: float | None) -> tuple[str]:
    """The assumptions about an exported set, which lacks its runs' options. ``arms``: the baseline first."""
    limit = f"{equivalent_pct or DEFAULT_EQUIVALENT_PCT:g} %"
    source = "by --equivalent" if equivalent_pct else "the default (--equivalent PCT sets another)"
    return (
        f"an exported set does not hold what its runs were asked for; assumed: the baseline is {arms[0]}, "
        f"and arms within {limit} are equivalent, {source}",
    )


def _most_boots(fleet: FleetResults) -> pd.Series[int]:
    """The most boots of any comparison of each device."""
    counts = [frame[[*RUN, "boots"]] for frame in (fleet.kills, fleet.times) if len(frame)]
    if not counts:
        return pd.Series(dtype="int64")
    return pd.concat(counts).groupby(list(RUN))["boots"].max()
