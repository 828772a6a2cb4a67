"""What the order in a block did on one device: the arm before a trial, and the trial's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmkd_core.records.trial import TrialRecord
from lmkd_core.statistics.order_effects import OrderEffect
from lmkd_core.statistics.order_effects import order_effects
from lmkd_reports.format.strata import STRATUM

LARGE = 1.05
"""An effect of 5 % whose interval excludes 1 is worth a warning."""

SEQUENCE = (*STRATUM, "block", "boot_id")
"""Columns that name one block as it ran."""


@dataclass(frozen=True, slots=True)
class OrderEffects:
    """``after``: by arm, the time right after it over that after another; ``places``: by place, from 0.

    ``blocks`` is the number of blocks used, ``balanced`` whether most of them had lead-ins.
    """

    after: tuple[tuple[str, OrderEffect], ...]
    places: tuple[tuple[int, OrderEffect], ...]
    blocks: int
    balanced: bool

    @property
    def large_after(self) -> tuple[tuple[str, OrderEffect], ...]:
        return tuple((arm, effect) for arm, effect in self.after if is_large(effect))

    @property
    def large_places(self) -> tuple[tuple[int, OrderEffect], ...]:
        return tuple((place, effect) for place, effect in self.places if is_large(effect))


def is_large(effect: OrderEffect) -> bool:
    """Whether the interval excludes 1 and the effect is not small."""
    excludes_1 = not effect.interval.low <= 1 <= effect.interval.high
    return excludes_1 and max(effect.ratio, 1 / effect.ratio) >= LARGE


def order_effects_of(trials: pd.DataFrame, lead_ins: Sequence[TrialRecord]) -> OrderEffects | None:
    """Estimates the effects from one device's trials; None if there are too few blocks."""
    ran = _with_predecessor(trials, lead_ins)
    used = ran[ran["valid"].astype(bool) & (ran["reclaim_90_ns"] > 0)]
    if used.empty:
        return None
    after, arms = pd.factorize(used["predecessor"], sort=True)
    places, orders = pd.factorize(used["order"], sort=True)
    by_arm, by_place = order_effects(
        np.log(used["reclaim_90_ns"].to_numpy(dtype="float64")),
        used.groupby(list(SEQUENCE), sort=False).ngroup().to_numpy(),
        used.groupby([*STRATUM, "arm"], sort=False).ngroup().to_numpy(),
        (after, places),
    )
    effects = OrderEffects(
        tuple((str(arm), effect) for arm, effect in zip(arms, by_arm, strict=True) if effect),
        tuple((int(order), effect) for order, effect in zip(orders, by_place, strict=True) if effect),
        len(used.groupby(list(SEQUENCE), sort=False)),
        bool((used["order"] == 0).mean() > 1 / (2 * len(orders))),
    )
    return effects if effects.after or effects.places else None


def _with_predecessor(trials: pd.DataFrame, lead_ins: Sequence[TrialRecord]) -> pd.DataFrame:
    """The trials whose predecessor in the block is recorded, valid or not; ``predecessor`` is its arm."""
    columns = [*SEQUENCE, "order", "arm"]
    before = pd.DataFrame([[getattr(lead, name) for name in columns] for lead in lead_ins], columns=columns)
    before = pd.concat([before.astype(trials[columns].dtypes), trials[columns]])
    before = before.assign(order=before["order"] + 1).rename(columns={"arm": "predecessor"})
    return trials.merge(before.drop_duplicates([*SEQUENCE, "order"], keep="last"), on=[*SEQUENCE, "order"])
