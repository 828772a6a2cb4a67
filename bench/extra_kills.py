"""Extra kills in toy episodes with a known truth: measured, and by the replay; and rare large savings.

    .venv/bin/python bench/extra_kills.py [--runs 2000]

The episodes are those of tests/reports/toy_episodes.py. Prints four tables: 60 blocks of each case; the
coverage of the measured extra kills' interval; one unstalled episode for all arms against one for each arm;
and the coverage of the interval if few blocks save many kills. Exits with status 1 if the measured extra
kills are covered in less than 93 % of the runs of any case.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import test_extra_kills as extra_kills
import toy_episodes as toy

from lmkd_core.statistics.differences import paired_difference

BLOCKS = (6, 8, 12, 20)
POPULATION = 5000
SEEDS = 60
LATE_EXIT_S = 0.03
"""An arm whose victims exit this late even without a stall."""

Floats = NDArray[np.float64]
Interval = Callable[[Floats], tuple[float, float]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    print_cases()
    lowest = print_coverage(runs)
    print_references()
    print_rare_savings(runs)
    return 0 if lowest >= extra_kills.COVERED else 1


def print_cases() -> None:
    print(f"{SEEDS} blocks: true extra kills; measured; the replay's range, and how often it holds")
    for case in toy.CASES:
        rng = np.random.default_rng(extra_kills.SEED)
        truth = extra_kills.population(case, rng, POPULATION).truth.mean()
        measured = extra_kills.measured(extra_kills.population(case, rng, SEEDS), np.arange(SEEDS))
        replay = extra_kills.replayed(case, rng, SEEDS)
        ends = f"({measured.low:+.2f} to {measured.high:+.2f})"
        replayed = f"{replay.least.mean():.2f} to {replay.most.mean():.2f}, {replay.holds:4.0%}"
        print(f"  {case.name:<30} {truth:+6.2f}  {measured.mean:+6.2f} {ends}  {replayed}", flush=True)


def print_coverage(runs: int) -> float:
    print(f"\n{runs} runs: the interval of the measured extra kills covers the truth, by blocks {BLOCKS}")
    lowest = 1.0
    for case in toy.CASES:
        shares = [extra_kills.coverage(case, size, count=POPULATION, runs=runs) for size in BLOCKS]
        lowest = min(lowest, *shares)
        print(f"  {case.name:<30} " + " ".join(f"{share:6.1%}" for share in shares), flush=True)
    return lowest


def print_references() -> None:
    """Two arms whose victims are held alike; those of one also exit late, whether held or not."""
    print(
        "\nextra kills by block against the baseline's unstalled episode, and against the arm's own: mean, sd"
    )
    case = toy.CASES[2]
    rng = np.random.default_rng(extra_kills.SEED)
    sizes = toy.seeds(rng, POPULATION)

    def kills(delays_s: Floats) -> Floats:
        return toy.run(sizes, toy.noises(rng, POPULATION), delays_s, case.reclaim).kills.astype(np.float64)

    shared, own = kills(toy.at_once()), kills(toy.at_once() + LATE_EXIT_S)
    arms = {
        "baseline, back at once": (kills(case.delays_s()), shared),
        "arm, back after 30 ms": (kills(np.maximum(case.delays_s(), LATE_EXIT_S)), own),
    }
    for name, (stalled, unstalled) in arms.items():
        extras = (stalled - shared, stalled - unstalled)
        shown = (f"{extra.mean():+.2f} {extra.std():.2f}" for extra in extras)
        print(f"  {name:<30} " + " ".join(f"{text:>12}" for text in shown), flush=True)
    baseline, arm = arms.values()
    of_kills, of_extras = arm[0] - baseline[0], (arm[0] - arm[1]) - (baseline[0] - baseline[1])
    print(f"  their difference: in kills {of_kills.mean():+.2f} {of_kills.std():.2f}, ", end="")
    print(f"in extra kills against their own {of_extras.mean():+.2f} {of_extras.std():.2f}", flush=True)


def rare(share: float, saved: int) -> Callable[[np.random.Generator, int], Floats]:
    """``saved`` kills fewer in a ``share`` of the blocks, no difference in the others."""
    return lambda rng, blocks: -saved * (rng.random(blocks) < share).astype(np.float64)


def ours(differences: Floats) -> tuple[float, float]:
    paired = paired_difference(differences, np.zeros(len(differences)))
    assert paired is not None and paired.low is not None and paired.high is not None
    return paired.low, paired.high


@cache
def _uniforms(size: int) -> Floats:
    return np.sort(np.random.default_rng(extra_kills.SEED).random((2000, size)), axis=1)


def bounded(differences: Floats) -> tuple[float, float]:
    """An interval for counts that are only known to lie between -12 and 12 (Gaffke 2005).

    Its coverage is conjectured for all such distributions (E. Learned-Miller and P. S. Thomas, A new
    confidence interval for the mean of a bounded random variable, arXiv 1905.06208, 2019).
    """
    ends = [_upper(differences * sign) * sign for sign in (1, -1)]
    return min(ends), max(ends)


def _upper(differences: Floats) -> float:
    values = np.append(np.sort(differences), toy.APPS)
    means = values[-1] - _uniforms(len(differences)) @ np.diff(values)
    return float(np.quantile(means, 0.975))


def print_rare_savings(runs: int) -> None:
    print(f"\n{runs} runs of rare savings: coverage, mean width, and runs that claim more kills, by blocks")
    intervals: dict[str, Interval] = {"ours": ours, "bounded by the number of apps": bounded}
    for saved, share in ((3, 0.2), (5, 0.1)):
        for name, interval in intervals.items():
            cells = [
                _rare_cell(rare(share, saved), -saved * share, interval, size, runs) for size in (*BLOCKS, 40)
            ]
            print(f"  {saved} saved in {share:.0%} of blocks, {name:<30} " + "  ".join(cells), flush=True)


def _rare_cell(
    draw: Callable[[np.random.Generator, int], Floats], truth: float, interval: Interval, size: int, runs: int
) -> str:
    rng = np.random.default_rng(extra_kills.SEED + size)
    ends = np.array([interval(draw(rng, size)) for _ in range(runs)])
    covered = np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
    return f"{size}: {covered:.0%} {(ends[:, 1] - ends[:, 0]).mean():.1f} {np.mean(ends[:, 0] > 0):.0%}"


if __name__ == "__main__":
    sys.exit(main())
