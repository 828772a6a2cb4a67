"""From the frames of a run to its ``Analysis``: devices, their strata, the arms in them."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pandas as pd

from lmkd_core.records.device import SkipRecord
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import Call
from lmkd_reports.analysis.arms import arm_result
from lmkd_reports.analysis.cases import conformance_of
from lmkd_reports.analysis.comparisons import Rules
from lmkd_reports.analysis.comparisons import compare
from lmkd_reports.analysis.comparisons import control_pairs_of
from lmkd_reports.analysis.comparisons import pairs_of
from lmkd_reports.analysis.exclusions import exclusions_of
from lmkd_reports.analysis.frames import Run
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import ByFreeMemory
from lmkd_reports.analysis.model import Detectable
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.observed import observed_of
from lmkd_reports.analysis.order_effects import order_effects_of
from lmkd_reports.analysis.pressure import pressure_of
from lmkd_reports.analysis.pressure import settings_of
from lmkd_reports.analysis.scatter import serial_of
from lmkd_reports.analysis.scatter import with_blocks_needed
from lmkd_reports.analysis.tails import patience_ns_of
from lmkd_reports.analysis.together import with_family_p
from lmkd_reports.analysis.unsteady import unsteady_of
from lmkd_reports.format.strata import STRATUM
from lmkd_reports.format.strata import place_on_page
from lmkd_reports.format.strata import stratum_from

CURVE_MARGIN = 1.08
"""Curves are drawn to this multiple of the time at which their band has come down."""

TEXT_COLUMNS = (
    "device",
    "suite",
    "scenario",
    "stall",
    "shape",
    "arm",
    "boot_id",
    "calls",
    "torn_down_by",
    "mrelease_errno",
    "flags",
    "invalid_reason",
)


FIRST = ("device", "suite", "scenario", "stall", "regime", "arm", "block", "order", "seed")
"""The first columns of the trials' table after the run's; the others have the order of the records."""


def analyse(run: Run, detectable: Detectable | None = None, equivalent_pct: float | None = None) -> Analysis:
    """All values in a report of ``run``. Poor data never fail; the analysis names the gaps.

    ``equivalent_pct``: arms whose times differ by less are equivalent (default: as the run was asked for).
    """
    detectable = detectable or Detectable()
    if equivalent_pct is not None:
        run = replace(run, info=msgspec.structs.replace(run.info, equivalent_pct=equivalent_pct))
    devices = tuple(_device(run, name, detectable) for name in _device_names(run))
    analysis = Analysis(
        runs=(run.info,),
        detectable=detectable,
        pairs=pairs_of(run.info.arms),
        devices=devices,
        problems=run.problems,
        warmups=run.warmups,
        planned=len(run.planned),
        recorded=len(run.trials),
        valid=int(run.trials["valid"].sum()),
        comparisons=sum(_with_interval(device) for device in devices),
        planned_episodes=run.planned_episodes,
        recorded_episodes=len(run.episodes),
        valid_episodes=sum(episode.valid for episode in run.episodes),
        trials_csv=_csv(run.trials, run.info.run_id),
        records=run.raw,
    )
    return with_family_p(analysis)


def _device_names(run: Run) -> list[str]:
    """Devices in the order of the command, then the others with records."""
    attached = [record.device for record in run.devices]
    skipped = [skip.device for skip in run.skips]
    measured = [*run.trials["device"], *run.planned["device"]]
    others = [*(case.device for case in run.cases), *(episode.device for episode in run.episodes)]
    others += [observation.device for observation in run.observations]
    return list(dict.fromkeys([*run.info.devices, *attached, *skipped, *measured, *others]))


def _device(run: Run, name: str, detectable: Detectable) -> DeviceResult:
    trials = run.trials[run.trials["device"] == name]
    planned = run.planned[run.planned["device"] == name]
    of_trials, of_planned = _by_stratum(trials), _by_stratum(planned)
    skips = tuple(skip for skip in run.skips if skip.device == name)
    episodes = [episode for episode in run.episodes if episode.device == name]
    records = [record for record in run.devices if record.device == name]
    record = records[-1] if records else None
    patience_ns = patience_ns_of(record)
    rules = Rules(patience_ns, run.info.equivalent_pct)
    strata = [
        _stratum(
            run,
            stratum,
            of_trials.get(stratum, trials[:0]),
            of_planned.get(stratum, planned[:0]),
            skips,
            rules,
        )
        for stratum in _strata(trials, planned)
    ]
    return DeviceResult(
        name=name,
        record=record,
        strata=with_blocks_needed(strata, detectable.ratio),
        skips=skips,
        conformance=conformance_of([case for case in run.cases if case.device == name]),
        pressure=pressure_of(
            episodes, run.info.arms, detectable.kills, record.page_size // 1024 if record else None
        ),
        settings=settings_of(episodes),
        unsteady=unsteady_of([state for state in run.states if state.device == name]),
        observed=observed_of([observation for observation in run.observations if observation.device == name]),
        by_free_memory=_by_free_memory(trials),
        serial=serial_of(strata),
        patience_ns=patience_ns,
        order_effects=order_effects_of(trials, [trial for trial in run.lead_ins if trial.device == name]),
        exclusions=exclusions_of(of_trials, strata, rules),
    )


def _by_free_memory(trials: pd.DataFrame) -> ByFreeMemory | None:
    seen = trials[(trials["meter"] == "system") & trials["noise_kb"].notna()]
    if seen.empty:
        return None
    noise_kb = seen["noise_kb"]
    return ByFreeMemory(tuple(seen["suite"].unique()), float(noise_kb.median()), float(noise_kb.max()))


def _strata(trials: pd.DataFrame, planned: pd.DataFrame) -> list[Stratum]:
    """Every stratum that was planned or measured: scenarios as they were planned, small victims first."""
    rows = pd.concat([planned[list(STRATUM)], trials[list(STRATUM)]]).drop_duplicates()
    strata = [stratum_from(row) for row in rows.to_dict("records")]
    scenarios = list(dict.fromkeys(stratum.scenario for stratum in strata))
    return sorted(strata, key=lambda stratum: place_on_page(stratum, scenarios))


def _by_stratum(frame: pd.DataFrame) -> dict[Stratum, pd.DataFrame]:
    if frame.empty:
        return {}
    groups = frame.groupby(list(STRATUM), sort=False)
    return {stratum_from(dict(zip(STRATUM, key, strict=True))): group for key, group in groups}


def _stratum(
    run: Run,
    stratum: Stratum,
    trials: pd.DataFrame,
    planned: pd.DataFrame,
    skips: tuple[SkipRecord, ...],
    rules: Rules,
) -> StratumResult:
    curve_end_ns = _curve_end_ns(trials)
    arms = {
        arm: arm_result(
            arm,
            trials[trials["arm"] == arm],
            int((planned["arm"] == arm).sum()),
            _missing(arm, stratum, skips),
            curve_end_ns,
            rules.patience_ns,
        )
        for arm in dict.fromkeys([*run.info.arms, *planned["arm"], *trials["arm"]])
    }
    pairs = control_pairs_of(list(arms)) if stratum.is_control else pairs_of(run.info.arms)
    return StratumResult(
        stratum=stratum,
        arms=tuple(arms.values()),
        comparisons=tuple(
            compare(trials, arms[candidate], arms[baseline], rules) for candidate, baseline in pairs
        ),
        curve_end_ns=curve_end_ns,
    )


def _curve_end_ns(trials: pd.DataFrame) -> float:
    """The time by which three quarters of the slowest arm's trials had their memory back."""
    valid = trials[trials["valid"].astype(bool)]
    if valid.empty:
        return 0.0
    ends = valid["reclaim_99_ns"].where(valid["meter"] != "system", valid["reclaim_90_ns"])
    ends = ends.fillna(valid["timeout_ns"])
    return float(ends.groupby(valid["arm"]).quantile(0.75, interpolation="higher").max()) * CURVE_MARGIN


