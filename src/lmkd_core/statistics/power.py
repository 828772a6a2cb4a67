"""Power of the verdict's test: how often the sign-flip test of ``sign_flip`` claims a real difference.

Times are taken as lognormal: a common time, times the noise of the block, times the noise of the trial. Then
the test has about the power of a paired t test of the logarithms, whose t is noncentral (N. L. Johnson and
B. L. Welch, Biometrika 31, 1940, 362-389). Two corrections:

- With the fewest blocks the test claims a difference only if all blocks show it, and this has a probability
  of its own.
- The test adds differences in ms, to which slow blocks contribute more than fast ones. This costs more the
  noisier the blocks are. It is set for blocks as noisy as the trials of one arm.

bench/planning.py and tests/reports/test_power.py compare it with the test.
"""

from __future__ import annotations

import math

from scipy.special import nctdtr
from scipy.special import ndtr
from scipy.special import stdtrit

from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.statistics.shares import CONFIDENCE

LOSS = 0.25
"""How much of the effect the sum of differences in ms loses, per variance of the log ratios: 1 to 9 % at
standard deviations of 0.2 to 0.6, to which it was fitted by simulation, for blocks as noisy as one arm."""

CERTAIN = 20.0
"""A mean of the noncentral t beyond which the power is 1 to all digits; ``nctdtr`` fails beyond 40."""


def sign_flip_power(blocks: int, log_sd: float, ratio: float) -> float:
    """Returns the probability that the test claims a true ``ratio`` of times in its direction.

    ``log_sd`` is the standard deviation of the log ratios within blocks.
    """
    if blocks < MIN_BLOCKS:
        return 0.0
    if not log_sd:
        return 1.0
    shift = abs(math.log(ratio)) / log_sd
    if blocks == MIN_BLOCKS:
        return float(ndtr(shift) ** blocks)
    noncentrality = shift * math.exp(-LOSS * log_sd**2) * math.sqrt(blocks)
    if noncentrality > CERTAIN:
        return 1.0
    critical = stdtrit(blocks - 1, (1 + CONFIDENCE) / 2)
    return float(1 - nctdtr(blocks - 1, noncentrality, critical))
