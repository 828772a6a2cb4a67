"""All sections, in the order of the page. A new section is one file and one line here."""

from __future__ import annotations

from lmkd_reports.presentation.section import Section
from lmkd_reports.presentation.sections.answer import AnswerSection
from lmkd_reports.presentation.sections.apps import AppsSection
from lmkd_reports.presentation.sections.conformance import ConformanceSection
from lmkd_reports.presentation.sections.controls import ControlsSection
from lmkd_reports.presentation.sections.data import DataSection
from lmkd_reports.presentation.sections.devices import DevicesSection
from lmkd_reports.presentation.sections.environment import EnvironmentSection
from lmkd_reports.presentation.sections.heatmap import HeatmapSection
from lmkd_reports.presentation.sections.left_out import LeftOutSection
from lmkd_reports.presentation.sections.pressure import PressureSection
from lmkd_reports.presentation.sections.reading import ReadingSection
from lmkd_reports.presentation.sections.strata import StrataSection
from lmkd_reports.presentation.sections.verdict import VerdictSection

SECTIONS: tuple[Section, ...] = (
    AnswerSection(),
    HeatmapSection(),
    VerdictSection(),
    DevicesSection(),
    PressureSection(),
    ControlsSection(),
    ConformanceSection(),
    AppsSection(),
    StrataSection(),
    LeftOutSection(),
    ReadingSection(),
    EnvironmentSection(),
    DataSection(),
)

IN_TEXT = tuple(sorted(SECTIONS, key=lambda section: section.rank))
"""The same in the order of the text."""
