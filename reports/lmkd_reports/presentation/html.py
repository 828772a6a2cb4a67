"""The page: one HTML file that needs nothing outside itself, and JavaScript only to sort and to enlarge."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby

import jinja2
from markupsafe import Markup

from lmkd_core.records.case import CaseRecord
from lmkd_reports.analysis.cases import is_broken
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.format import units
from lmkd_reports.format.marks import MARKS
from lmkd_reports.format.meanings import Meaning
from lmkd_reports.format.meanings import meaning
from lmkd_reports.format.names import situation_details
from lmkd_reports.format.names import situation_name
from lmkd_reports.format.names import stratum_details
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.names import stratum_origin
from lmkd_reports.format.notes import Notes
from lmkd_reports.presentation import cases
from lmkd_reports.presentation import kills
from lmkd_reports.presentation import observed
from lmkd_reports.presentation import wording
from lmkd_reports.presentation.detail import MOST_PAGE_BYTES
from lmkd_reports.presentation.detail import Detail
from lmkd_reports.presentation.detail import chosen
from lmkd_reports.presentation.environment import side_by_side
from lmkd_reports.presentation.figures import curve_figure
from lmkd_reports.presentation.figures import distribution_figure
from lmkd_reports.presentation.forest import forests
from lmkd_reports.presentation.palette import Look
from lmkd_reports.presentation.palette import looks
from lmkd_reports.presentation.strips import Scale
from lmkd_reports.presentation.strips import Strip
from lmkd_reports.presentation.timeline import Frame
from lmkd_reports.presentation.timeline import describe
from lmkd_reports.presentation.timeline import timeline_figure

KILL_FILTERS = (
    "number",
    "milliseconds",
    "psi_milliseconds",
    "invalid_count",
    "premature",
    "difference",
    "p_value",
    "missing_blocks",
)

DOWNLOADS = Markup("<!-- the data, as far as there is room for them -->")
"""Where they go once it is known how large the rest of the page is."""

Draw = Callable[[StratumResult, dict[str, Look], str], str]

MOST_OPEN = 16
"""Strata on a page up to which all are unfolded; of more, only those that need a look."""


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
    """One stratum: its rows and its two figures (safe SVG, or empty); ``place`` is its id on the page."""

    place: str
    result: StratumResult
    details: str
    name: str
    origin: str
    meaning: Meaning
    false_gain: str
    race: ArmResult | None
    baseline: str
    opened: bool
    in_full: bool
    rows: list[ArmRow]
    drawn: bool
    curves: Markup
    distribution: Markup

    @property
    def told_costs(self) -> list[ArmResult]:
        """The arms of which it is known who tore the memory down, or what it cost."""
        return [arm for arm in self.result.arms if arm.tells_cost]


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One conformance case; ``broken`` when it counted what may never be."""

    name: str
    way: str
    answer: str
    expected: str
    broken: bool


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """One case that is counted, with each way in which it was tried."""

    name: str
    meaning: str
    rows: list[CaseRow]


@dataclass(frozen=True, slots=True)
class ConformanceView:
    """What the conformance cases gave on one device; ``good`` when nothing is wrong."""

    headline: str
    good: bool
    failed: list[CaseRow]
    passed: list[CaseRow]
    counted: list[CaseGroup]


@dataclass(frozen=True, slots=True)
class ObservedView:
    """One scenario in which the device's own lmkd was observed; ``rows`` are (what, how much)."""

    scenario: str
    headline: str
    rows: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PressureView:
    """One situation of pressure; ``figures`` are (arm, what it shows, safe SVG)."""

    place: str
    result: PressureResult
    name: str
    details: str
    title: str
    expectation: str
    drawn: bool
    figures: list[tuple[str, str, Markup]]


