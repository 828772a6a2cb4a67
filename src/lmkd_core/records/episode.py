"""An episode: one run of lmkd's policy under memory pressure, as planned and as recorded."""

from __future__ import annotations

from typing import Literal

import msgspec

from lmkd_core.records.schema import SCHEMA
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.stratum import stratum_key

EpisodePoint = tuple[int, int, int, int]
"""(time since the demand began in µs, free memory, returned by killed victims, touched of the demand; kB)."""

PrematureClass = Literal["", "Z", "D", "in-flight", "other"]


class Episode(EpisodeStratum, frozen=True, kw_only=True):
    """A place in the plan: a stratum, an arm, and the ``order`` of the arm in its block.

    An unstalled episode has ``stall`` ``none``, and names the stall of its block in ``without_stall`` and
    ``without_stall_ms``. All others have an empty ``without_stall``.
    """

    schema: int = SCHEMA
    device: str
    arm: str
    block: int
    order: int
    seed: int
    warmup: bool = False
    without_stall: str = ""
    without_stall_ms: int = 0

    @property
    def is_unstalled(self) -> bool:
        """Whether the stall of its stratum was left out, to count the kills without it."""
        return bool(self.without_stall)

    @property
    def identity(self) -> tuple[str | int, ...]:
        """The values that set this episode apart from all others of its device's plan."""
        left_out = self.without_stall, self.without_stall_ms
        return (*stratum_key(self, EpisodeStratum), *left_out, self.warmup, self.block, self.arm)


class PlannedEpisode(Episode, frozen=True, tag="planned-episode", kw_only=True):
    """A line of ``plan.jsonl``: one episode that this run means to make."""


class Kill(msgspec.Struct, frozen=True):
    """One kill of an episode as the device reports it.

    Times are ns since the demand began; null: not by the episode's end. ``app`` is the app's place in the
    plan. ``charged_kb`` was charged to it at the decision; ``freed_ns`` is when a tenth of that was left.
    ``shortfall_kb`` is the lack of free memory below the low watermark. ``condemned_*_kb`` is the memory that
    earlier victims still held: zombies, victims that lmkd had stopped waiting for (late), and victims that it
    was still waiting for (exiting). ``by_reaper`` is false where both reapers were busy, so that the victim
    only got SIGKILL.
    """

    app: int
    pid: int
    adj: int
    stall: str
    rss_kb: int
    charged_kb: int
    decided_ns: int
    by_reaper: bool
    mrelease_errno: str
    killed_ns: int | None
    reaped_ns: int | None
    charged_at_return_kb: int | None
    exited_ns: int | None
    freed_ns: int | None
    reason: str
    min_score_adj: int
    free_kb: int
    shortfall_kb: int
    swap_free_kb: int
    thrashing_pct: int
    condemned_zombie_kb: int
    condemned_late_kb: int
    condemned_exiting_kb: int


class KillRecord(Kill, frozen=True, kw_only=True):
    """One kill of an episode, and the counts from it (docs/method.md)."""

    condemned_kb: int
    premature: bool
    premature_class: PrematureClass
    extra: bool


class EpisodeRecord(Episode, frozen=True, tag="episode", kw_only=True):
    """One pressure episode: apps in the background, a demand in the foreground, lmkd's policy between them.

    ``needed_kb`` is the memory that kills had to free if all of it had come at once. ``kills_needed`` is the
    fewest kills, in their order, that free it; the others are ``kills_extra``. This replay overcounts where
    pages were reclaimed (docs/method.md). ``needed_kb`` follows from ``curve`` and ``threshold_kb``. ``seed``
    decides apps, sizes and demand, which are the same for all episodes of a block. ``flags`` and ``warmup``
    have the same meaning as in a trial.
    """

    demand_kb: int
    boot_id: str
    demand_met: bool = False
    duration_ns: int | None = None
    risen_ns: int | None = None
    clock_resolution_ns: int | None = None
    threshold_kb: int | None = None
    free_at_start_kb: int | None = None
    kills: tuple[KillRecord, ...] = ()
    kills_total: int = 0
    needed_kb: int = 0
    kills_needed: int = 0
    kills_extra: int = 0
    kills_premature: int = 0
    psi_some_us: int | None = None
    psi_full_us: int | None = None
    fg_fault_p50_ns: int | None = None
    fg_fault_p99_ns: int | None = None
    fg_fault_max_ns: int | None = None
    direct_stalls: int | None = None
    refaults_anon: int | None = None
    refaults_file: int | None = None
    swapped_in_pages: int | None = None
    swapped_out_pages: int | None = None
    apps_started: int = 0
    apps_alive: int = 0
    evaluations: int = 0
    psi_events: int = 0
    skipped_wakeups: int = 0
    settings: dict[str, int] = msgspec.field(default_factory=dict)
    curve: tuple[EpisodePoint, ...] = ()
    flags: tuple[str, ...] = ()
    valid: bool
    invalid_reason: str = ""
