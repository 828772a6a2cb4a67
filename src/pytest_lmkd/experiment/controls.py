"""Negative controls: a gain where none is possible means that the harness is wrong, and the suite fails.

The sign test over the blocks compares an arm with ``kill+mrelease``. A run has several controls; all of them
together raise a false alarm in at most 2.5 % of correct runs (Bonferroni correction; C. E. Bonferroni, 1936).
With 10 blocks and 8 controls, an alarm takes an arm that is faster in all 10.
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
"""Share of correct runs in which some control may fail: the upper half of a 95 % interval."""


def false_gains(blocks: Sequence[Block], arms: Sequence[str], controls: int) -> list[str]:
    """A sentence for each arm that is faster than ``kill+mrelease``. A run has ``controls`` controls."""
    return [_sentence(blocks, arm) for arm in arms if _p_value(blocks, arm) <= FALSE_ALARMS / controls]


def chance_of(wins: int, compared: int) -> float:
    """The p-value of the one-sided sign test: ``wins`` or more of ``compared`` between equal arms."""
    return float(bdtrc(wins - 1, compared, 0.5)) if compared else 1.0


def _p_value(blocks: Sequence[Block], arm: str) -> float:
    return chance_of(*_faster(blocks, arm))


def _sentence(blocks: Sequence[Block], arm: str) -> str:
    faster, compared = _faster(blocks, arm)
    return (
        f"{arm} was faster than {BASELINE} in {faster} of {compared} blocks, "
        "where no gain is possible: do not trust this run"
    )


def _faster(blocks: Sequence[Block], arm: str) -> tuple[int, int]:
    """The number of blocks in which the arm was faster, and of those in which either was."""
    baseline, candidate = (reclaim_times(trials) for trials in paired_trials(blocks, BASELINE, arm))
    never = np.inf  # censored at the timeout: longer than any measured time
    baseline, candidate = np.nan_to_num(baseline, nan=never), np.nan_to_num(candidate, nan=never)
    return int((candidate < baseline).sum()), int((candidate != baseline).sum())
