"""Toy pressure episodes with a known truth, many at once: a demand, reclaim, a killer, and late memory.

All sizes are in MB. An episode has twelve apps of 55 MB, a tenth more or less by its seed. Its demand of 500
MB rises in about 1.2 s and stays for 0.8 s; 250 MB are free at the start. Below the low watermark a killer
like lmkd kills the next app, at most every 10 ms; it waits 100 ms at most for a victim's memory. Below the
same mark, pages are swapped out at ``reclaim`` MB/s up to the high watermark. The demand waits while free
memory is at the min watermark. ``noise`` stands for all that differs between two episodes of one seed on a
device: the speeds of demand and reclaim, free memory at the start, and when the killer looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmkd_core.records.episode import EpisodePoint

Floats = NDArray[np.float64]
Rng = np.random.Generator

APPS = 12
APP_MB, SPREAD = 55.0, 0.1
FREE_MB, DEMAND_MB, SWAP_MB = 250.0, 500.0, 400.0
MIN_MB, LOW_MB, HIGH_MB = 7.0, 28.0, 42.0
DEMAND_MB_PER_S = 400.0
STEP_S, LOOK_STEPS, PATIENCE_S, HOLD_S, END_S = 0.005, 2, 0.1, 0.8, 6.0
KB_PER_MB = 1024
HELD = np.inf


@dataclass(frozen=True)
class Case:
    """Every third victim is held to the end (``third_held``), all come back ``late_s`` after their kill."""

    name: str
    third_held: bool
    late_s: float
    reclaim: float

    def delays_s(self) -> Floats:
        held = (np.arange(APPS) % 3 == 0) & self.third_held
        return np.where(held, HELD, self.late_s)


CASES = (
    Case("third held, no reclaim", True, 0, 0),
    Case("third held, reclaim 50 MB/s", True, 0, 50),
    Case("third held, reclaim 150 MB/s", True, 0, 150),
    Case("late 300 ms, no reclaim", False, 0.3, 0),
    Case("late 300 ms, reclaim 150 MB/s", False, 0.3, 150),
    Case("late 30 ms, no reclaim", False, 0.03, 0),
    Case("late 30 ms, reclaim 150 MB/s", False, 0.03, 150),
)


@dataclass(frozen=True)
class Noise:
    """One value for each episode."""

    free: Floats
    demand: Floats
    reclaim: Floats
    phase: NDArray[np.int64]


def seeds(rng: Rng, count: int) -> Floats:
    """The apps of ``count`` blocks in MB, in the order in which they would be killed: (count, APPS)."""
    return APP_MB * rng.uniform(1 - SPREAD, 1 + SPREAD, (count, APPS))


def noises(rng: Rng, count: int) -> Noise:
    return Noise(
        free=rng.normal(0, 5, count),
        demand=rng.lognormal(0, 0.1, count),
        reclaim=rng.lognormal(0, 0.2, count),
        phase=rng.integers(0, LOOK_STEPS, count),
    )


@dataclass(frozen=True)
class Episodes:
    """``kills`` of each episode; ``free`` and ``returned``: (steps, episodes); empty if not recorded."""

    sizes: Floats
    kills: NDArray[np.int64]
    swapped_out: Floats
    free: Floats
    returned: Floats

    def charges_kb(self, episode: int) -> list[int]:
        return [round(size * KB_PER_MB) for size in self.sizes[episode, : self.kills[episode]]]

    def curve(self, episode: int) -> list[EpisodePoint]:
        """As in a record, with a point every 5 ms; the touched part of the demand is left out."""
        free, returned = self.free[:, episode] * KB_PER_MB, self.returned[:, episode] * KB_PER_MB
        step_us = round(STEP_S * 1e6)
        return [
            (step * step_us, round(free[step]), round(returned[step]), 0)
            for step in range(len(free))
            if not np.isnan(free[step])
        ]


def run(sizes: Floats, noise: Noise, delays_s: Floats, reclaim: float, *, record: bool = False) -> Episodes:
    """One episode per row of ``sizes``; the ``delays_s`` are those of the victims in their order."""
    count, steps = len(sizes), round(END_S / STEP_S)
    rows = np.arange(count)
    kills = np.zeros(count, dtype=np.int64)
    back_s = np.full((count, APPS), np.inf)
    wanted, swapped, over_s = np.zeros(count), np.zeros(count), np.full(count, np.inf)
    wait_s, is_reclaiming = np.zeros(count), np.zeros(count, dtype=bool)
    shape = (steps if record else 0, count)
    free_of, returned_of = np.full(shape, np.nan), np.full(shape, np.nan)
    for step in range(steps):
        now_s = step * STEP_S
        runs = now_s <= over_s
        if not runs.any():
            break
        returned = (sizes * (back_s <= now_s)).sum(axis=1)
        free = FREE_MB + noise.free - wanted + returned + swapped
        is_reclaiming = (is_reclaiming | (free < LOW_MB)) & (free < HIGH_MB)
        swapping = np.where(is_reclaiming & runs, reclaim * noise.reclaim * STEP_S, 0)
        swapped = np.minimum(swapped + swapping, SWAP_MB)
        room = np.maximum(free + swapping - MIN_MB, 0)
        rise = np.minimum(np.minimum(DEMAND_MB_PER_S * noise.demand * STEP_S, room), DEMAND_MB - wanted)
        wanted = wanted + np.where(runs, rise, 0)
        over_s = np.where((wanted >= DEMAND_MB) & np.isinf(over_s), now_s + HOLD_S, over_s)
        if record:
            free_of[step], returned_of[step] = np.where(runs, (free, returned), np.nan)
        looks = (step + noise.phase) % LOOK_STEPS == 0
        victims = rows[runs & looks & (free < LOW_MB) & (wait_s <= now_s) & (kills < APPS)]
        delay_s = delays_s[kills[victims]]
        back_s[victims, kills[victims]] = now_s + delay_s
        wait_s[victims] = now_s + np.minimum(delay_s, PATIENCE_S)
        kills[victims] += 1
    return Episodes(sizes, kills, swapped, free_of, returned_of)


def at_once() -> Floats:
    """The delays without a stall."""
    return np.zeros(APPS)
