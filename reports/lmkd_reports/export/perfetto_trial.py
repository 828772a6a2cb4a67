"""The trace of one trial: the arm's system calls, the victim's end, and its memory coming back."""

from __future__ import annotations

from lmkd_core.records.trial import TrialRecord
from lmkd_reports.export.perfetto_place import block_of
from lmkd_reports.export.perfetto_place import place_of
from lmkd_reports.export.trace import BYTES_A_KB
from lmkd_reports.export.trace import TraceBuilder

NS_PER_US = 1000
MOMENTS = {"reclaim_50_ns": "50 % back", "reclaim_90_ns": "90 % back", "reclaim_99_ns": "99 % back"}


def trial_trace(trial: TrialRecord) -> bytes:
    """Moment 0 is just before the SIGKILL."""
    trace = TraceBuilder()
    root = trace.track(f"{trial.device}: {trial.scenario}, {trial.arm}, {block_of(trial)}")
    _tell_calls(trace, root, trial)
    _tell_victim(trace, root, trial)
    _tell_memory(trace, root, trial)
    return trace.serialised()


def _tell_calls(trace: TraceBuilder, root: int, trial: TrialRecord) -> None:
    """A track a call: the arm as lmkd has it calls from two threads at once."""
    for number, call in enumerate(trial.calls, start=1):
        track = trace.track(f"call {number}: {call.name}", root)
        name = f"{call.name} {call.errno}".strip()
        end_ns = call.start_ns + call.took_ns
        trace.slice(track, name, call.start_ns, end_ns, errno=call.errno, charged_kb=call.charged_kb)


def _tell_victim(trace: TraceBuilder, root: int, trial: TrialRecord) -> None:
    """What was not over by the timeout ends there, and says so."""
    victim = trace.track("victim", root)
    ended = trial.exit_ns is not None
    name = "until its pidfd was readable" if ended else "not exited by the timeout"
    trace.slice(
        victim,
        name,
        0,
        trial.exit_ns if trial.exit_ns is not None else trial.timeout_ns,
        **place_of(trial),
        victim_kb=trial.victim_kb,
        threads=trial.threads,
        shape=trial.shape,
        stall_class=trial.stall_class,
        torn_down_by=trial.torn_down_by,
        valid=trial.valid,
        invalid_reason=trial.invalid_reason,
        flags=" ".join(trial.flags),
    )
    if trial.hold_ms or trial.released_ns is not None:
        held = trace.track(f"stall: {trial.stall}", root)
        over = trial.released_ns is not None
        name = "held" if over else "held beyond the timeout"
        trace.slice(held, name, 0, trial.released_ns if trial.released_ns is not None else trial.timeout_ns)


def _tell_memory(trace: TraceBuilder, root: int, trial: TrialRecord) -> None:
    memory = trace.track("memory", root)
    for field, name in MOMENTS.items():
        at_ns: int | None = getattr(trial, field)
        if at_ns is not None:
            trace.instant(memory, name, at_ns)
    charged = trace.counter_of_bytes("charged to the victim", root)
    for at_us, charged_kb in trial.curve:
        trace.count(charged, at_us * NS_PER_US, charged_kb * BYTES_A_KB)
