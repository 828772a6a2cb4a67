"""``summary.txt``: the numbers in at most 72 columns of ASCII, for the body of a mail."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_core.records.arms import full_name
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format.notes import Notes
from lmkd_reports.format.plain import plain
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation.sections import IN_TEXT
from lmkd_reports.presentation.sections.answer import AnswerSection

PRESSED = "kills under memory pressure, by the way of killing"
OBSERVED = "what the device's own lmkd does"
ANSWERED = "what process_mrelease answers"


def render_summary(analysis: Analysis) -> str:
    lines = list(_lines(analysis, Notes()))
    return "\n".join(plain(line).rstrip() for line in lines) + "\n"


def render_answers(analysis: Analysis) -> str:
    """The answers alone, a device each; empty if the run compares nothing."""
    if not AnswerSection.is_asked(analysis):
        return ""
    lines = []
    for device in analysis.devices:
        lines += [*wrapped(f"== {device.name}"), *AnswerSection().headlines(device, analysis)]
    return "\n".join(plain(line).rstrip() for line in lines) + "\n"


def _lines(analysis: Analysis, notes: Notes) -> Iterator[str]:
    yield from _head(analysis)
    for device in analysis.devices:
        yield from _device(device, analysis, notes)
    yield ""
    for section in IN_TEXT:
        yield from section.legends(analysis)
    if notes.texts:
        yield ""
    for number, text in enumerate(notes.texts, start=1):
        yield from wrapped(f"[{number}] {text}", indent="    ")
    for section in IN_TEXT:
        yield from section.closing(analysis)
    yield ""
    yield from wrapped(f"run id: {', '.join(info.run_id for info in analysis.runs)}", indent="    ")


def _head(analysis: Analysis) -> Iterator[str]:
    yield f"pytest-lmkd: {_about(analysis)}"
    for name, info in analysis.named_runs:
        seed = f", seed {info.seed}" if analysis.has_times or analysis.has_kills else ""
        yield from wrapped(f"run {name}, started {info.started_utc}{seed}")
    if analysis.has_times or analysis.has_kills:
        yield from wrapped(f"arms: {', '.join(map(full_name, analysis.arms))}", indent="  ")
    if analysis.has_times:
        yield from wrapped(
            f"trials: {analysis.planned} planned, {analysis.recorded} recorded, {analysis.valid} valid"
        )
    if analysis.has_kills:
        yield from wrapped(
            f"episodes: {analysis.planned_episodes} planned, {analysis.recorded_episodes} recorded, "
            f"{analysis.valid_episodes} valid"
        )
    if analysis.warmups:
        yield from wrapped(f"{analysis.warmups} more to warm up, kept but not counted")


def _about(analysis: Analysis) -> str:
    if analysis.has_times:
        return "how long until a killed process's memory is back"
    if analysis.has_kills:
        return PRESSED
    return OBSERVED if analysis.has_apps else ANSWERED


def _device(device: DeviceResult, analysis: Analysis, notes: Notes) -> Iterator[str]:
    yield ""
    yield from wrapped(f"== {device.name}", indent="   ")
    for section in IN_TEXT:
        yield from section.headlines(device, analysis)
    for section in IN_TEXT:
        yield from section.body(device, analysis, notes)
