"""What the short texts (``--lkml``, ``--markdown``) hold: tables of a device, and how to reproduce them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from lmkd_core.records.kernel import fact_text
from lmkd_core.records.run import RunInfo
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.pressure import PressureArm
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.format.identity import CONFIG
from lmkd_reports.format.names import situation_name
from lmkd_reports.format.names import stratum_name
from lmkd_reports.presentation import differences
from lmkd_reports.presentation import kills
from lmkd_reports.presentation.identity import identity_lines

Pair = tuple[str, str]
REPRODUCE = "reproduce"
NO_RACE = "-"
"""Of an arm that calls no process_mrelease."""
EXTRA = "of these extra"
"""The kills beyond those of the same episode when nothing holds memory."""

AnyArm = TypeVar("AnyArm", ArmResult, PressureArm)


@dataclass(frozen=True, slots=True)
class Row:
    """One situation: the ``cells`` of all arms, and the main pair's ``difference``, interval and verdict.

    ``short`` is the name that selects its test.

    ``difference`` is empty and ``verdict`` None where nothing is compared.
    """

    name: str
    short: str
    cells: tuple[str, ...]
    difference: str = ""
    interval: str = ""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one unit: ``heading`` says what the cells are, ``compared`` what the differences are."""

    heading: str
    compared: str
    rows: tuple[Row, ...]


def arms_of(device: DeviceResult, analysis: Analysis) -> list[str]:
    """The columns: the run's arms that the device has results of, the baseline first."""
    seen = {arm.arm for result in device.strata for arm in result.arms if arm.valid}
    seen |= {arm.arm for result in device.pressure for arm in result.arms if arm.valid}
    return [arm for arm in analysis.arms if arm in seen]


def injected_scenarios(device: DeviceResult) -> list[str]:
    """The scenarios whose stall was caused on purpose: they tell its cost, not how often it occurs."""
    places = [result.stratum for result in device.strata] + [result.situation for result in device.pressure]
    return list(dict.fromkeys(place.scenario for place in places if place.regime == "injected"))


def tables(device: DeviceResult, arms: Sequence[str], pair: Pair | None) -> Iterator[Table]:
    """Times, lost races, and kills; those that the device has. Controls are left out."""
    times = [result for result in device.strata if not result.stratum.is_control]
    if times:
        yield Table(
            "median ms to 90 % back", "ratio", tuple(_time_row(result, arms, pair) for result in times)
        )
    races = tuple(_race_row(result, arms) for result in times)
    if any(set(row.cells) != {NO_RACE} for row in races):
        yield Table("race lost (ESRCH)", "", races)
    pressed = [result for result in device.pressure if not result.situation.is_control]
    if pressed:
        rows = [row for result in pressed for row in _kill_rows(result, arms, pair)]
        yield Table("apps killed per episode", "difference", tuple(rows))


def _time_row(result: StratumResult, arms: Sequence[str], pair: Pair | None) -> Row:
    comparison = next((entry for entry in result.comparisons if entry.pair == pair), None)
    single = comparison.single_ratio if comparison else None
    return Row(
        stratum_name(result.stratum),
        str(result.stratum),
        tuple(_time(arm) for arm in _ordered(result.arms, arms)),
        differences.ratio(comparison) if comparison else "",
        units.interval(single.interval) if single else "",
        comparison.verdict if comparison else None,
    )


def _time(arm: ArmResult | None) -> str:
    time = arm.reclaim_90_ns if arm else None
    return units.ms(time.median).replace(" to ", "-") if time else "-"


def _race_row(result: StratumResult, arms: Sequence[str]) -> Row:
    shares = [arm.esrch if arm else None for arm in _ordered(result.arms, arms)]
    cells = (f"{share.count}/{share.total}" if share else NO_RACE for share in shares)
    return Row(stratum_name(result.stratum), str(result.stratum), tuple(cells))


def _kill_rows(result: PressureResult, arms: Sequence[str], pair: Pair | None) -> Iterator[Row]:
    comparison = next((entry for entry in result.comparisons if entry.pair == pair), None)
    pressed = _ordered(result.arms, arms)
    total = comparison.total if comparison else None
    yield Row(
        situation_name(result.situation),
        str(result.situation),
        tuple(kills.number(arm.total) if arm else "-" for arm in pressed),
        kills.signed(total.mean) if total else units.NOTHING if comparison else "",
        kills.interval(total) if total and total.low is not None else "",
        comparison.verdict if comparison else None,
    )
    if result.unstalled:
        extra = (kills.measured_extra(arm) if arm and arm.extra else "-" for arm in pressed)
        yield Row(EXTRA, f"  {EXTRA}", tuple(extra))


def _ordered(results: Sequence[AnyArm], arms: Sequence[str]) -> list[AnyArm | None]:
    by_name = {result.arm: result for result in results}
    return [by_name.get(arm) for arm in arms]


def origin(analysis: Analysis, device: DeviceResult) -> Iterator[tuple[str, str]]:
    """What ran, how to run it again, and where the records are: (label, value)."""
    runs = runs_of(device, analysis)
    for info in runs:
        tool = info.versions.get("pytest-lmkd", "")
        yield "tool", f"pytest-lmkd {tool}, run {info.run_id}"
    yield from identity_lines(device)
    for info in runs:
        yield REPRODUCE, command_of(info)
        yield "records", _records(info, device)


def runs_of(device: DeviceResult, analysis: Analysis) -> list[RunInfo]:
    """The runs that the device's results are of: its name ends with its run's where several runs have it."""
    named = [info for name, info in analysis.named_runs if device.name.endswith(f" ({name})")]
    return named or [info for info in analysis.runs if device.name in info.devices] or list(analysis.runs)


def command_of(info: RunInfo) -> str:
    """The run's command without the path of its program, and with its seed."""
    try:
        words = shlex.split(info.command)
    except ValueError:  # a quote that is never closed
        words = info.command.split()
    program = [PurePath(word).name for word in words[:1]]
    words[:1] = ["pytest" if name == "__main__.py" else name for name in program]
    options = {word.partition("=")[0] for word in words}
    seeded = options & {"--lmkd-seed", "--lmkd-resume"}
    return shlex.join([*words, *(() if seeded else ("--lmkd-seed", str(info.seed)))])


def _records(info: RunInfo, device: DeviceResult) -> str:
    """The folders that hold them, and the kernel's configuration if it was kept."""
    config = fact_text(device.record, CONFIG) if device.record else ""
    folder = info.folder or info.run_id
    return f"{folder}/records{f', {folder}/kernels/{config[:12]}*' if config else ''}"
