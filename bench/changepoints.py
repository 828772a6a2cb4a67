"""Long simulation of the change points of a history: false changes, and steps that are found.

    .venv/bin/python bench/changepoints.py [--pages 500]

The populations of tests/reports/test_history.py (normal builds) and others that nothing was tuned on: heavy
tails, outliers, shares of ten calls, counts of eight episodes, each with a correlation from build to build.
Prints the share of pages of eight series with its Monte-Carlo error. Exits with status 1 if a page of normal
builds names a change where nothing changed in more than 7 %, or a step of 1.5x is found in less than 85 %.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter
from scipy.special import ndtr

from lmkd_core.statistics.changepoints import LEVEL
from lmkd_core.statistics.changepoints import SETTLING
from lmkd_core.statistics.changepoints import change_tests
from lmkd_core.statistics.multiplicity import holm

SERIES = 8
BUILD_SD = 0.08
SEED = 20260801

Rng = np.random.Generator
Array = np.ndarray
Draw = Callable[[Rng, int, float], Array]
"""Values of the shape (series, builds) with a correlation."""


def latent(rng: Rng, builds: int, correlation: float, shocks: Array | None = None) -> Array:
    size = (SERIES, SETTLING + builds)
    shocks = rng.normal(size=size) if shocks is None else shocks
    noise = lfilter([1.0], [1.0, -correlation], shocks, axis=1)[:, SETTLING:]
    return np.asarray(noise * math.sqrt(1 - correlation**2))


def normal(rng: Rng, builds: int, correlation: float) -> Array:
    return BUILD_SD * latent(rng, builds, correlation)


def heavy_tails(rng: Rng, builds: int, correlation: float) -> Array:
    """Shocks of Student's t with three degrees of freedom, which decay over the next builds."""
    return latent(rng, builds, correlation, rng.standard_t(3, (SERIES, SETTLING + builds)))


def outliers(rng: Rng, builds: int, correlation: float) -> Array:
    noise = latent(rng, builds, correlation)
    return np.asarray(noise + (rng.random(noise.shape) < 0.1) * rng.exponential(6, noise.shape))


def shares(rng: Rng, builds: int, correlation: float) -> Array:
    return np.asarray(rng.binomial(10, ndtr(0.6 * latent(rng, builds, correlation) - 0.25)) / 10)


def counts(rng: Rng, builds: int, correlation: float) -> Array:
    means = 2 * np.exp(0.3 * latent(rng, builds, correlation))
    return np.asarray(rng.poisson(means[..., np.newaxis], (SERIES, builds, 8)).mean(axis=2))


def changed(page: Array) -> list[tuple[int, tuple[int, ...]]]:
    """The series and places of the changes that a page names."""
    tests = [
        (number, test)
        for number, values in enumerate(page)
        if np.ptp(values)
        for test in change_tests(values, LEVEL / SERIES)
    ]
    corrected = holm([test.p for _, test in tests])
    return [(number, test.places) for (number, test), p in zip(tests, corrected, strict=True) if p <= LEVEL]


def show(name: str, hits: int, pages: int, within_bound: bool = True) -> bool:
    share = hits / pages
    error = math.sqrt(share * (1 - share) / pages)
    print(f"{share:6.1%} +- {error:.1%}  {'' if within_bound else 'BOUND BROKEN  '}{name}", flush=True)
    return within_bound


def false_changes(draw: Draw, builds: int, correlation: float, pages: int) -> bool:
    rng = np.random.default_rng([SEED, builds, round(10 * correlation)])
    hits = sum(bool(changed(draw(rng, builds, correlation))) for _ in range(pages))
    bound = draw is not normal or correlation > 0.5 or hits <= 0.07 * pages
    return show(
        f"name a change: {draw.__name__}, {builds} builds, correlation {correlation}", hits, pages, bound
    )


def steps(builds: int, correlation: float, factor: float, at: int, pages: int) -> bool:
    """Found within a build of its place, in one series of eight."""
    rng = np.random.default_rng([SEED, builds, round(10 * correlation), at])
    hits = 0
    for _ in range(pages):
        page = normal(rng, builds, correlation)
        page[0] += math.log(factor) * (np.arange(builds) >= at)
        hits += any(
            abs(place - at) <= 1 for number, places in changed(page) if number == 0 for place in places
        )
    bound = (builds, correlation, factor) != (20, 0, 1.5) or hits >= 0.85 * pages
    name = f"find a step of {factor}x at {at} of {builds} builds, correlation {correlation}"
    return show(name, hits, pages, bound)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pages", type=int, default=500)
    pages = parser.parse_args().pages
    within = []
    for builds in (20, 40):
        for correlation in (0, 0.3, 0.5):
            for factor, at in ((1.5, builds // 2), (1.5, builds - 6), (1.2, builds // 2)):
                within.append(steps(builds, correlation, factor, at, pages))
        for draw in (normal, heavy_tails, outliers, shares, counts):
            for correlation in (0, 0.3, 0.5, 0.7):
                within.append(false_changes(draw, builds, correlation, pages))
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
