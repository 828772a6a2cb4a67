"""Everything that a report says, computed once: page and text only put it into words."""

from __future__ import annotations

from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.combine import combine
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.verdicts import Verdict

__all__ = ["Analysis", "Verdict", "analyse", "combine"]
