"""The answer: what the run was made to find out, in one sentence a device, with its figures and a picture."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

from markupsafe import Markup

from lmkd_core.records.arms import meaning_of
from lmkd_core.records.arms import plain_name
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.format import units
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.plain import capitalised
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation.answer import NAMES
from lmkd_reports.presentation.answer import Answer
from lmkd_reports.presentation.answer import Figure
from lmkd_reports.presentation.answer import answer_of
from lmkd_reports.presentation.context import Context
from lmkd_reports.presentation.figures import curve_figure
from lmkd_reports.presentation.kills import MINUS
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section
from lmkd_reports.presentation.timeline import describe_kills
from lmkd_reports.presentation.views.device import DeviceView
from lmkd_reports.presentation.views.pressure import Panel
from lmkd_reports.presentation.views.pressure import panels_of
from lmkd_reports.presentation.wording import devices_tally

LABEL_COLUMNS = 13


@dataclass(frozen=True, slots=True)
class Shown:
    """The answer on one device. ``panels`` are one episode of each arm; without them ``curves`` are drawn."""

    view: DeviceView
    answer: Answer
    panels: list[Panel]
    curves: Markup
    caption: str


@dataclass(frozen=True, slots=True)
class Question:
    """``arms`` are the two arms, the baseline first: plain name, own name, and what it does.

    For several devices, ``lead`` counts their verdicts, and ``columns`` are the figures that any of them has.
    """

    arms: list[tuple[str, str, str]]
    answers: list[Shown]
    lead: str
    columns: list[Figure]


class AnswerSection(Section):
    name = "answer"
    title = "Answer"
    rank = -1

    @staticmethod
    def is_asked(analysis: Analysis) -> bool:
        """Whether the run compares ways of killing."""
        return bool(analysis.pairs) and (analysis.has_times or analysis.has_kills)

    def is_shown(self, page: Page) -> bool:
        return self.is_asked(page.analysis)

    def data(self, page: Page) -> Question:
        pair = page.analysis.pairs[0]
        single = len(page.devices) == 1
        answers = [_shown(view, pair, page.context, drawn=single) for view in page.devices]
        figures = {figure.name: figure for shown in answers for figure in shown.answer.figures}
        return Question(
            arms=[(plain_name(arm), arm, meaning_of(arm)) for arm in reversed(pair)],
            answers=answers,
            lead=lead_of([shown.answer for shown in answers]),
            columns=[figures[name] for name in NAMES if name in figures],
        )

    def headlines(self, device: DeviceResult, analysis: Analysis) -> Iterator[str]:
        if self.is_asked(analysis):
            yield from answer_lines(device, analysis.pairs[0])


def lead_of(answers: Sequence[Answer]) -> str:
    """For example ``time back: better on 2 of 3 devices, ...; apps killed: better on 3 of 3 devices.``"""
    parts = []
    for name in NAMES:
        figures = [figure for answer in answers for figure in answer.figures if figure.name == name]
        verdicts = [figure.verdict for figure in figures if figure.verdict]
        if verdicts:
            things = "device" if len(verdicts) == 1 else "devices"
            parts.append(f"{name}: {devices_tally(verdicts, things)}")
    silent = sum(not answer.figures for answer in answers)
    if silent:
        parts.append(f"nothing on {units.count(silent, 'device')}")
    text = "; ".join(parts) or "nothing that compares the two was measured"
    return f"{capitalised(text)}."


def _shown(view: DeviceView, pair: tuple[str, str], context: Context, *, drawn: bool) -> Shown:
    answer = answer_of(view.device, pair)
    panels = _panels(answer, context) if drawn else []
    curves, caption = (
        _curves(answer.main.times[0], pair, context)
        if drawn and not panels and answer.main.times
        else (Markup(), "")
    )
    return Shown(view, answer, panels, curves, caption)


def _panels(answer: Answer, context: Context) -> list[Panel]:
    if answer.main.pressure is None:
        return []
    result, comparison = answer.main.pressure
    episodes = {episode.arm: episode for episode in result.shown if not episode.is_unstalled}
    compared = [episodes[arm] for arm in reversed(comparison.pair) if arm in episodes]
    return panels_of(compared, context.looks, "answer", describe_kills)


def _curves(result: StratumResult, pair: tuple[str, str], context: Context) -> tuple[Markup, str]:
    compared = replace(result, arms=tuple(arm for arm in result.arms if arm.arm in pair))
    svg = curve_figure(compared, context.looks, "answer")
    caption = f"Share of the victim's memory that is not back yet: {stratum_name(result.stratum)}"
    return Markup(svg), caption  # noqa: S704 - our own SVG, escaped


def answer_lines(device: DeviceResult, pair: tuple[str, str]) -> Iterator[str]:
    """The answer as text: the sentence, and a line for each figure."""
    answer = answer_of(device, pair)
    yield from wrapped(f"   {answer.sentence}", indent="   ")
    for figure in answer.figures:
        yield from wrapped(f"   {figure_line(figure)}", indent=" " * (LABEL_COLUMNS + 3))
    for text in (answer.evidence, answer.worse, *answer.damage):
        yield from wrapped(f"   {text}", indent="     ")


def figure_line(figure: Figure) -> str:
    """``time back    0.26x, 0.13 to 0.34 (99.2 % interval, 8 boots), better; lmkd today: 407 ms; ...``."""
    judged = ", ".join(filter(None, (figure.amount, figure.interval, str(figure.verdict or ""))))
    arms = "; ".join(f"{plain_name(arm)}: {value}" for arm, value in figure.by_arm)
    return f"{figure.name:<{LABEL_COLUMNS}}{judged}; {arms}".replace(MINUS, "-")
