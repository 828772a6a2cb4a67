"""What is measured in which order: strata, and seeded randomised complete blocks of trials.

A block holds every arm once, in random order, so that drift of the device falls on all arms alike
(randomised complete block design; R. A. Fisher, The Design of Experiments, 1935, chapter IV).
Everything follows from the seed: the same seed, device and stratum give the same plan.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_lmkd.wire import PlannedTrial
from pytest_lmkd.wire import Regime

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


def plan_block(
    stratum: Stratum, device: str, arms: Sequence[str], block: int, seed: int
) -> list[PlannedTrial]:
    """The trials of one block, in the order in which they are to run."""
    block_seed = derived_seed(seed, device, stratum.suite, str(stratum), block)
    order = list(arms)
    random.Random(block_seed).shuffle(order)  # noqa: S311 - a design needs a seed, not secrecy
    return [_trial(stratum, device, arm, block, place, block_seed) for place, arm in enumerate(order)]


def plan_stratum(
    stratum: Stratum, device: str, arms: Sequence[str], blocks: int, seed: int
) -> list[list[PlannedTrial]]:
    """``blocks`` lists of trials, numbered from 0."""
    return [plan_block(stratum, device, arms, block, seed) for block in range(blocks)]


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
