"""The trace of one pressure episode: memory, lmkd's decisions, and what became of each victim."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_core.records.episode import EpisodePoint
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import KillRecord
from lmkd_reports.export.perfetto_place import block_of
from lmkd_reports.export.perfetto_place import place_of
from lmkd_reports.export.trace import BYTES_A_KB
from lmkd_reports.export.trace import TraceBuilder

NS_PER_US = 1000
COUNTERS = ("free memory", "returned by victims", "touched by the demand")
"""What a point of the curve tells after its time."""


def episode_trace(episode: EpisodeRecord) -> bytes:
    """Moment 0 is when the demand began."""
    trace = TraceBuilder()
    root = trace.track(
        f"{episode.device}: {episode.scenario}, {episode.profile}, {episode.arm}, {block_of(episode)}"
    )
    _tell_episode(trace, root, episode)
    _tell_memory(trace, root, episode)
    lmkd = trace.track("lmkd", root)
    for number, kill in enumerate(episode.kills):
        _tell_decision(trace, lmkd, number, kill)
        _tell_victim(trace, root, number, kill, _watched_ns(episode))
    return trace.serialised()


def _end_ns(episode: EpisodeRecord) -> int:
    """Of the episode; of one that was cut short its last known moment."""
    return episode.duration_ns if episode.duration_ns is not None else _watched_ns(episode)


def _watched_ns(episode: EpisodeRecord) -> int:
    """The last known moment: victims and memory are watched beyond the end, while reapers are at work."""
    seen = [point[0] * NS_PER_US for point in episode.curve]
    for kill in episode.kills:
        seen += [kill.decided_ns, kill.exited_ns or 0, kill.freed_ns or 0]
    return max(episode.duration_ns or 0, *seen, 0)


def _tell_episode(trace: TraceBuilder, root: int, episode: EpisodeRecord) -> None:
    """PSI is known as a total only: two points, not a curve."""
    end_ns = _end_ns(episode)
    trace.slice(
        trace.track("episode", root),
        f"{episode.demand} of {episode.demand_kb} kB",
        0,
        end_ns,
        **place_of(episode),
        stall_ms=episode.stall_ms,
        kills_total=episode.kills_total,
        kills_needed=episode.kills_needed,
        kills_extra=episode.kills_extra,
        needed_kb=episode.needed_kb,
        apps_started=episode.apps_started,
        apps_alive=episode.apps_alive,
        fg_fault_p99_ns=episode.fg_fault_p99_ns,
        direct_stalls=episode.direct_stalls,
        valid=episode.valid,
        invalid_reason=episode.invalid_reason,
        flags=" ".join(episode.flags),
    )
    for name, total_us in (("some", episode.psi_some_us), ("full", episode.psi_full_us)):
        if total_us is not None:
            counter = trace.counter(f"PSI memory {name}, total at the end", root, "us")
            trace.count(counter, 0, 0)
            trace.count(counter, end_ns, total_us)


def _tell_memory(trace: TraceBuilder, root: int, episode: EpisodeRecord) -> None:
    counters = [trace.counter_of_bytes(name, root) for name in COUNTERS]
    for at_us, *values_kb in episode.curve:
        for counter, value_kb in zip(counters, values_kb, strict=True):
            trace.count(counter, at_us * NS_PER_US, value_kb * BYTES_A_KB)
    if episode.threshold_kb is None:
        return
    watermark = trace.counter_of_bytes("low watermark", root)
    for at_ns in (0, _watched_ns(episode)):
        trace.count(watermark, at_ns, episode.threshold_kb * BYTES_A_KB)
    pressure = trace.track("pressure", root)
    for start_ns, end_ns in _below(episode.curve, episode.threshold_kb, _watched_ns(episode)):
        trace.slice(pressure, "below the low watermark", start_ns, end_ns)


def _below(curve: tuple[EpisodePoint, ...], threshold_kb: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """From when to when free memory was below the watermark; between two points it is the earlier one's."""
    since_ns: int | None = None
    for at_us, free_kb, _, _ in sorted(curve):  # a damaged record may be in disorder
        if free_kb < threshold_kb and since_ns is None:
            since_ns = at_us * NS_PER_US
        elif free_kb >= threshold_kb and since_ns is not None:
            yield since_ns, at_us * NS_PER_US
            since_ns = None
    if since_ns is not None:
        yield since_ns, end_ns


def _tell_decision(trace: TraceBuilder, lmkd: int, number: int, kill: KillRecord) -> None:
    trace.instant(
        lmkd,
        f"{kill.reason}: app {kill.app}",
        kill.decided_ns,
        flow=number + 1,
        reason=kill.reason,
        min_score_adj=kill.min_score_adj,
        adj=kill.adj,
        free_kb=kill.free_kb,
        shortfall_kb=kill.shortfall_kb,
        condemned_kb=kill.condemned_kb,
        swap_free_kb=kill.swap_free_kb,
        thrashing_pct=kill.thrashing_pct,
        premature=kill.premature,
        extra=kill.extra,
    )


def _tell_victim(trace: TraceBuilder, root: int, number: int, kill: KillRecord, end_ns: int) -> None:
    """A track a stage, because stages overlap; one that was not over when the watch ended says so."""
    victim = trace.track(f"app {kill.app}, adj {kill.adj}, pid {kill.pid}", root)
    killed_ns = kill.decided_ns if kill.killed_ns is None else kill.killed_ns
    held = trace.track("memory held", victim)
    trace.slice(
        held,
        _memory_name(kill),
        kill.decided_ns,
        end_ns if kill.freed_ns is None else kill.freed_ns,
        flow=number + 1,
        charged_kb=kill.charged_kb,
        rss_kb=kill.rss_kb,
        premature_class=kill.premature_class,
        extra=kill.extra,
        stall=kill.stall,
    )
    _stage(trace, victim, "kill", kill.decided_ns, kill.killed_ns, end_ns)
    _tell_mrelease(trace, victim, killed_ns, kill)
    _stage(trace, victim, "exit", killed_ns, kill.exited_ns, end_ns)


def _tell_mrelease(trace: TraceBuilder, victim: int, killed_ns: int, kill: KillRecord) -> None:
    """From the SIGKILL: the record has no beginning of the call. Without its return there was no call."""
    if kill.reaped_ns is None:  # the arm has none, or both reapers were busy
        return
    trace.slice(
        trace.track("mrelease", victim),
        f"until mrelease returned {kill.mrelease_errno}".strip(),
        killed_ns,
        kill.reaped_ns,
        errno=kill.mrelease_errno,
        charged_kb=kill.charged_at_return_kb,
    )


def _memory_name(kill: KillRecord) -> str:
    """For example ``extra kill (Z), memory not back by the end``."""
    kind = "extra kill" if kill.extra else "kill"
    why = f" ({kill.premature_class})" if kill.premature_class else ""
    back = "until the memory was back" if kill.freed_ns is not None else "memory not back by the end"
    return f"{kind}{why}, {back}"


def _stage(
    trace: TraceBuilder, victim: int, name: str, start_ns: int, over_ns: int | None, end_ns: int
) -> None:
    shown = name if over_ns is not None else f"{name} (not over by the end)"
    trace.slice(trace.track(name, victim), shown, start_ns, end_ns if over_ns is None else over_ns)