@dataclass(frozen=True, slots=True)
class KillPairView:
    """One pair of arms under pressure on one device."""

    title: str
    tally: str
    sentences: list[wording.Sentence]


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device; ``number`` makes ids, because a device's name may hold anything."""

    number: int
    device: DeviceResult
    line: str
    asked: list[tuple[str, str]]
    tallies: dict[tuple[str, str], str]
    pairs: list[PairView]
    strata: list[StratumView]
    control_headline: str
    noise_floor: str
    unsteady: str
    meter: str
    conformance: ConformanceView | None
    pressure: list[PressureView]
    kill_pairs: list[KillPairView]
    observed: list[ObservedView]

    @property
    def shown(self) -> list[StratumView]:
        """The strata that are shown with all their numbers."""
        return [view for view in self.strata if view.in_full]

    @property
    def usual(self) -> list[StratumView]:
        return [view for view in self.strata if not view.result.stratum.is_control]

    @property
    def controls(self) -> list[StratumView]:
        return [view for view in self.strata if view.result.stratum.is_control]

    @property
    def false_gains(self) -> list[StratumView]:
        return [view for view in self.strata if view.result.false_gains]

    @property
    def false_savings(self) -> list[PressureView]:
        """Pressure controls that claim fewer kills."""
        return [view for view in self.pressure if view.result.false_gains]


@dataclass(frozen=True, slots=True)
class Download:
    """A file inside the page."""

    name: str
    meaning: str
    uri: str
    size_kb: int


@dataclass(frozen=True, slots=True)
class Script:
    """The page's script, and the digest by which the page allows this one and no other."""

    text: Markup
    digest: str


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
    folded = sum(len(device.strata) for device in analysis.devices) > MOST_OPEN
    detail = Detail.of(analysis)
    devices = [
        _device(number, device, analysis, scale, arm_looks, notes, detail, folded=folded)
        for number, device in enumerate(analysis.devices)
    ]
    template = _environment().get_template("report.html.j2")
    page: str = template.render(
        script=_script(),
        analysis=analysis,
        detectable=analysis.detectable,
        devices=devices,
        forests=forests(analysis),
        timed_pairs=_timed_pairs(analysis, devices),
        scale=scale,
        looks=arm_looks,
        numbers={arm: number for number, arm in enumerate(arm_looks, start=1)},
        notes=notes,
        marks=MARKS,
        properties=side_by_side(analysis.devices),
        downloads=DOWNLOADS,
        confidence_note=wording.confidence_note(analysis),
        regimes=wording.REGIMES,
        race_arm=_race_arm(analysis.arms),
        false_gain=wording.FALSE_GAIN,
        observed_legend=observed.LEGEND,
        folded=folded,
    )
    return _with_downloads(page, analysis)


