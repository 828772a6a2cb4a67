"""The order of trials: seeded randomised complete blocks.

A block runs every arm once, in random order, so that drift of the device affects all arms alike (randomised
complete block design; R. A. Fisher, The Design of Experiments, 1935, chapter IV). The orders of consecutive
blocks form a square in which every arm has every place, and follows every other arm, equally often (E. J.
Williams, Australian Journal of Scientific Research A 2, 1949, 149-168), so that the place in a block favours
none.

In such a square no arm follows itself, so an arm that slows the next trial would be the one that suffers
least from it. A lead-in mends this: one more trial of the block's first arm, run before it and not counted.
Every arm then follows every arm, itself too, equally often (the extra-period design of H. L. Lucas, Journal
of Dairy Science 40, 1957, 225-239, with its extra period first; strongly balanced in the sense of C.-S. Cheng
and C.-F. Wu, Annals of Statistics 8, 1980, 1272-1283). It also makes every block independent of the one
before it. bench/carry_over.py compares it with other designs.

The seed decides everything: the same seed, device and stratum give the same plan.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.parts import record_of
from lmkd_core.records.stratum import AnyStratum
from lmkd_core.records.stratum import EpisodeStratum


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


Planned = TypeVar("Planned", bound=msgspec.Struct)

UNSTALLED = ""
"""Stands for the unstalled episode among the arms of a block; no arm has this name."""

LEAD_IN = -1
"""The ``order`` of a lead-in: before the block's first place, 0."""


def plan_block(
    kind: type[Planned],
    stratum: AnyStratum,
    device: str,
    arms: Sequence[str],
    block: int,
    seed: int,
    *,
    warmup: bool = False,
    lead_in: bool = False,
) -> list[Planned]:
    """The trials (or episodes) of one block, in the order in which they are to run.

    ``kind`` is ``PlannedTrial`` for a ``Stratum``, ``PlannedEpisode`` for an ``EpisodeStratum``. All of a
    block have the same seed. With ``lead_in`` the block's first arm runs once before it, as a warm-up of
    order ``LEAD_IN``; a block of one arm, or of a warm-up, has none.
    """
    phase = ("warmup",) if warmup else ()
    stratum_seed = derived_seed(seed, device, stratum.suite, str(stratum), *phase)
    place = {"device": device, "block": block, "seed": derived_seed(stratum_seed, block), "warmup": warmup}
    order = arm_order(arms, block, stratum_seed)
    trials = [record_of(kind, stratum, arm=arm, order=number, **place) for number, arm in enumerate(order)]
    if not lead_in or warmup or len(order) < 2:
        return trials
    place["warmup"] = True
    return [record_of(kind, stratum, arm=order[0], order=LEAD_IN, **place), *trials]


def plan_stratum(
    kind: type[Planned],
    stratum: AnyStratum,
    device: str,
    arms: Sequence[str],
    blocks: int,
    seed: int,
    *,
    warmup: bool = False,
    lead_in: bool = False,
) -> list[list[Planned]]:
    """``blocks`` lists of trials, numbered from 0."""
    return [
        plan_block(kind, stratum, device, arms, block, seed, warmup=warmup, lead_in=lead_in)
        for block in range(blocks)
    ]


def plan_episodes(
    kind: type[PlannedEpisode],
    stratum: EpisodeStratum,
    device: str,
    arms: Sequence[str],
    block: int,
    seed: int,
    *,
    warmup: bool = False,
) -> list[PlannedEpisode]:
    """As ``plan_block``, and if the stratum has a stall, with one more episode that lacks it.

    The unstalled episode is of the first arm, the baseline. It has a place of its own in the square, so that
    its after-effects favour no arm either. docs/method.md says why one serves all arms.
    """
    is_stalled = stratum.stall != "none" and arms
    treatments = [*arms, UNSTALLED] if is_stalled else arms
    planned = plan_block(kind, stratum, device, treatments, block, seed, warmup=warmup)
    return [_unstalled(episode, arms[0]) if episode.arm == UNSTALLED else episode for episode in planned]


def _unstalled(episode: PlannedEpisode, arm: str) -> PlannedEpisode:
    left_out = {"without_stall": episode.stall, "without_stall_ms": episode.stall_ms}
    return msgspec.structs.replace(episode, arm=arm, stall="none", stall_ms=0, **left_out)
