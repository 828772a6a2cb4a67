"""The page: one HTML file that needs nothing outside itself, and no JavaScript."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.presentation import units
from lmkd_reports.presentation import wording
from lmkd_reports.presentation.environment import Property
from lmkd_reports.presentation.environment import properties
from lmkd_reports.presentation.figures import curve_figure
from lmkd_reports.presentation.figures import distribution_figure
from lmkd_reports.presentation.notes import Notes
from lmkd_reports.presentation.palette import Look
from lmkd_reports.presentation.palette import looks
from lmkd_reports.presentation.strips import Scale
from lmkd_reports.presentation.strips import Strip

MARKS = {
    Verdict.BETTER: "↓",
    Verdict.WORSE: "↑",
    Verdict.NO_CLEAR_DIFFERENCE: "=",
    Verdict.NOT_ENOUGH_DATA: "…",
    Verdict.INVALID: "×",
}
"""A sign beside each word, so that no verdict is told by colour alone; less time is down."""


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One sentence of the banner with its strip and the numbers of its notes."""

    sentence: wording.Sentence
    strip: Strip | None
    notes: list[int]


@dataclass(frozen=True, slots=True)
class PairView:
    """One pair of arms on one device."""

    title: str
    tally: str
    rows: list[VerdictRow]

    @property
    def drawn(self) -> bool:
        """Whether there is an interval to draw."""
        return any(row.strip for row in self.rows)


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One row of the table: an arm, and the comparisons in which it is the candidate."""

    arm: ArmResult
    comparisons: list[Comparison]
    notes: list[int]


@dataclass(frozen=True, slots=True)
class StratumView:
    """One stratum: its rows and its two figures (safe SVG, or empty)."""

    name: str
    origin: str
    rows: list[ArmRow]
    curves: Markup
    distribution: Markup


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device; ``number`` makes ids, because a device's name may hold anything."""

    number: int
    device: DeviceResult
    line: str
    pairs: list[PairView]
    strata: list[StratumView]


@dataclass(frozen=True, slots=True)
class Download:
    """A file inside the page."""

    name: str
    meaning: str
    uri: str
    size_kb: int


def render_html(analysis: Analysis) -> str:
    """The whole page. Everything that came from a device is escaped by jinja2 or ElementTree."""
    notes = Notes()
    arm_looks = looks(list(_arms(analysis)))
    scale = Scale.over(
        comparison.ratio
        for device in analysis.devices
        for stratum in device.strata
        for comparison in stratum.comparisons
        if comparison.ratio is not None
    )
    devices = [
        _device(number, device, analysis, scale, arm_looks, notes)
        for number, device in enumerate(analysis.devices)
    ]
    template = _environment().get_template("report.html.j2")
    return template.render(
        analysis=analysis,
        devices=devices,
        scale=scale,
        looks=arm_looks,
        notes=notes,
        marks=MARKS,
        properties=_properties(analysis),
        downloads=_downloads(analysis),
        confidence_note=wording.confidence_note(analysis),
        regimes=wording.REGIMES,
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lmkd_reports.presentation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("ms", "mb", "ratio", "interval", "percent", "share_interval"):
        environment.filters[name] = getattr(units, name)
    return environment


def _arms(analysis: Analysis) -> Mapping[str, None]:
    """Every arm on the page once, those of the run first."""
    measured = (arm.arm for device in analysis.devices for stratum in device.strata for arm in stratum.arms)
    return dict.fromkeys([*analysis.info.arms, *measured])


def _device(
    number: int,
    device: DeviceResult,
    analysis: Analysis,
    scale: Scale,
    arm_looks: dict[str, Look],
    notes: Notes,
) -> DeviceView:
    return DeviceView(
        number=number,
        device=device,
        line=wording.device_line(device),
        pairs=[_pair(device, pair, scale, notes) for pair in analysis.pairs if device.strata],
        strata=[
            _stratum(stratum, arm_looks, f"d{number}s{place}", notes)
            for place, stratum in enumerate(device.strata)
        ],
    )


def _pair(device: DeviceResult, pair: tuple[str, str], scale: Scale, notes: Notes) -> PairView:
    compared = wording.device_comparisons(device, pair)
    told = wording.sentences(compared)
    return PairView(
        title=f"{pair[0]} against {pair[1]}",
        tally=wording.tally([comparison.verdict for _, comparison in compared]),
        rows=[
            _verdict_row(sentence, comparison, scale, notes)
            for sentence, (_, comparison) in zip(told, compared, strict=False)  # all alike: one is told
        ],
    )


def _verdict_row(
    sentence: wording.Sentence, comparison: Comparison, scale: Scale, notes: Notes
) -> VerdictRow:
    """Without an interval, the sentence says what the notes say, and there is nothing to draw."""
    if comparison.ratio is None or comparison.ratio.interval is None:
        return VerdictRow(sentence, None, [])
    return VerdictRow(sentence, scale.strip(comparison.ratio), notes.refer(comparison.notes))


def _stratum(result: StratumResult, arm_looks: dict[str, Look], name: str, notes: Notes) -> StratumView:
    return StratumView(
        name=wording.stratum_name(result.stratum),
        origin=wording.stratum_origin(result.stratum),
        rows=[_row(arm, result, notes) for arm in result.arms],
        curves=Markup(curve_figure(result, arm_looks, f"{name}c")),  # noqa: S704 - our own SVG, escaped
        distribution=Markup(distribution_figure(result, arm_looks, f"{name}e")),  # noqa: S704 - as above
    )


def _row(arm: ArmResult, result: StratumResult, notes: Notes) -> ArmRow:
    comparisons = [one for one in result.comparisons if one.candidate == arm.arm]
    return ArmRow(arm, comparisons, notes.refer(arm.notes))


def _properties(analysis: Analysis) -> list[Property]:
    return properties([device.record for device in analysis.devices])


def _downloads(analysis: Analysis) -> list[Download]:
    packed = gzip.compress(analysis.records, mtime=0)
    return [
        _download(
            "trials.csv",
            "every trial, one a line, for a spreadsheet (without the curves)",
            "text/csv",
            analysis.trials_csv.encode(),
        ),
        _download(
            "records.jsonl.gz",
            "the records as they were written, curves included (JSON lines, gzip)",
            "application/gzip",
            packed,
        ),
    ]


def _download(name: str, meaning: str, media_type: str, content: bytes) -> Download:
    uri = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    return Download(name, meaning, uri, -(-len(content) // 1024))
