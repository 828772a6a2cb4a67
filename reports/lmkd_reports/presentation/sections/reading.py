"""How to read the page."""

from __future__ import annotations

from dataclasses import dataclass

from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section
from lmkd_reports.presentation.wording import REGIMES
from lmkd_reports.presentation.wording import confidence_note
from lmkd_reports.presentation.wording import equivalence


@dataclass(frozen=True, slots=True)
class Help:
    regimes: dict[str, str]
    confidence_note: str
    equivalent: str


class ReadingSection(Section):
    name = "reading"
    title = "How to read"

    def is_shown(self, page: Page) -> bool:
        return page.compares_arms

    def data(self, page: Page) -> Help:
        return Help(REGIMES, confidence_note(page.analysis), equivalence(page.analysis))
