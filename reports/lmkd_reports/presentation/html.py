"""The page: one HTML file that needs nothing outside itself, and JavaScript only to sort and to enlarge."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources

import jinja2
from markupsafe import Markup

from lmkd_core.records.arms import plain_name
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.format import units
from lmkd_reports.presentation import cases
from lmkd_reports.presentation import differences
from lmkd_reports.presentation import kills
from lmkd_reports.presentation import scatter
from lmkd_reports.presentation import wording
from lmkd_reports.presentation.downloads import PLACEHOLDER
from lmkd_reports.presentation.downloads import with_downloads
from lmkd_reports.presentation.jinja import environment
from lmkd_reports.presentation.marks import MARKS
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.sections import SECTIONS

KILL_FILTERS = (
    "number",
    "milliseconds",
    "psi_milliseconds",
    "invalid_count",
    "premature",
    "difference",
    "p_value",
    "missing_blocks",
    "replayed",
    "excess_mb",
    "pages",
)
DIFFERENCE_FILTERS = {
    "ratio_with_interval": differences.ratio_with_interval,
    "interval_with_confidence": differences.interval_with_confidence,
    "compared_ratio": differences.ratio,
    "compared_mean": differences.mean,
    "compared_late": differences.late,
    "compared_p": differences.p_value,
    "late_difference": differences.late_difference,
    "mean_time": differences.mean_time,
    "tail_time": differences.tail_time,
    "rate": differences.rate,
}
UNIT_FILTERS = ("ms", "mb", "ratio", "interval", "percent", "share_interval", "shares")


@dataclass(frozen=True, slots=True)
class Script:
    """The page's script, and the digest by which the page allows this one and no other."""

    text: Markup
    digest: str


def render_html(analysis: Analysis) -> str:
    """The whole page. Everything that came from a device is escaped by jinja2 or ElementTree."""
    page = Page.of(analysis)
    context = page.context
    text: str = (
        _environment()
        .get_template("report.html.j2")
        .render(
            script=_script(),
            page=page,
            analysis=analysis,
            detectable=analysis.detectable,
            devices=page.devices,
            sections=[(section, section.is_shown(page)) for section in SECTIONS],
            scale=context.scale,
            looks=context.looks,
            numbers={arm: number for number, arm in enumerate(context.looks, start=1)},
            notes=context.notes,
            folded=context.folded,
            race_arm=context.race_arm,
            marks=MARKS,
            false_gain=wording.FALSE_GAIN,
            downloads=PLACEHOLDER,
        )
    )
    return with_downloads(text, analysis)


def _script() -> Script:
    text = resources.files("lmkd_reports.presentation").joinpath("templates", "page.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Script(Markup(text), f"sha256-{digest}")  # noqa: S704 - our own file


def _environment() -> jinja2.Environment:
    own = {section.template: section.source for section in SECTIONS if section.source}
    templates = environment(sources=own)
    templates.filters["plain_arm"] = plain_name
    templates.filters["pair_heading"] = wording.pair_heading
    templates.filters["counted"] = cases.counted
    templates.filters["blocks_needed"] = scatter.blocks_needed
    templates.filters |= DIFFERENCE_FILTERS
    for module, names in ((kills, KILL_FILTERS), (units, UNIT_FILTERS)):
        templates.filters |= {name: getattr(module, name) for name in names}
    return templates
