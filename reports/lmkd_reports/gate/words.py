"""Numbers and names of a comparison as readers see them, in printable ASCII."""

from __future__ import annotations

from lmkd_core.statistics.bounds import Bounds
from lmkd_reports.format import units
from lmkd_reports.format.plain import plain
from lmkd_reports.gate.checks import Check
from lmkd_reports.gate.checks import Outcome
from lmkd_reports.gate.comparison import Compared
from lmkd_reports.gate.limits import Limit
from lmkd_reports.gate.metrics import Kind


def typical(kind: Kind, value: Bounds | None) -> str:
    """A median in ms, a mean, a share in percent."""
    if value is None:
        return "-"
    if kind is Kind.TIME:
        return units.ms(value).replace("> ", ">")
    return units.percent(value.low) if kind is Kind.SHARE else f"{value.low:.3g}"


def estimate(found: Compared) -> str:
    """For example ``0.78x (0.59 to 1.11)``, ``+0.5 (+0.1 to +0.9)``, ``+40 (+10 to +60) pp``."""
    if found.estimate is None:
        return "-"
    value, interval = found.estimate.value, found.estimate.interval
    if found.metric.kind is Kind.TIME:
        return units.ratio(value) + (f" ({units.interval(interval)})" if interval else "")
    shown, unit = (points, " pp") if found.metric.kind is Kind.SHARE else (signed, "")
    ends = f" ({shown(interval.low)} to {shown(interval.high)})" if interval else ""
    return f"{shown(value.low)}{ends}{unit}"


def signed(value: float) -> str:
    """With its sign: two decimals at most, none from ten on."""
    text = f"{value:+.0f}" if abs(value) >= 10 else f"{value:+.2f}".rstrip("0").rstrip(".")
    return "0" if float(text) == 0 else text


def points(share: float) -> str:
    """Percentage points with their sign; a decimal below ten."""
    percent = round(100 * share, 1)
    return signed(percent) if abs(percent) < 10 else f"{percent:+.0f}"


def most(limit: Limit) -> str:
    """The limit in the words of ``estimate``."""
    if limit.metric.kind is Kind.TIME:
        return f"{limit.most:.6g}x"
    return f"{limit.allowed * 100:+.6g} pp" if limit.metric.kind is Kind.SHARE else f"{limit.allowed:+.6g}"


def result(check: Check) -> str:
    """What came of a check, in one sentence without its place."""
    found = check.found
    numbers = f"{found.metric.name} {estimate(found)}"
    if check.outcome is Outcome.NO_DATA:
        return plain(f"{found.metric.name}: {found.verdict}: {'; '.join(found.notes)}")
    if check.outcome is Outcome.FAILED:
        return plain(f"{numbers}: worse beyond {most(check.limit)}")
    held = "within" if check.is_within else "not shown to be beyond"
    return plain(f"{numbers}: {held} {most(check.limit)}")
