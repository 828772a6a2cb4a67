"""Makes the trace of one pressure episode: memory, lmkd's decisions, and the stages of each victim."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_core.records.episode import EpisodePoint
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import KillRecord
from lmkd_reports.export.perfetto_place import PLACE
from lmkd_reports.export.perfetto_place import block_name
from lmkd_reports.export.perfetto_place import field_notes
from lmkd_reports.export.trace import BYTES_A_KB
from lmkd_reports.export.trace import TraceBuilder

NS_PER_US = 1000
RESULTS = (
    *("stall_ms", "without_stall", "kills_total", "kills_needed", "kills_extra", "needed_kb"),
    *("apps_started", "apps_alive", "fg_fault_p99_ns", "direct_stalls", "valid", "invalid_reason"),
)
DECISION = (
    *("reason", "min_score_adj", "adj", "free_kb", "shortfall_kb", "condemned_kb", "swap_free_kb"),
    *("thrashing_pct", "premature", "extra"),
)
MEMORY = ("charged_kb", "rss_kb", "premature_class", "extra", "stall")
COUNTERS = ("free memory", "returned by victims", "touched by the demand")
"""The counters of a point of the curve, in the order of its values after the time."""


def episode_trace(episode: EpisodeRecord) -> bytes:
    """Returns the serialised trace; its moment 0 is the start of the demand."""
    trace = TraceBuilder()
    root = trace.track(
        f"{episode.device}: {episode.scenario}, {episode.profile}, {episode.arm}, {block_name(episode)}"
    )
    _add_episode(trace, root, episode)
    _add_memory(trace, root, episode)
    lmkd = trace.track("lmkd", root)
    for number, kill in enumerate(episode.kills):
        _add_decision(trace, lmkd, number, kill)
        _add_victim(trace, root, number, kill, _watched_ns(episode))
    return trace.serialised()


def _end_ns(episode: EpisodeRecord) -> int:
    """The end of the episode, or its last known moment if it was cut short."""
    return episode.duration_ns if episode.duration_ns is not None else _watched_ns(episode)


def _watched_ns(episode: EpisodeRecord) -> int:
    """The last known moment: the watch of victims and memory goes on after the end, while reapers work."""
    moments_ns = [point[0] * NS_PER_US for point in episode.curve]
    for kill in episode.kills:
        moments_ns += [kill.decided_ns, kill.exited_ns or 0, kill.freed_ns or 0]
    return max(episode.duration_ns or 0, *moments_ns, 0)


def _add_episode(trace: TraceBuilder, root: int, episode: EpisodeRecord) -> None:
    """Adds the slice of the episode, and PSI as two points: only its total is known."""
    end_ns = _end_ns(episode)
    name = f"{episode.demand} of {episode.demand_kb} kB"
    notes = field_notes(episode, *PLACE, *RESULTS) | {"flags": " ".join(episode.flags)}
    trace.slice(trace.track("episode", root), name, 0, end_ns, notes)
    for name, total_us in (("some", episode.psi_some_us), ("full", episode.psi_full_us)):
        if total_us is not None:
            counter = trace.counter(f"PSI memory {name}, total at the end", root, "us")
            trace.count(counter, 0, 0)
            trace.count(counter, end_ns, total_us)


def _add_memory(trace: TraceBuilder, root: int, episode: EpisodeRecord) -> None:
    counters = [trace.byte_counter(name, root) for name in COUNTERS]
    for at_us, *values_kb in episode.curve:
        for counter, value_kb in zip(counters, values_kb, strict=True):
            trace.count(counter, at_us * NS_PER_US, value_kb * BYTES_A_KB)
    if episode.threshold_kb is None:
        return
    watermark = trace.byte_counter("low watermark", root)
    for at_ns in (0, _watched_ns(episode)):
        trace.count(watermark, at_ns, episode.threshold_kb * BYTES_A_KB)
    pressure = trace.track("pressure", root)
    for start_ns, end_ns in _below(episode.curve, episode.threshold_kb, _watched_ns(episode)):
        trace.slice(pressure, "below the low watermark", start_ns, end_ns)


def _below(curve: tuple[EpisodePoint, ...], threshold_kb: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """Yields start and end of the times below the watermark; a point holds until the next one."""
    since_ns: int | None = None
    for at_us, free_kb, _, _ in sorted(curve):  # the points of a damaged record may be out of order
        if free_kb < threshold_kb and since_ns is None:
            since_ns = at_us * NS_PER_US
        elif free_kb >= threshold_kb and since_ns is not None:
            yield since_ns, at_us * NS_PER_US
            since_ns = None
    if since_ns is not None:
        yield since_ns, end_ns


def _add_decision(trace: TraceBuilder, lmkd: int, number: int, kill: KillRecord) -> None:
    name = f"{kill.reason}: app {kill.app}"
    trace.instant(lmkd, name, kill.decided_ns, field_notes(kill, *DECISION), flow=number + 1)


def _add_victim(trace: TraceBuilder, root: int, number: int, kill: KillRecord, end_ns: int) -> None:
    """Adds a track per stage, because stages overlap; the name shows if a stage outlasted the watch."""
    victim = trace.track(f"app {kill.app}, adj {kill.adj}, pid {kill.pid}", root)
    killed_ns = kill.decided_ns if kill.killed_ns is None else kill.killed_ns
    held = trace.track("memory held", victim)
    back_ns = end_ns if kill.freed_ns is None else kill.freed_ns
    notes = field_notes(kill, *MEMORY)
    trace.slice(held, _memory_name(kill), kill.decided_ns, back_ns, notes, flow=number + 1)
    _stage(trace, victim, "kill", kill.decided_ns, kill.killed_ns, end_ns)
    _add_mrelease(trace, victim, killed_ns, kill)
    _stage(trace, victim, "exit", killed_ns, kill.exited_ns, end_ns)


def _add_mrelease(trace: TraceBuilder, victim: int, killed_ns: int, kill: KillRecord) -> None:
    """Adds the call from the SIGKILL on: the record has only its return, and none if there was no call."""
    if kill.reaped_ns is None:  # the arm makes no such call, or both reapers were busy
        return
    trace.slice(
        trace.track("mrelease", victim),
        f"until mrelease returned {kill.mrelease_errno}".strip(),
        killed_ns,
        kill.reaped_ns,
        {"errno": kill.mrelease_errno, "charged_kb": kill.charged_at_return_kb},
    )


def _memory_name(kill: KillRecord) -> str:
    """For example ``extra kill (Z), memory not back by the end``."""
    kind = "extra kill" if kill.extra else "kill"
    premature_class = f" ({kill.premature_class})" if kill.premature_class else ""
    ending = "until the memory was back" if kill.freed_ns is not None else "memory not back by the end"
    return f"{kind}{premature_class}, {ending}"


def _stage(
    trace: TraceBuilder, victim: int, name: str, start_ns: int, over_ns: int | None, end_ns: int
) -> None:
    shown = name if over_ns is not None else f"{name} (not over by the end)"
    trace.slice(trace.track(name, victim), shown, start_ns, end_ns if over_ns is None else over_ns)
