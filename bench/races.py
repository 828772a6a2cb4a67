"""Long simulation of races: the power of the verdict's test, its errors, and the width of intervals.

    .venv/bin/python bench/races.py [--runs 4000]

The populations are those of tests/reports/test_races.py. The first rows have the shares of runs in which
the candidate is called better or worse, the next those of times in two groups, the last the blocks until the
interval of the ratio is within 10 % at the median, and how often it covers the median ratio.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import test_races as races

from lmkd_core.statistics.paired import interval_rank
from lmkd_core.statistics.two_groups import in_two_groups

Logs = np.ndarray
Ends = tuple[Logs, Logs]
SIZES = (12, 20, 50)
WIDTH_RUNS = 200
SPREAD = 0.3 / np.sqrt(2)
"""Of one arm's log times, so that log ratios have a spread of 0.3, as the demo's."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=4000)
    races.RUNS = parser.parse_args().runs
    claims()
    groups()
    for shape in ("clean", "outliers", "lost races"):
        for name, interval in (("sign test", sign_test), ("Walsh averages", walsh), ("t of logs", t_of_logs)):
            print(f"{shape}, {name}: {widths(shape, interval)}", flush=True)


def claims() -> None:
    faster = {"two in five lost": races.races(0.4), "three in ten lost": races.races(0.3)}
    equal = (races.lognormal, races.heavy, races.with_outliers, races.half_lost, races.in_ticks)
    cases = [(name, races.races(0), baseline) for name, baseline in faster.items()]
    cases += [(f"{draw.__name__}, equal arms", draw, draw) for draw in equal]
    for name, candidate, baseline in cases:
        for blocks in (6, 8, 10, 12, 20):
            better, worse = races.claims(candidate, baseline, blocks)
            print(f"{name}, {blocks} blocks: better {better:.1%}, worse {worse:.1%}", flush=True)


def groups() -> None:
    draws = {"lognormal": races.lognormal, "heavy": races.heavy, "two in five lost": races.races(0.4)}
    for name, draw in draws.items():
        for blocks in (6, 12, 20):
            runs = draw(np.random.default_rng(blocks), (races.RUNS, blocks)) * 1e6
            print(f"{name}, {blocks} times: in two groups {np.mean(list(map(in_two_groups, runs))):.1%}")


def log_ratios(shape: str, rng: np.random.Generator, runs: int, blocks: int) -> Logs:
    one, other = rng.normal(0, SPREAD, (2, runs, blocks))
    if shape == "outliers":
        one, other = (arm + np.log(30) * (rng.random(arm.shape) < 0.05) for arm in (one, other))
    if shape == "lost races":
        other = other + np.log(350 / 40) * (rng.random(other.shape) < 0.3)
    return one - other


def sign_test(logs: Logs) -> Ends:
    rank, ordered = interval_rank(logs.shape[1]), np.sort(logs, axis=1)
    return ordered[:, rank - 1], ordered[:, -rank]


def walsh(logs: Logs) -> Ends:
    """J. L. Hodges and E. L. Lehmann (1963), from the signed-rank test."""
    blocks = logs.shape[1]
    one, other = np.triu_indices(blocks)
    averages = np.sort((logs[:, one] + logs[:, other]) / 2, axis=1)
    middle, spread = len(one) / 2, np.sqrt(blocks * (blocks + 1) * (2 * blocks + 1) / 24)
    rank = int(middle - 1.96 * spread)
    return averages[:, rank - 1], averages[:, -rank]


def t_of_logs(logs: Logs) -> Ends:
    blocks = logs.shape[1]
    reach = stdtrit(blocks - 1, 0.975) * logs.std(axis=1, ddof=1) / np.sqrt(blocks)
    return logs.mean(axis=1) - reach, logs.mean(axis=1) + reach


def widths(shape: str, interval: Callable[[Logs], Ends]) -> str:
    rng = np.random.default_rng(1)
    truth = np.median(log_ratios(shape, rng, 1, 1_000_001))
    covered = []
    for blocks in SIZES:
        low, high = interval(log_ratios(shape, rng, races.RUNS // 2, blocks))
        covered.append(f"{np.mean((low <= truth) & (truth <= high)):.1%} ({blocks})")
    for blocks in range(20, 200, 5):
        low, high = interval(log_ratios(shape, rng, WIDTH_RUNS, blocks))
        if np.median(high - low) / 2 <= np.log(1.1):
            return f"within 10 % from {blocks} blocks on; covers {', '.join(covered)}"
    return f"within 10 % by no 200 blocks; covers {', '.join(covered)}"


if __name__ == "__main__":
    main()
