"""What the arm before it, and its place in a block, do to a trial's time: a regression on the log times.

Each block has a level of its own, and so has each arm in each stratum; both are swept out. The rest is a
linear model of the arm before and the place (B. Jones and M. G. Kenward, Design and Analysis of Cross-Over
Trials, 3rd ed. 2014, chapter 5). Intervals are t intervals whose variance is that of the sums over blocks
(K.-Y. Liang and S. L. Zeger, Biometrika 73, 1986), so the trials of a block may depend on each other. All
intervals of one call hold together in 95 % of runs (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.paired import ratio_from_log
from lmkd_core.statistics.shares import CONFIDENCE

MIN_BLOCKS = 12
"""Fewer blocks say too little about their own scatter."""

SWEEPS = 50
"""Enough to sweep out both kinds of levels; one is exact if every block has every arm."""

Codes = NDArray[np.intp]
"""A number from 0 on for each trial: its block, or its stratum and arm, or the arm before it."""


@dataclass(frozen=True, slots=True)
class OrderEffect:
    """The time of trials with one predecessor (or place), as a ratio to that of trials with another."""

    ratio: float
    interval: Bounds


def order_effects(
    log_times: Floats, blocks: Codes, cells: Codes, factors: Sequence[Codes]
) -> list[list[OrderEffect | None]]:
    """Returns, for each factor, the effect of each of its levels against the mean of its others.

    ``cells`` numbers the arms of all strata. An effect that the design cannot separate from others is None,
    and so are all if there are fewer than ``MIN_BLOCKS`` blocks.
    """
    contrasts = [_contrasts(codes) for codes in factors]
    if len(np.unique(blocks)) < MIN_BLOCKS:
        return [[None] * len(rows) for rows in contrasts]
    columns = np.hstack([np.eye(len(rows))[codes] for rows, codes in zip(contrasts, factors, strict=True)])
    swept = _swept(np.column_stack([log_times, columns]), blocks, cells)
    model = _Model.fitted(swept[:, 0], swept[:, 1:], blocks, cells)
    level = 1 - (1 - CONFIDENCE) / sum(map(len, contrasts))
    effects: list[list[OrderEffect | None]] = []
    start = 0
    for rows in contrasts:
        padded = np.zeros((len(rows), columns.shape[1]))
        padded[:, start : start + len(rows)] = rows
        effects.append([model.effect(row, level) for row in padded])
        start += len(rows)
    return effects


def _contrasts(codes: Codes) -> Floats:
    """A row per level: 1 for it, and minus the mean of the others."""
    count = int(codes.max()) + 1 if len(codes) else 0
    return np.asarray(np.eye(count) * count - 1, dtype=np.float64) / max(1, count - 1)


def _swept(values: Floats, *levels: Codes) -> Floats:
    """The values without the means of each level of each kind."""
    for _ in range(SWEEPS):
        for codes in levels:
            sums = np.zeros((int(codes.max()) + 1, values.shape[1]))
            np.add.at(sums, codes, values)
            values = values - (sums / np.maximum(1, np.bincount(codes))[:, None])[codes]
    return values


@dataclass(frozen=True, slots=True)
class _Model:
    coefficients: Floats
    inverse: Floats
    gram: Floats
    variance: Floats
    freedom: int

    @classmethod
    def fitted(cls, times: Floats, columns: Floats, blocks: Codes, cells: Codes) -> _Model:
        gram = columns.T @ columns
        inverse = np.asarray(np.linalg.pinv(gram, rcond=1e-9, hermitian=True), dtype=np.float64)
        coefficients = inverse @ columns.T @ times
        scores = np.zeros((int(blocks.max()) + 1, columns.shape[1]))
        np.add.at(scores, blocks, columns * (times - columns @ coefficients)[:, None])
        clusters = len(np.unique(blocks))
        parameters = int(np.linalg.matrix_rank(gram, tol=1e-6)) + clusters + len(np.unique(cells)) - 1
        correction = clusters / (clusters - 1) * len(times) / max(1, len(times) - parameters)
        variance = inverse @ (scores.T @ scores) @ inverse * correction
        return cls(coefficients, inverse, gram, variance, clusters - 1)

    def effect(self, contrast: Floats, level: float) -> OrderEffect | None:
        if not contrast.any() or not np.allclose(self.gram @ (self.inverse @ contrast), contrast, atol=1e-6):
            return None
        middle = float(contrast @ self.coefficients)
        reach = (
            float(stdtrit(self.freedom, (1 + level) / 2)) * float(contrast @ self.variance @ contrast) ** 0.5
        )
        return OrderEffect(
            ratio_from_log(middle), Bounds(ratio_from_log(middle - reach), ratio_from_log(middle + reach))
        )