def _missing(arm: str, stratum: Stratum, skips: tuple[SkipRecord, ...]) -> str:
    """The reason for an arm without trials in ``stratum``, from the skip records."""
    asked = {
        ("arm", arm),
        ("arm", f"{arm} in {stratum.scenario}"),
        ("stall", stratum.stall),
        ("scenario", stratum.scenario),
        ("suite", stratum.suite),
    }
    for skip in skips:
        applies = skip.what == "device" or (skip.what, skip.name) in asked
        if applies and skip.suite in {"", stratum.suite}:
            return f"skipped: {skip.reason}"
    return "no trial was recorded"


def _with_interval(device: DeviceResult) -> int:
    times = (comparison for stratum in device.strata for comparison in stratum.comparisons)
    kills = (comparison for result in device.pressure for comparison in result.comparisons)
    return sum(comparison.is_judged for comparison in times) + sum(
        comparison.total is not None and comparison.total.low is not None for comparison in kills
    )


def _csv(trials: pd.DataFrame, run_id: str) -> str:
    """The trials without their curves, for a spreadsheet."""
    table = trials.drop(columns=["curve", "schema"]).assign(
        flags=trials["flags"].map(" ".join), calls=trials["calls"].map(_calls_text)
    )
    table = table[[*FIRST, *(name for name in table.columns if name not in FIRST)]]
    table.insert(0, "run_id", run_id)
    for column in ("run_id", *TEXT_COLUMNS):
        table[column] = table[column].map(not_a_formula)
    text: str = table.to_csv(index=False, float_format="%.0f", lineterminator="\n")
    return text


def _calls_text(calls: tuple[Call, ...]) -> str:
    """For example ``kill 9000 ns, process_mrelease 25000 ns ESRCH``."""
    return ", ".join(f"{call.name} {call.took_ns} ns {call.errno}".strip() for call in calls)


def not_a_formula(text: str) -> str:
    """``text`` such that no spreadsheet takes it for a formula: part of it comes from devices."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
