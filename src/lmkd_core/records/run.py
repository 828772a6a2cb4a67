"""``run.json``: the run as a whole."""

from __future__ import annotations

import msgspec

from lmkd_core.records.schema import SCHEMA

DEFAULT_EQUIVALENT_PCT = 10.0
"""Half of the smallest difference that a run of twenty blocks can find."""


class RunInfo(msgspec.Struct, frozen=True, tag="run", kw_only=True):
    """``run.json``: who ran what, with which versions, on which host.

    The ``blocks`` of a stratum are spread over ``boots`` boots of the device: block b runs in boot
    b * boots // blocks, counted from 0, and ``warmup_blocks`` precede them in each boot. With
    ``warmup_after_boot``, one warm-up block precedes the first trial that counts after each boot. At
    ``precision_pct`` a stratum may stop early. Arms whose times differ by less than ``equivalent_pct``
    percent are called equivalent. ``suppressed`` names the validity checks that excluded nothing. With
    ``unstalled_episodes`` each block of a stalled pressure stratum has an episode without the stall; runs of
    older versions have none. ``pressure_arms`` are the ``arms`` that pressure episodes compare; empty: all.
    """

    schema: int = SCHEMA
    run_id: str
    started_utc: str
    command: str
    seed: int
    arms: tuple[str, ...]
    pressure_arms: tuple[str, ...] = ()
    blocks: int
    pressure_blocks: int = 0
    boots: int = 1
    warmup_blocks: int = 0
    warmup_after_boot: bool = False
    precision_pct: int | None = None
    equivalent_pct: float = DEFAULT_EQUIVALENT_PCT
    suppressed: tuple[str, ...] = ()
    unstalled_episodes: bool = False
    devices: tuple[str, ...]
    versions: dict[str, str]
    host: dict[str, str]
