"""What the parts of a run cost on one device: guesses at first, then what this run measured.

The logarithm of measured over guessed time is taken as a sum of two: the pace of the device (it and its host
get faster and slower during a run), and the error of the guess for each kind of work. A measurement corrects
both by their uncertainties, as a Kalman filter does (R. E. Kalman, Journal of Basic Engineering 82, 1960,
35-45), here without their covariance. The pace gets uncertain again with time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from dataclasses import field
from typing import Literal

Group = Literal["attachments", "boots", "cases", "trials", "episodes", "observations", "reports"]

PACE_SD = 0.7
"""Standard deviation of the logarithm of the pace at first: devices differ by factors of two to four."""

GUESS_SD = 0.4
"""That of the error of a guess: most hold within a factor of two."""

SCATTER_SD = 0.3
"""That of a measurement of a minute, which no pace explains."""

SCATTER_S = 0.5
"""And what is added to that of a short one: the host's part of a block."""

DRIFT_SD = 0.4
"""By so much the pace may change in ``DRIFT_S``: a host gets busy or idle."""

DRIFT_S = 300.0

SURPRISE = 20.0
"""Measured and expected time are taken as if they differed by this factor at most."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Work of one kind, in units: blocks of a stratum, cases, boots. ``unit_s``: the guess for one unit."""

    group: Group
    name: str
    unit_s: float


@dataclass(slots=True)
class _Factor:
    """The logarithm of a factor, and its variance."""

    variance: float
    log: float = 0.0

    def correct(self, error: float, total_variance: float) -> None:
        """Takes its share of the ``error`` of a sum of that variance."""
        share = self.variance / total_variance
        self.log += share * error
        self.variance *= 1 - share


@dataclass(slots=True)
class CostModel:
    """The costs on one device."""

    _pace: _Factor = field(default_factory=lambda: _Factor(PACE_SD**2))
    _kinds: dict[Kind, _Factor] = field(default_factory=dict)

    def learn(self, kind: Kind, units: float, took_s: float) -> None:
        """Takes in that ``units`` of ``kind`` took ``took_s`` seconds."""
        expected_s = units * self.unit_s(kind)
        if expected_s <= 0:
            return
        self._pace.variance += DRIFT_SD**2 * took_s / DRIFT_S
        factors = self._pace, self._of(kind)
        scatter = SCATTER_SD**2 + (SCATTER_S / expected_s) ** 2
        variance = sum(factor.variance for factor in factors) + scatter
        error = math.log(min(max(took_s / expected_s, 1 / SURPRISE), SURPRISE))
        for factor in factors:
            factor.correct(error, variance)

    def unit_s(self, kind: Kind) -> float:
        """The expected seconds of one unit."""
        return kind.unit_s * math.exp(self._pace.log + self._of(kind).log)

    def _of(self, kind: Kind) -> _Factor:
        return self._kinds.setdefault(kind, _Factor(GUESS_SD**2))
