"""The common part of all comparisons of two arms: their claim, and whether it survives on a page of many."""

from __future__ import annotations

from lmkd_core.records.arms import once
from lmkd_core.statistics.planning import BlockRange
from lmkd_core.statistics.shares import CONFIDENCE
from lmkd_reports.analysis.verdicts import Verdict


class Claim:
    """``candidate`` against ``baseline``.

    ``blocks_needed``: the blocks that would detect the difference of interest; None if not known. ``p_page``:
    the p after the correction for all strata of the device (``together``); None without a p.
    """

    __slots__ = ()

    candidate: str
    baseline: str
    verdict: Verdict
    blocks_needed: BlockRange | None
    p_page: float | None

    @property
    def pair(self) -> tuple[str, str]:
        return self.candidate, self.baseline

    @property
    def is_again(self) -> bool:
        """Whether an arm is compared with itself (A/A): a difference is noise."""
        return once(self.candidate) == once(self.baseline)

    @property
    def is_claim(self) -> bool:
        """Whether a difference is claimed."""
        return self.verdict in {Verdict.BETTER, Verdict.WORSE}

    @property
    def holds_together(self) -> bool:
        """Whether the claim survives the correction for all strata of its device."""
        return self.is_claim and self.p_page is not None and self.p_page <= 1 - CONFIDENCE

    @property
    def p(self) -> float | None:
        """The comparison's own p; None if it has no interval."""
        raise NotImplementedError

    @property
    def least_p(self) -> float:
        """The smallest p that its number of blocks allows."""
        raise NotImplementedError

    @property
    def is_unanimous(self) -> bool:
        """Whether its p is as small as its number of blocks allows."""
        return self.p is not None and self.p <= self.least_p
