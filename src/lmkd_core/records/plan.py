"""What is measured in which order: strata, and seeded randomised complete blocks of trials.

A block holds every arm once, in random order, so that drift of the device falls on all arms alike (randomised
complete block design; R. A. Fisher, The Design of Experiments, 1935, chapter IV). The orders of consecutive
blocks form a square in which every arm has every place, and follows every other arm, equally often (E. J.
Williams, Australian Journal of Scientific Research A 2, 1949, 149-168), so that neither the place in a block
nor what the arm before left behind favours one. Everything follows from the seed: the same seed, device and
stratum give the same plan.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from lmkd_core.records.wire import PlannedTrial
from lmkd_core.records.wire import Regime

NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Stratum:
    """One situation in which the arms are compared; strata are never pooled.

    ``hold_ms`` is how long the stall keeps the victim's memory after the kill (0: nothing is held);
    a trial whose memory is not back after ``timeout_ms`` is censored there. ``shape`` is what the
    memory is made of, ``dirty_pct`` of its file pages are written, ``compress_pct`` of each page is zeros.
    """

    suite: str
    scenario: str
    stall: str
    regime: Regime
    victim_kb: int
    threads: int
    hold_ms: int = 0
    timeout_ms: int = 3000
    shape: str = "private-anon"
    dirty_pct: int = 100
    compress_pct: int = 0

    def __str__(self) -> str:
        compress = f"-{self.compress_pct}%zeros" if self.compress_pct else ""
        return f"{self.scenario}-{self.victim_kb // 1024}MB-{self.threads}t{compress}"


def derived_seed(seed: int, *labels: str | int) -> int:
    """A seed for one part of the plan: 63 bits of SHA-256 over ``seed`` and the part's labels."""
    text = "\0".join(map(str, (seed, *labels)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def arm_order(arms: Sequence[str], block: int, seed: int) -> list[str]:
    """The arms in the order in which ``block`` runs them; ``seed`` is the same for all of a stratum."""
    rows = _williams_square(len(arms))
    number, place = divmod(block, len(rows))
    rng = random.Random(derived_seed(seed, "square", number))  # noqa: S311 - a design needs a seed, not secrecy
    rng.shuffle(rows)
    named = rng.sample(list(arms), len(arms))
    return [named[index] for index in rows[place]]


def _williams_square(size: int) -> list[list[int]]:
    """Rows of 0 to ``size`` - 1: one square; for odd sizes two, the second with its rows turned round."""
    first = [(place + 1) // 2 if place % 2 else -place // 2 for place in range(size)]
    square = [[(index + shift) % size for index in first] for shift in range(size)]
    return square if size % 2 == 0 or size == 1 else [*square, *(row[::-1] for row in square)]


def plan_block(
    stratum: Stratum, device: str, arms: Sequence[str], block: int, seed: int, *, warmup: bool = False
) -> list[PlannedTrial]:
    """The trials of one block, in the order in which they are to run."""
    phase = ("warmup",) if warmup else ()
    stratum_seed = derived_seed(seed, device, stratum.suite, str(stratum), *phase)
    block_seed = derived_seed(stratum_seed, block)
    order = arm_order(arms, block, stratum_seed)
    trials = [_trial(stratum, device, arm, block, place, block_seed) for place, arm in enumerate(order)]
    return [msgspec.structs.replace(trial, warmup=warmup) for trial in trials]


def plan_stratum(
    stratum: Stratum, device: str, arms: Sequence[str], blocks: int, seed: int, *, warmup: bool = False
) -> list[list[PlannedTrial]]:
    """``blocks`` lists of trials, numbered from 0."""
    return [plan_block(stratum, device, arms, block, seed, warmup=warmup) for block in range(blocks)]


def _trial(stratum: Stratum, device: str, arm: str, block: int, order: int, seed: int) -> PlannedTrial:
    return PlannedTrial(
        device=device,
        suite=stratum.suite,
        scenario=stratum.scenario,
        stall=stratum.stall,
        regime=stratum.regime,
        arm=arm,
        block=block,
        order=order,
        seed=seed,
        victim_kb=stratum.victim_kb,
        threads=stratum.threads,
        hold_ms=stratum.hold_ms,
        timeout_ns=stratum.timeout_ms * NS_PER_MS,
        shape=stratum.shape,
        dirty_pct=stratum.dirty_pct,
        compress_pct=stratum.compress_pct,
    )
