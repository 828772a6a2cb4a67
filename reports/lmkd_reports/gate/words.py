"""Numbers of a comparison as readers see them, in printable ASCII."""

from __future__ import annotations

from lmkd_core.statistics.bounds import Bounds
from lmkd_reports.format.plain import plain
from lmkd_reports.gate.checks import Check
from lmkd_reports.gate.checks import Outcome
from lmkd_reports.gate.comparison import Compared
from lmkd_reports.metrics.kinds import Kind


def typical(kind: Kind, value: Bounds | None) -> str:
    """A median in ms, a mean, a share in percent."""
    return "-" if value is None else kind.text(value).replace("> ", ">")


def estimate(compared: Compared) -> str:
    """For example ``0.78x (0.59 to 1.11)``; ``-`` without an estimate."""
    return compared.metric.kind.estimate_text(compared.estimate) if compared.estimate else "-"


def result(check: Check) -> str:
    """The outcome of a check, in one sentence without its place."""
    compared = check.compared
    limit = check.limit.metric.kind.limit_text(check.limit.allowed)
    numbers = f"{compared.metric.name} {estimate(compared)}"
    if check.outcome is Outcome.NO_DATA:
        return plain(f"{compared.metric.name}: {compared.verdict}: {'; '.join(compared.notes)}")
    if check.outcome is Outcome.FAILED:
        return plain(f"{numbers}: worse beyond {limit}")
    if check.outcome is Outcome.PASSED:
        return plain(f"{numbers}: within {limit}")
    return plain(f"{numbers}: inconclusive, neither within nor beyond {limit}")
