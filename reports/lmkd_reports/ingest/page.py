"""Renders field logs as one HTML file without external resources or JavaScript."""

from __future__ import annotations

import base64
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from lmkd_core.logs.clocks import CALENDAR
from lmkd_core.logs.clocks import DAY_CLOCK
from lmkd_core.logs.clocks import EPOCH_CLOCK
from lmkd_core.logs.clocks import HOST_CLOCK
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.deaths import with_names
from lmkd_core.logs.json_lines import json_lines
from lmkd_core.logs.reading import TYPES
from lmkd_core.logs.summary import Findings
from lmkd_core.logs.summary import Summary
from lmkd_core.logs.times import gaps as gaps_of
from lmkd_core.logs.times import kill_to_death
from lmkd_core.logs.times import timed_deaths
from lmkd_core.logs.victims import apps
from lmkd_core.records.masking import Masker
from lmkd_reports.ingest import times_views
from lmkd_reports.ingest import views
from lmkd_reports.ingest.figure import MOST_MARKS
from lmkd_reports.ingest.figure import SLICES
from lmkd_reports.ingest.figure import timeline
from lmkd_reports.ingest.sentences import PLAY_API
from lmkd_reports.ingest.sentences import PLAY_LMK
from lmkd_reports.ingest.sentences import after_kill_sentence
from lmkd_reports.ingest.sentences import app_days
from lmkd_reports.ingest.sentences import death_sentence
from lmkd_reports.ingest.sentences import gap_sentence
from lmkd_reports.ingest.sentences import in_use_sentence
from lmkd_reports.ingest.sentences import killed_sentence
from lmkd_reports.ingest.sentences import late_sentence
from lmkd_reports.ingest.text import MEANINGS
from lmkd_reports.ingest.text import esrch_sentence
from lmkd_reports.ingest.times_figures import dying_figures
from lmkd_reports.ingest.times_figures import gap_figures
from lmkd_reports.presentation.detail import MOST_PAGE_BYTES
from lmkd_reports.presentation.jinja import environment

MOST_FIGURES = 4
MOST_FILES = 40
COUNTED = f"; the area of a disc is the number of deaths in one of {SLICES} slices"
MOST_QUOTED = 100
MOST_OPEN = 40
"""The deaths beyond these are folded."""

MOST_FRAME_BYTES = 400
"""Room for the text around the download."""

DOWNLOAD = Markup("<!-- the records, if they fit -->")
"""``render_page`` replaces this once the size of the rest is known."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its caption; ``svg`` is safe."""

    caption: str
    svg: Markup


def render_page(findings: Findings, masker: Masker) -> str:
    """Returns the HTML, at most ``MOST_PAGE_BYTES``. Jinja2 escapes all text that came from a log."""
    account, summary = findings.account, findings.summary
    timed = timed_deaths(summary.deaths)
    gaps = gaps_of(timed)
    page: str = (
        environment("lmkd_reports.ingest")
        .get_template("ingest.html.j2")
        .render(
            account=account,
            summary=summary,
            problems=[views.shown(problem) for problem in findings.problems],
            parsed=[(name, account.parsed[name], MEANINGS[name]) for name in TYPES if account.parsed[name]],
            files=[(views.shown(name), lines) for name, lines in account.files.most_common(MOST_FILES)],
            killed=killed_sentence(summary.deaths, views.shown),
            tiles=list(times_views.tiles(summary, timed, gaps)),
            killer_bars=times_views.killer_bars(summary),
            app_bars=times_views.app_bars(summary),
            apps=len(apps(summary.deaths)),
            in_use=in_use_sentence(summary.deaths),
            app_days=app_days(summary.deaths),
            days=times_views.day_rows(summary),
            most_days=times_views.MOST_DAYS,
            play_lmk=PLAY_LMK,
            play_api=PLAY_API,
            dying=death_sentence(kill_to_death(timed)),
            ends=list(times_views.end_rows(timed)),
            sizes=list(times_views.size_rows(timed)),
            gaps=list(times_views.gap_rows(gaps)),
            following=[gap_sentence(gaps), after_kill_sentence(summary), late_sentence(summary)],
            dying_figures=list(dying_figures(timed)),
            gap_figures=list(gap_figures(gaps)),
            killers=list(views.killer_views(summary)),
            processes=views.process_views(summary),
            deaths=views.notable_deaths(summary),
            cascades=views.cascade_views(summary),
            figures=list(_figures(summary)),
            esrch=esrch_sentence(summary),
            quoted=[
                (views.shown(line), views.shown(line.text)) for line in account.not_understood[:MOST_QUOTED]
            ],
            most_processes=views.MOST_PROCESSES,
            most_open=MOST_OPEN,
            download=DOWNLOAD,
        )
    )
    masked = masker.text(page)
    return masked.replace(DOWNLOAD, _download(findings, masker, MOST_PAGE_BYTES - len(masked.encode())), 1)


def _figures(summary: Summary) -> Iterator[Figure]:
    """Draws one figure per clock; the clocks with most deaths come first."""
    by_clock: dict[str, list[Death]] = defaultdict(list)
    for death in summary.deaths:
        if death.first.clock and death.first.time_ms is not None:
            by_clock[death.first.clock].append(death)
    by_count = sorted(by_clock.items(), key=lambda item: -len(item[1]))
    for number, (clock, deaths) in enumerate(by_count[:MOST_FIGURES]):
        caption = f"Deaths over time, by killer ({_clock_name(clock)})"
        svg = timeline(deaths, f"timeline-{number}", caption)
        if svg:
            more = COUNTED if len(deaths) > MOST_MARKS else ""
            yield Figure(caption + more, Markup(svg))  # noqa: S704 - our own SVG, escaped


def _clock_name(clock: str) -> str:
    names = {
        CALENDAR: "the device's local time",
        EPOCH_CLOCK: "UTC",
        DAY_CLOCK: "the device's local time, without a date",
        HOST_CLOCK: "the time of the machine that kept the log",
    }
    return names.get(clock) or f"the {views.shown(clock)}"


def _download(findings: Findings, masker: Masker, room_bytes: int) -> Markup:
    """The link to the packed records, or their size and the command that prints them if they do not fit."""
    deaths = findings.summary.deaths
    lines = masker.text(json_lines(with_names(findings.events, deaths), deaths).decode())
    packed = gzip.compress(lines.encode(), mtime=0)
    uri = f"data:application/gzip;base64,{base64.b64encode(packed).decode()}"
    fits = len(uri) + MOST_FRAME_BYTES <= room_bytes
    return Markup(_DOWNLOAD.render(uri=uri, fits=fits, size_kb=-(-len(packed) // 1024)))  # noqa: S704 - escaped


_DOWNLOAD = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
    '{% if fits %}<a download="ingest.jsonl.gz" href="{{ uri }}">ingest.jsonl.gz</a>{% else %}ingest.jsonl.gz'
    "{% endif %} ({{ size_kb }} kB): every record and every death as JSON lines, gzip"
    "{% if not fits %}; too large for this page: <code>pytest-lmkd ingest FILE --json</code> prints them"
    "{% endif %}"
)
