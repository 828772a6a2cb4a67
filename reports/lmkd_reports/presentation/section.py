"""A section: one part of the page, and its share of the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format.notes import Notes
from lmkd_reports.presentation.page import Page


class Section:
    """The base of all sections. A section overrides what it has.

    The page shows the template of each section with its ``data``. The text prints the lines of all sections,
    already wrapped: for each device first the ``headlines``, then the ``body``; after all devices the
    ``legends``, and at its end the ``closing``.
    """

    name: ClassVar[str]
    """Its id on the page."""

    title: ClassVar[str]
    """Its entry in the table of contents."""

    source: ClassVar[str] = ""
    """Its template; empty: ``templates/sections/NAME.html.j2``."""

    rank: ClassVar[int] = 1
    """Its place in the text: lower ranks come first, equal ones in the order of the page."""

    @property
    def template(self) -> str:
        return f"sections/{self.name}.html.j2"

    def is_shown(self, page: Page) -> bool:
        """Whether the page has the section."""
        return True

    def data(self, page: Page) -> object:
        """The value of ``data`` in its template."""
        return None

    def headlines(self, device: DeviceResult, analysis: Analysis) -> Iterator[str]:
        yield from ()

    def body(self, device: DeviceResult, analysis: Analysis, notes: Notes) -> Iterator[str]:
        yield from ()

    def legends(self, analysis: Analysis) -> Iterator[str]:
        yield from ()

    def closing(self, analysis: Analysis) -> Iterator[str]:
        yield from ()
