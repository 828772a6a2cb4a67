"""The data inside the page, as far as there is room for them."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.presentation.arms_csv import arms_csv
from lmkd_reports.presentation.detail import MOST_PAGE_BYTES

PLACEHOLDER = Markup("<!-- the data, as far as there is room for them -->")
"""Marks their place until the size of the rest of the page is known."""

IN_A_URI = "/,:;@!$()*+=|"
"""What a data URI may hold as it is (RFC 2397, RFC 3986), and needs no escape in an attribute."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file inside the page."""

    name: str
    meaning: str
    uri: str
    size_kb: int


def with_downloads(page: str, analysis: Analysis) -> str:
    """The page with as much of the data as it has room for."""
    room = MOST_PAGE_BYTES - len(page.encode())
    items = []
    for download in _downloads(analysis):
        fits = len(download.uri) <= room
        room -= len(download.uri) if fits else 0
        items.append(_ITEM.render(download=download, fits=fits))
    return page.replace(PLACEHOLDER, "\n".join(items), 1)


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
    arms = _download(
        "arms.csv",
        "every arm in every stratum, one a line: late trials, mean and slowest times, memory held",
        "text/csv",
        arms_csv(analysis).encode(),
    )
    return [trials, arms, records] if analysis.has_times else [records]


_ITEM = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
    '<li>{% if fits %}<a download="{{ download.name }}" href="{{ download.uri }}">{{ download.name }}</a>'
    "{% else %}{{ download.name }}{% endif %} ({{ download.size_kb }} kB): {{ download.meaning }}"
    "{% if not fits %}; too large for this page, write it with <code>pytest-lmkd export RUN --csv</code> or "
    "take the files of the results directory{% endif %}</li>"
)


def _download(name: str, meaning: str, media_type: str, content: bytes) -> Download:
    """The file as a URI, by the shorter way to write it: text in percent encoding, bytes in base64."""
    ways = (f",{quote(content, safe=IN_A_URI)}", f";base64,{base64.b64encode(content).decode()}")
    return Download(name, meaning, f"data:{media_type}{min(ways, key=len)}", -(-len(content) // 1024))
