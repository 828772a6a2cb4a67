"""The verdict: a sentence for each pair of arms, on each device."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from lmkd_core.records.stratum import Stratum
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.notes import Notes
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation import differences
from lmkd_reports.presentation.boots import boots_line
from lmkd_reports.presentation.controls import control_headline
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.scatter import serial
from lmkd_reports.presentation.section import Section
from lmkd_reports.presentation.wording import asked_pairs
from lmkd_reports.presentation.wording import device_comparisons
from lmkd_reports.presentation.wording import device_line
from lmkd_reports.presentation.wording import headline
from lmkd_reports.presentation.wording import meter
from lmkd_reports.presentation.wording import noise_floor
from lmkd_reports.presentation.wording import order_warning
from lmkd_reports.presentation.wording import pair_name
from lmkd_reports.presentation.wording import unsteady

VERDICT_COLUMNS = 19
RATIO_COLUMNS = 6


class VerdictSection(Section):
    name = "verdict"
    title = "Verdict"
    rank = 0

    def is_shown(self, page: Page) -> bool:
        return page.compares_arms

    def headlines(self, device: DeviceResult, analysis: Analysis) -> Iterator[str]:
        yield from wrapped(f"   {device_line(device)}", indent="   ")
        yield from wrapped(f"   {meter(device)}", indent="     ")
        for pair in asked_pairs(device, analysis) if analysis.has_times else ():
            yield from wrapped(f"   {headline(device, pair)}", indent="     ")
        for text in (
            boots_line(device),
            control_headline(device),
            noise_floor(device),
            unsteady(device),
            serial(device),
            order_warning(device),
        ):
            yield from wrapped(f"   {text}", indent="     ")

    def body(self, device: DeviceResult, analysis: Analysis, notes: Notes) -> Iterator[str]:
        """One line per stratum: the main question, and impossible gains in controls, marked ``!!``."""
        false_gains = [comparison for result in device.strata for comparison in result.false_gains]
        for pair in analysis.pairs[:1]:
            yield from _overview(f"{pair_name(pair)}:", device_comparisons(device, pair), ())
        for pair in analysis.control_pairs:
            compared = device_comparisons(device, pair, controls=True)
            if pair[0] != analysis.pairs[0][0]:
                compared = [entry for entry in compared if entry[1].verdict == Verdict.BETTER]
            title = f"{pair_name(pair)}, controls, where no gain is possible:"
            yield from _overview(title, compared, false_gains)


def _overview(
    title: str, compared: Sequence[tuple[Stratum, Comparison]], false_gains: Sequence[Comparison]
) -> Iterator[str]:
    if compared:
        yield ""
        yield from wrapped(f"  {title}", indent="    ")
    for stratum, comparison in compared:
        yield from _overview_line(stratum, comparison, " !!" if comparison in false_gains else "")


def _overview_line(stratum: Stratum, comparison: Comparison, mark: str) -> Iterator[str]:
    ratio = differences.ratio(comparison)
    shown = "mixed" if ratio == differences.TWO_GROUPS else ratio.replace("> ", ">").replace("< ", "<")
    line = (
        f"  {comparison.verdict:<{VERDICT_COLUMNS}} {shown:>{RATIO_COLUMNS}}  {stratum_name(stratum)}{mark}"
    )
    yield from wrapped(line, indent=" " * (VERDICT_COLUMNS + RATIO_COLUMNS + 7))
