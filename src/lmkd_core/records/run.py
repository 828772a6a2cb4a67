"""``run.json``: the run as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

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
    ``label`` is the user's name for the run, and ``folder`` the name of its results
    folder, at its start and where it was read. With ``budget_s`` blocks and boots were chosen to take about
    that time.
    """

    schema: int = SCHEMA
    run_id: str
    label: str = ""
    folder: str = ""
    started_utc: str
    command: str
    seed: int
    arms: tuple[str, ...]
    pressure_arms: tuple[str, ...] = ()
    blocks: int
    pressure_blocks: int = 0
    boots: int = 1
    budget_s: int | None = None
    warmup_blocks: int = 0
    warmup_after_boot: bool = False
    precision_pct: int | None = None
    equivalent_pct: float = DEFAULT_EQUIVALENT_PCT
    suppressed: tuple[str, ...] = ()
    unstalled_episodes: bool = False
    devices: tuple[str, ...]
    versions: dict[str, str]
    host: dict[str, str]

    @property
    def name(self) -> str:
        """What pages and texts call the run: its label, else its folder's name."""
        return self.label or self.folder or self.run_id


def run_names(infos: Sequence[RunInfo]) -> list[str]:
    """The name of each run; with its id where two have the same name."""
    counts = Counter(info.name for info in infos)
    return [info.name if counts[info.name] == 1 else f"{info.name} ({info.run_id})" for info in infos]
