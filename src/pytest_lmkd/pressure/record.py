"""Builds an episode's record from its plan, the device's answers and the counts derived from them."""

from __future__ import annotations

from collections.abc import Sequence

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import KillRecord
from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.parts import record_of
from lmkd_core.records.replay import kills_needed
from lmkd_core.records.replay import needed_kb
from pytest_lmkd.devices.messages import AgentEpisode
from pytest_lmkd.devices.messages import AgentKill
from pytest_lmkd.experiment.validity import MAX_CLOCK_STEP_NS
from pytest_lmkd.experiment.validity import excluded_by
from pytest_lmkd.pressure.counting import premature_class
from pytest_lmkd.pressure.program import EpisodeAnswer


def failed_record(planned: PlannedEpisode, demand_kb: int, boot_id: str, reason: str) -> EpisodeRecord:
    """The record of an episode that could not run."""
    verdict = {"valid": False, "invalid_reason": reason}
    return record_of(EpisodeRecord, planned, demand_kb=demand_kb, boot_id=boot_id, **verdict)


def episode_record(
    planned: PlannedEpisode,
    answer: EpisodeAnswer,
    demand_kb: int,
    boot_id: str,
    suppressed: Sequence[str] = (),
) -> EpisodeRecord:
    """The record of an episode that ran. ``suppressed``: the validity checks that exclude nothing."""
    end = answer.end
    needed = needed_kb(answer.curve, end.threshold_kb, end.duration_ns)
    needed_count = kills_needed([kill.charged_kb for kill in answer.kills], needed)
    kills = _kill_records(answer.kills, needed_count)
    failed = flags(end)
    reason = _reason_invalid(end) or excluded_by(failed, suppressed)
    return record_of(
        EpisodeRecord,
        planned,
        end,
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
    """The names of the validity checks that the episode fails."""
    failures = {
        "clock-step": end.clock_resolution_ns > MAX_CLOCK_STEP_NS,
        "foreign-kills": end.oom_kills > 0 or end.apps_lost > 0,
    }
    return tuple(name for name, has_failed in failures.items() if has_failed)


def _reason_invalid(end: AgentEpisode) -> str:
    """The reason why the episode does not count, whatever is suppressed; empty if it counts."""
    return "" if end.demand_met else "the demand was not met to the end"


def _kill_records(kills: Sequence[AgentKill], needed_count: int) -> tuple[KillRecord, ...]:
    return tuple(_kill_record(kill, extra=index >= needed_count) for index, kill in enumerate(kills))


def _kill_record(kill: AgentKill, *, extra: bool) -> KillRecord:
    held_by = premature_class(kill)
    condemned_kb = kill.condemned_zombie_kb + kill.condemned_late_kb + kill.condemned_exiting_kb
    counts = {"condemned_kb": condemned_kb, "premature": bool(held_by), "premature_class": held_by}
    return record_of(KillRecord, kill, extra=extra, **counts)
