"""Sentences about controls; the end of a run prints the same ones."""

from __future__ import annotations

from lmkd_core.statistics.controls import FalseGain
from lmkd_reports.analysis.model import ControlCheck
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format import units
from lmkd_reports.presentation.wording import FALSE_GAIN
from lmkd_reports.presentation.wording import UNDECIDED
from lmkd_reports.presentation.wording import strata_count


def control_headline(device: DeviceResult) -> str:
    """The result of the device's controls, in one line; empty without controls."""
    controls = [result for result in device.strata if result.stratum.is_control]
    if not controls:
        return ""
    gains = control_gains(device)
    if gains:
        return f"controls: {FALSE_GAIN} ({'; '.join(gains)})"
    judged = sum(
        any(comparison.verdict not in UNDECIDED for comparison in result.comparisons) for result in controls
    )
    if judged < len(controls):
        return f"controls: {judged} of {strata_count(len(controls))} could be judged, no gain found"
    return f"controls: no gain found in {strata_count(len(controls))}{_unseen(device.controls)}"


def control_gains(device: DeviceResult) -> list[str]:
    """The impossible gains in the device's controls of single kills, a clause each."""
    return [_gain(gain, "was faster") for gain in device.controls.false_gains] if device.controls else []


def pressure_control_gains(device: DeviceResult) -> list[str]:
    """Those in its controls under memory pressure."""
    checked = device.pressure_controls
    return [_gain(gain, "killed fewer apps") for gain in checked.false_gains] if checked else []


def _gain(gain: FalseGain, says: str) -> str:
    number = len(gain.controls)
    where = str(gain.controls[0]) if number == 1 else f"all {number} controls together"
    blocks = "differing blocks" if says.startswith("killed") else "blocks"
    return f"{gain.pair[0]} {says} than {gain.pair[1]} in {gain.gained} of {gain.blocks} {blocks} of {where}"


def _unseen(checked: ControlCheck | None) -> str:
    """The bias that the controls would have shown."""
    if checked is None or not checked.unseen:
        return ""
    biases = [f"{units.percent(gain)} in favour of {pair[0]}" for pair, gain in checked.unseen]
    return f"; a bias of more than {' or '.join(biases)} would have been seen"