def _script() -> Script:
    text = resources.files("lmkd_reports.presentation").joinpath("templates", "page.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), f"sha256-{digest}")  # noqa: S704 - our own file


def _timed_pairs(analysis: Analysis, devices: Sequence[DeviceView]) -> list[tuple[str, str]]:
    """The pairs of arms whose times were asked of some device; all where none was."""
    asked = {pair for view in devices if view.usual for pair in view.asked}
    return [pair for pair in analysis.pairs if pair in asked or not asked]


def _race_arm(arms: Sequence[str]) -> str:
    """The arm whose share of lost races the overview shows; empty when none can lose one."""
    racing = [arm for arm in arms if arm.startswith("kill+mrelease")]
    return racing[0] if racing else ""


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lmkd_reports.presentation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["counted"] = cases.counted
    for name in KILL_FILTERS:
        environment.filters[name] = getattr(kills, name)
    for name in ("ms", "mb", "ratio", "interval", "percent", "share_interval", "shares"):
        environment.filters[name] = getattr(units, name)
    return environment


def _arms(analysis: Analysis) -> Mapping[str, None]:
    """Every arm on the page once, those of the run first."""
    measured = [arm.arm for device in analysis.devices for stratum in device.strata for arm in stratum.arms]
    pressed = [arm.arm for device in analysis.devices for result in device.pressure for arm in result.arms]
    return dict.fromkeys([*analysis.arms, *measured, *pressed])


def _device(
    number: int,
    device: DeviceResult,
    analysis: Analysis,
    scale: Scale,
    arm_looks: dict[str, Look],
    notes: Notes,
    detail: Detail,
    *,
    folded: bool,
) -> DeviceView:
    usual = any(not stratum.stratum.is_control for stratum in device.strata)
    race_arm = _race_arm(analysis.arms)
    asked = wording.told_pairs(device, analysis)
    timelines = chosen(device.pressure, detail.timelines)
    in_full, drawn = chosen(device.strata, detail.cards), chosen(device.strata, detail.drawn)
    return DeviceView(
        number=number,
        device=device,
        line=wording.device_line(device),
        asked=asked,
        tallies={pair: wording.device_tally(device, pair) for pair in asked},
        pairs=[_pair(device, pair, scale, notes) for pair in asked[: detail.pairs] if usual],
        strata=[
            _stratum(
                stratum,
                arm_looks if place in drawn else {},
                f"d{number}s{place}",
                notes,
                race_arm,
                folded=folded,
                in_full=place in in_full,
            )
            for place, stratum in enumerate(device.strata)
        ],
        control_headline=wording.control_headline(device),
        noise_floor=wording.noise_floor(device),
        unsteady=wording.unsteady(device),
        meter=wording.meter(device),
        conformance=_conformance(device),
        pressure=[
            _pressure(result, arm_looks, f"d{number}p{place}", drawn=place in timelines)
            for place, result in enumerate(device.pressure)
        ],
        kill_pairs=[_kill_pair(device, pair) for pair in kills.pairs_of(device.pressure)],
        observed=_observed(device),
    )


def _kill_pair(device: DeviceResult, pair: kills.Pair) -> KillPairView:
    return KillPairView(
        title=kills.pair_title(pair),
        tally=kills.tally(device.pressure, pair),
        sentences=kills.sentences(device.pressure, pair),
    )


def _pressure(result: PressureResult, arm_looks: dict[str, Look], place: str, *, drawn: bool) -> PressureView:
    situation = result.situation
    return PressureView(
        place=place,
        result=result,
        name=situation_name(situation),
        details=situation_details(situation),
        title=kills.title(situation),
        expectation=kills.expectation(situation),
        drawn=drawn,
        figures=_timelines(result, arm_looks, place) if drawn else [],
    )


def _timelines(
    result: PressureResult, arm_looks: dict[str, Look], place: str
) -> list[tuple[str, str, Markup]]:
    """One episode of each arm, on common axes; those that can be drawn."""
    if not result.shown:
        return []
    frame = Frame.over(result.shown)
    drawn = [
        (episode, timeline_figure(episode, frame, arm_looks[episode.arm].colour, f"{place}t{number}"))
        for number, episode in enumerate(result.shown)
    ]
    return [
        (episode.arm, describe(episode), Markup(svg))  # noqa: S704 - our own SVG, escaped
        for episode, svg in drawn
        if svg
    ]


def _observed(device: DeviceResult) -> list[ObservedView]:
    return [
        ObservedView(one.scenario, observed.headline(one), list(observed.rows(one)))
        for one in device.observed
    ]


def _conformance(device: DeviceResult) -> ConformanceView | None:
    told = device.conformance
    if told is None:
        return None
    return ConformanceView(
        headline=cases.headline(told),
        good=not told.failed and not told.broken,
        failed=list(map(_case_row, told.failed)),
        passed=list(map(_case_row, told.passed)),
        counted=[_case_group(list(group)) for _, group in groupby(told.counted, lambda case: case.case)],
    )


def _case_group(counted: Sequence[CaseRecord]) -> CaseGroup:
    return CaseGroup(counted[0].case, cases.meaning(counted[0]), list(map(_case_row, counted)))


def _case_row(case: CaseRecord) -> CaseRow:
    return CaseRow(
        name=case.case,
        way=cases.way(case),
        answer=case.answer,
        expected=case.expected,
        broken=is_broken(case),
    )


def _pair(device: DeviceResult, pair: tuple[str, str], scale: Scale, notes: Notes) -> PairView:
    compared = wording.device_comparisons(device, pair)
    told = wording.sentences(compared)
    return PairView(
        title=wording.pair_name(pair),
        tally=wording.device_tally(device, pair),
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
    return VerdictRow(sentence, scale.strip(comparison.ratio), notes.refer(comparison.remarks))


def _stratum(
    result: StratumResult,
    arm_looks: dict[str, Look],
    place: str,
    notes: Notes,
    race_arm: str,
    *,
    folded: bool,
    in_full: bool,
) -> StratumView:
    """Without looks for its arms nothing is drawn."""
    return StratumView(
        place=place,
        result=result,
        details=stratum_details(result.stratum),
        name=stratum_name(result.stratum),
        origin=stratum_origin(result.stratum),
        meaning=meaning(result.stratum.scenario),
        false_gain=wording.false_gain(result),
        race=next((arm for arm in result.arms if arm.arm == race_arm), None),
        baseline=_baseline(result),
        opened=not folded or bool(result.false_gains),
        in_full=in_full,
        rows=[_row(arm, result, notes) for arm in result.arms],
        drawn=bool(arm_looks),
        curves=_drawn(curve_figure, result, arm_looks, f"{place}c"),
        distribution=_drawn(distribution_figure, result, arm_looks, f"{place}e"),
    )


def _drawn(draw: Draw, result: StratumResult, arm_looks: dict[str, Look], name: str) -> Markup:
    return Markup(draw(result, arm_looks, name) if arm_looks else "")  # noqa: S704 - our own SVG, escaped


def _baseline(result: StratumResult) -> str:
    """The arm that is compared with others only as their baseline; empty when there is none."""
    candidates = {one.candidate for one in result.comparisons}
    baselines = [one.baseline for one in result.comparisons if one.baseline not in candidates]
    return baselines[0] if baselines else ""


def _row(arm: ArmResult, result: StratumResult, notes: Notes) -> ArmRow:
    comparisons = [one for one in result.comparisons if one.candidate == arm.arm]
    return ArmRow(arm, comparisons, notes.refer(arm.notes))


def _with_downloads(page: str, analysis: Analysis) -> str:
    """The page with as much of the data as it has room for."""
    room = MOST_PAGE_BYTES - len(page.encode())
    items = []
    for download in _downloads(analysis):
        fits = len(download.uri) <= room
        room -= len(download.uri) if fits else 0
        items.append(_DOWNLOAD.render(download=download, fits=fits))
    return page.replace(DOWNLOADS, "\n".join(items), 1)


def _downloads(analysis: Analysis) -> list[Download]:
    trials = _download(
        "trials.csv",
        "every trial, one a line, for a spreadsheet (without the curves)",
        "text/csv",
        analysis.trials_csv.encode(),
    )
    records = _download(
        "records.jsonl.gz",
        "the records as they were written (JSON lines, gzip)",
        "application/gzip",
        gzip.compress(analysis.records, mtime=0),
    )
    return [trials, records] if analysis.tells_times else [records]


_DOWNLOAD = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
    '<li>{% if fits %}<a download="{{ download.name }}" href="{{ download.uri }}">{{ download.name }}</a>'
    "{% else %}{{ download.name }}{% endif %} ({{ download.size_kb }} kB): {{ download.meaning }}"
    "{% if not fits %}; too large for this page, write it with <code>pytest-lmkd export RUN --csv</code> or "
    "take the files of the results directory{% endif %}</li>"
)


def _download(name: str, meaning: str, media_type: str, content: bytes) -> Download:
    uri = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    return Download(name, meaning, uri, -(-len(content) // 1024))
