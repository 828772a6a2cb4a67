"""Makes the trace of one trial: the arm's system calls, the victim's end, and the return of its memory."""

from __future__ import annotations

from lmkd_core.records.trial import TrialRecord
from lmkd_reports.export.perfetto_place import PLACE
from lmkd_reports.export.perfetto_place import block_name
from lmkd_reports.export.perfetto_place import field_notes
from lmkd_reports.export.trace import BYTES_A_KB
from lmkd_reports.export.trace import TraceBuilder

NS_PER_US = 1000
RESULTS = ("victim_kb", "threads", "shape", "stall_class", "torn_down_by", "valid", "invalid_reason")
MOMENTS = {"reclaim_50_ns": "50 % back", "reclaim_90_ns": "90 % back", "reclaim_99_ns": "99 % back"}


def trial_trace(trial: TrialRecord) -> bytes:
    """Returns the serialised trace; its moment 0 is just before the SIGKILL."""
    trace = TraceBuilder()
    root = trace.track(f"{trial.device}: {trial.scenario}, {trial.arm}, {block_name(trial)}")
    _add_calls(trace, root, trial)
    _add_victim(trace, root, trial)
    _add_memory(trace, root, trial)
    return trace.serialised()


def _add_calls(trace: TraceBuilder, root: int, trial: TrialRecord) -> None:
    """Adds a track per call: like lmkd, an arm may call from two threads at once."""
    for number, call in enumerate(trial.calls, start=1):
        track = trace.track(f"call {number}: {call.name}", root)
        name = f"{call.name} {call.errno}".strip()
        end_ns = call.start_ns + call.took_ns
        trace.slice(track, name, call.start_ns, end_ns, field_notes(call, "errno", "charged_kb"))


def _add_victim(trace: TraceBuilder, root: int, trial: TrialRecord) -> None:
    """Adds the victim and its stall; a slice that was not over ends at the timeout, and its name shows it."""
    victim = trace.track("victim", root)
    ended = trial.exit_ns is not None
    name = "until its pidfd was readable" if ended else "not exited by the timeout"
    notes = field_notes(trial, *PLACE, *RESULTS) | {"flags": " ".join(trial.flags)}
    trace.slice(victim, name, 0, trial.exit_ns if trial.exit_ns is not None else trial.timeout_ns, notes)
    if trial.hold_ms or trial.released_ns is not None:
        held = trace.track(f"stall: {trial.stall}", root)
        over = trial.released_ns is not None
        name = "held" if over else "held beyond the timeout"
        trace.slice(held, name, 0, trial.released_ns if trial.released_ns is not None else trial.timeout_ns)


def _add_memory(trace: TraceBuilder, root: int, trial: TrialRecord) -> None:
    memory = trace.track("memory", root)
    for field, name in MOMENTS.items():
        at_ns: int | None = getattr(trial, field)
        if at_ns is not None:
            trace.instant(memory, name, at_ns)
    charged = trace.byte_counter("charged to the victim", root)
    for at_us, charged_kb in trial.curve:
        trace.count(charged, at_us * NS_PER_US, charged_kb * BYTES_A_KB)
