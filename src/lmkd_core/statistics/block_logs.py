"""The log ratio of each block, for all that looks beyond their median: scale, serial dependence, pooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.paired import log_ratio_limits


@dataclass(frozen=True, slots=True)
class BlockLogs:
    """The least and greatest possible log ratio of each block, blocks in their order; equal if exact."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def exact(self) -> bool:
        """Whether each log ratio is known."""
        return self.low == self.high

    @property
    def known(self) -> Floats:
        """One log ratio a block, with a censored time taken as its timeout; blocks without any left out."""
        low, high = np.array(self.low, dtype=np.float64), np.array(self.high, dtype=np.float64)
        values = np.where(np.isfinite(low), low, high)
        return np.asarray(values[np.isfinite(values)], dtype=np.float64)


def block_logs(
    candidate_ns: Floats, baseline_ns: Floats, candidate_timeout_ns: Floats, baseline_timeout_ns: Floats
) -> BlockLogs:
    """Returns the log ratios of times paired by position; NaN means longer than its timeout."""
    low, high = log_ratio_limits(candidate_ns, baseline_ns, candidate_timeout_ns, baseline_timeout_ns)
    return BlockLogs(tuple(low.tolist()), tuple(high.tolist()))
