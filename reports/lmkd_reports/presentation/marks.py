"""A sign for each verdict, so that no page shows a verdict by colour alone."""

from __future__ import annotations

from lmkd_reports.analysis.verdicts import Verdict

MARKS = {
    Verdict.BETTER: "↓",
    Verdict.WORSE: "↑",
    Verdict.EQUIVALENT: "≈",
    Verdict.NO_CLEAR_DIFFERENCE: "~",
    Verdict.NOT_ENOUGH_DATA: "…",
    Verdict.INVALID: "×",
}
"""Less time is down."""
