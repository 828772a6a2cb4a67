"""Curves over trials: the remaining charge over time, and the distribution of reclaim times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import quantile

GRID_POINTS = 80
"""Moments at which a band is drawn: closer together than two pixels of a small panel."""


@dataclass(frozen=True, slots=True)
class Band:
    """Quartiles, over trials, of the share still charged at ``times_ns`` since the kill."""

    times_ns: tuple[float, ...]
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """An empirical distribution function: ``shares[i]`` of the trials were done by ``times_ns[i]``."""

    times_ns: tuple[float, ...]
    shares: tuple[float, ...]


def curve_band(curves: Sequence[Sequence[tuple[int, int]]], at_kill_kb: Floats, end_ns: float) -> Band | None:
    """Returns the band of the trials' curves up to ``end_ns``; None if no trial has a curve.

    A curve is a sequence of points (µs since the kill, charged kB). A point is stored only when the charge
    changes, so between two points the charge is that of the earlier point.
    """
    drawn = [(points, kb) for points, kb in zip(curves, at_kill_kb, strict=True) if points and kb > 0]
    if not drawn:
        return None
    grid_ns = np.linspace(0.0, end_ns, GRID_POINTS)
    shares = np.array([_shares_on(grid_ns, points, kb) for points, kb in drawn])
    low, median, high = (_column_quantiles(shares, share) for share in (0.25, 0.5, 0.75))
    return Band(tuple(map(float, grid_ns)), low, median, high)


def distribution(times_ns: Floats) -> Steps | None:
    """Returns the distribution of times, in which NaN (censored) never ends; None without data."""
    if len(times_ns) == 0:
        return None
    done = np.sort(times_ns[~np.isnan(times_ns)])
    shares = np.arange(1, len(done) + 1) / len(times_ns)
    return Steps(tuple(map(float, done)), tuple(map(float, shares)))


def _shares_on(grid_ns: Floats, points: Sequence[tuple[int, int]], at_kill_kb: float) -> Floats:
    times_us, charged_kb = np.array(points, dtype=np.float64).T
    last = np.searchsorted(times_us * 1000, grid_ns, side="right") - 1
    charged = np.where(last < 0, at_kill_kb, charged_kb[np.maximum(last, 0)])
    return np.asarray(np.clip(charged / at_kill_kb, 0.0, 1.0), dtype=np.float64)


def _column_quantiles(shares: Floats, share: float) -> tuple[float, ...]:
    return tuple(quantile(column, share) for column in shares.T)
