"""Whether a negative control shows a gain that cannot be: then the harness is wrong, and the suite fails.

An arm is compared with ``kill+mrelease``, by the sign test over the blocks. A run has several controls, and
an honest harness may not fail because of chance in one of them: so all of a run's controls together give a
false alarm in at most 2.5 % of runs (Bonferroni; C. E. Bonferroni, 1936). With 10 blocks and 8 controls that
takes an arm which is faster in all 10.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import bdtrc

from pytest_lmkd.experiment.pairs import Block
from pytest_lmkd.experiment.pairs import paired_trials
from pytest_lmkd.experiment.pairs import reclaim_times

BASELINE = "kill+mrelease"
FALSE_ALARMS = 0.025
"""Share of runs of a correct harness in which some control may fail: the upper half of a 95 % interval."""


def false_gains(blocks: Sequence[Block], arms: Sequence[str], controls: int) -> list[str]:
    """A sentence for each of the arms that is faster than ``kill+mrelease``; ``controls`` a run has."""
    return [_sentence(blocks, arm) for arm in arms if _p_value(blocks, arm) <= FALSE_ALARMS / controls]


def chance_of(wins: int, compared: int) -> float:
    """How often one of two equal arms would win as often: the p of the one-sided sign test."""
    return float(bdtrc(wins - 1, compared, 0.5)) if compared else 1.0


def _p_value(blocks: Sequence[Block], arm: str) -> float:
    return chance_of(*_faster(blocks, arm))


def _sentence(blocks: Sequence[Block], arm: str) -> str:
    faster, compared = _faster(blocks, arm)
    return (
        f"{arm} was faster than {BASELINE} in {faster} of {compared} blocks, "
        "where it cannot be: do not trust this run"
    )


def _faster(blocks: Sequence[Block], arm: str) -> tuple[int, int]:
    """In how many blocks the arm was faster, of those in which either was."""
    baseline, candidate = (reclaim_times(trials) for trials in paired_trials(blocks, BASELINE, arm))
    never = np.inf  # not back by the timeout: longer than any time that was measured
    baseline, candidate = np.nan_to_num(baseline, nan=never), np.nan_to_num(candidate, nan=never)
    return int((candidate < baseline).sum()), int((candidate != baseline).sum())
