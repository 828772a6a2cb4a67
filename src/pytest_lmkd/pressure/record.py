"""Makes an episode's record: its plan, what the device told, and what is counted from that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lmkd_core.records.wire import AgentEpisode
from lmkd_core.records.wire import AgentKill
from lmkd_core.records.wire import EpisodeRecord
from lmkd_core.records.wire import KillRecord
from lmkd_core.records.wire import PlannedEpisode
from pytest_lmkd.experiment.validity import MAX_CLOCK_STEP_NS
from pytest_lmkd.experiment.validity import excluded_by
from pytest_lmkd.pressure.counting import kills_needed
from pytest_lmkd.pressure.counting import needed_kb
from pytest_lmkd.pressure.counting import premature_class
from pytest_lmkd.pressure.program import EpisodeAnswer

NOT_OF_THE_RECORD = ("id", "apps_lost", "oom_kills")
"""What the device tells that only decides whether the episode is valid."""


def failed_record(planned: PlannedEpisode, demand_kb: int, boot_id: str, reason: str) -> EpisodeRecord:
    """Of an episode that could not be run."""
    return EpisodeRecord(
        **_plan(planned), demand_kb=demand_kb, boot_id=boot_id, valid=False, invalid_reason=reason
    )


def episode_record(
    planned: PlannedEpisode,
    answer: EpisodeAnswer,
    demand_kb: int,
    boot_id: str,
    suppressed: Sequence[str] = (),
) -> EpisodeRecord:
    """Of an episode that ran. ``suppressed`` are the validity checks by which it is not left out."""
    end = answer.end
    needed = needed_kb(answer.curve, end.threshold_kb, end.duration_ns)
    needed_count = kills_needed([kill.charged_kb for kill in answer.kills], needed)
    kills = _kill_records(answer.kills, needed_count)
    failed = flags(end)
    reason = why_invalid(end) or excluded_by(failed, suppressed)
    return EpisodeRecord(
        **_plan(planned),
        **{name: getattr(end, name) for name in end.__struct_fields__ if name not in NOT_OF_THE_RECORD},
        demand_kb=demand_kb,
        boot_id=boot_id,
        kills=kills,
        kills_total=len(kills),
        needed_kb=needed,
        kills_needed=needed_count,
        kills_extra=len(kills) - needed_count,
        kills_premature=sum(kill.premature for kill in kills),
        curve=answer.curve,
        flags=failed,
        valid=not reason,
        invalid_reason=reason,
    )


def flags(end: AgentEpisode) -> tuple[str, ...]:
    """The validity checks that an episode does not pass."""
    found = {
        "clock-step": end.clock_resolution_ns > MAX_CLOCK_STEP_NS,
        "foreign-kills": end.oom_kills > 0 or end.apps_lost > 0,
    }
    return tuple(name for name, failed in found.items() if failed)


def why_invalid(end: AgentEpisode) -> str:
    """Why the episode counts nothing, whatever is suppressed; empty when it does."""
    return "" if end.demand_met else "the demand was not met to the end"


def _plan(planned: PlannedEpisode) -> dict[str, Any]:
    return {name: getattr(planned, name) for name in planned.__struct_fields__ if name != "schema"}


def _kill_records(kills: Sequence[AgentKill], needed_count: int) -> tuple[KillRecord, ...]:
    return tuple(_kill_record(kill, extra=place >= needed_count) for place, kill in enumerate(kills))


def _kill_record(kill: AgentKill, *, extra: bool) -> KillRecord:
    why = premature_class(kill)
    told = {name: getattr(kill, name) for name in kill.__struct_fields__}
    condemned_kb = kill.condemned_zombie_kb + kill.condemned_late_kb + kill.condemned_exiting_kb
    return KillRecord(
        **told, condemned_kb=condemned_kb, premature=bool(why), premature_class=why, extra=extra
    )
