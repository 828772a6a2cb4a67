"""Reads Perfetto traces back with Perfetto's own protos and compares them with their records."""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TrackEvent
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_episode
from synthetic import synthetic_info
from synthetic import synthetic_kill
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from synthetic import synthetic_trial

from lmkd_core.records.trial import Call
from lmkd_reports.export.perfetto import write_traces
from lmkd_reports.export.perfetto_episode import episode_trace
from lmkd_reports.export.perfetto_trial import trial_trace
from lmkd_reports.export.trace import ZERO_NS
from pytest_lmkd.cli import main

NS_PER_MS = 1_000_000


@dataclass
class Slice:
    track: str
    name: str
    start_ns: int
    end_ns: int
    notes: dict[str, Any]
    flows: list[int]


@dataclass
class TraceContent:
    """The content of a trace: times in ns since the record's moment 0, tracks by their path of names."""

    tracks: list[str] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    instants: list[Slice] = field(default_factory=list)
    counters: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def on_track(self, track: str) -> list[Slice]:
        return [slice_ for slice_ in self.slices if slice_.track.endswith(track)]


def event_notes(event: TrackEvent) -> dict[str, Any]:
    return {note.name: getattr(note, note.WhichOneof("value")) for note in event.debug_annotations}


def read_trace(data: bytes) -> TraceContent:
    """Fails on a trace with events without a track or out of order, or with slices that do not close."""
    trace, content = Trace.FromString(data), TraceContent()
    assert len({packet.trusted_packet_sequence_id for packet in trace.packet}) == 1
    names: dict[int, str] = {}
    opened: dict[int, list[Slice]] = defaultdict(list)
    last_ns = 0
    for packet in trace.packet:
        if packet.HasField("track_descriptor"):
            descriptor = packet.track_descriptor
            assert descriptor.uuid not in names
            parent = names[descriptor.parent_uuid] + "/" if descriptor.HasField("parent_uuid") else ""
            names[descriptor.uuid] = parent + descriptor.name
            continue
        event, at_ns = packet.track_event, packet.timestamp - ZERO_NS
        assert packet.timestamp >= last_ns
        last_ns = packet.timestamp
        track = names[event.track_uuid]
        if event.type == TrackEvent.TYPE_SLICE_BEGIN:
            assert not opened[event.track_uuid]  # slices of a track never overlap
            flows = list(event.terminating_flow_ids)
            opened[event.track_uuid].append(Slice(track, event.name, at_ns, -1, event_notes(event), flows))
        elif event.type == TrackEvent.TYPE_SLICE_END:
            closed = opened[event.track_uuid].pop()
            closed.end_ns = at_ns
            content.slices.append(closed)
        elif event.type == TrackEvent.TYPE_INSTANT:
            instant = Slice(track, event.name, at_ns, at_ns, event_notes(event), list(event.flow_ids))
            content.instants.append(instant)
        else:
            assert event.type == TrackEvent.TYPE_COUNTER
            content.counters[track.rpartition("/")[2]].append((at_ns, event.counter_value))
    assert not any(opened.values())
    content.tracks = list(names.values())
    return content


@pytest.fixture(scope="module")
def episode() -> Any:
    return synthetic_episode(needed=3, extra=2)


def test_every_decision_has_the_values_that_lmkd_read(episode: Any) -> None:
    decisions = [
        decision
        for decision in read_trace(episode_trace(episode)).instants
        if decision.track.endswith("/lmkd")
    ]
    assert [decision.start_ns for decision in decisions] == [kill.decided_ns for kill in episode.kills]
    for decision, kill in zip(decisions, episode.kills, strict=True):
        assert decision.name == f"{kill.reason}: app {kill.app}"
        for name in ("min_score_adj", "shortfall_kb", "condemned_kb", "free_kb", "adj", "extra", "premature"):
            assert decision.notes[name] == getattr(kill, name)


def test_a_decision_leads_to_its_victim(episode: Any) -> None:
    content = read_trace(episode_trace(episode))
    decisions = {flow: event for event in content.instants for flow in event.flows}
    held = {flow: event for event in content.slices for flow in event.flows}
    assert len(decisions) == len(held) == 5
    for flow, event in decisions.items():
        assert held[flow].start_ns == event.start_ns
        assert f"app {event.name.rpartition(' ')[2]}," in held[flow].track


def test_each_stage_of_each_victim_lasts_as_long_as_recorded(episode: Any) -> None:
    content = read_trace(episode_trace(episode))
    for kill in episode.kills:
        track = f"app {kill.app}, adj {kill.adj}, pid {kill.pid}"
        stages = {
            stage.track.rpartition("/")[2]: stage for stage in content.slices if f"/{track}/" in stage.track
        }
        assert set(stages) == {"memory held", "kill", "mrelease", "exit"}
        times = {name: (stage.start_ns, stage.end_ns) for name, stage in stages.items()}
        assert times["kill"] == (kill.decided_ns, kill.killed_ns)
        assert times["mrelease"] == (kill.killed_ns, kill.reaped_ns)
        assert times["exit"] == (kill.killed_ns, kill.exited_ns)
        end_ns = episode.duration_ns if kill.freed_ns is None else kill.freed_ns
        assert times["memory held"] == (kill.decided_ns, end_ns)


def test_extra_kills_and_memory_that_did_not_come_back_are_named(episode: Any) -> None:
    names = Counter(slice_.name for slice_ in read_trace(episode_trace(episode)).on_track("memory held"))
    assert names == {
        "kill, until the memory was back": 3,
        "extra kill (Z), memory not back by the end": 2,
    }


def test_counters_are_the_records_curve(episode: Any) -> None:
    counters = read_trace(episode_trace(episode)).counters
    for place, name in enumerate(("free memory", "returned by victims", "touched by the demand"), start=1):
        assert counters[name] == [(point[0] * 1000, point[place] * 1024) for point in episode.curve]
    watermark = episode.threshold_kb * 1024
    assert counters["low watermark"] == [(0, watermark), (episode.duration_ns, watermark)]


def test_psi_is_drawn_as_a_total(episode: Any) -> None:
    counters = read_trace(episode_trace(episode)).counters
    assert counters["PSI memory some, total at the end"] == [
        (0, 0),
        (episode.duration_ns, episode.psi_some_us),
    ]
    assert "PSI memory full, total at the end" not in counters  # the record has none


def test_pressure_is_where_free_memory_lies_below_the_watermark() -> None:
    free = [(0, 50), (100, 30), (200, 10), (300, 10), (400, 40), (500, 5)]
    curve = tuple((at, kb, 0, 0) for at, kb in free)
    content = read_trace(
        episode_trace(synthetic_episode(0, curve=curve, threshold_kb=30, duration_ns=900_000))
    )
    assert [(slice_.start_ns, slice_.end_ns) for slice_ in content.on_track("/pressure")] == [
        (200_000, 400_000),
        (500_000, 900_000),
    ]


def test_stages_not_over_by_the_end_are_named_so() -> None:
    unseen = synthetic_kill(0, killed_ns=None, reaped_ns=None, exited_ns=None, freed_ns=None)
    content = read_trace(episode_trace(synthetic_episode(0, kills=(unseen,), duration_ns=3000 * NS_PER_MS)))
    stages = [stage for stage in content.slices if "/app 0," in stage.track and "memory" not in stage.name]
    assert {stage.name for stage in stages} == {
        "kill (not over by the end)",
        "exit (not over by the end)",
    }
    assert {stage.end_ns for stage in stages} == {3000 * NS_PER_MS}


def test_memory_that_never_came_back_lasts_until_the_end_of_the_watch() -> None:
    """The watch goes on after the end: late memory must not look longer than memory that never came back."""
    late = synthetic_kill(0, freed_ns=4000 * NS_PER_MS)
    never = synthetic_kill(1, freed_ns=None, exited_ns=None)
    curve = ((0, 90_000, 0, 0), (5_000_000, 90_000, 0, 0))
    content = read_trace(episode_trace(synthetic_episode(0, kills=(late, never), curve=curve)))
    assert [slice_.end_ns // NS_PER_MS for slice_ in content.on_track("/memory held")] == [4000, 5000]
    assert [slice_.end_ns // NS_PER_MS for slice_ in content.on_track("pid 101/exit")] == [5000]
    assert [slice_.end_ns // NS_PER_MS for slice_ in content.on_track("/episode")] == [3000]


def test_the_last_event_of_any_victim_ends_the_watch_of_all() -> None:
    late = synthetic_kill(0, exited_ns=4000 * NS_PER_MS, freed_ns=3500 * NS_PER_MS)
    never = synthetic_kill(1, freed_ns=None)
    content = read_trace(episode_trace(synthetic_episode(0, kills=(late, never), curve=())))
    assert [slice_.end_ns // NS_PER_MS for slice_ in content.on_track("/memory held")] == [3500, 4000]


@pytest.mark.parametrize("by_reaper", [False, True])  # both reapers were busy; the arm sends SIGKILL only
def test_an_mrelease_that_was_not_called_is_not_there(by_reaper: bool) -> None:
    alone = synthetic_kill(0, by_reaper=by_reaper, reaped_ns=None)
    content = read_trace(episode_trace(synthetic_episode(0, kills=(alone,))))
    assert not [track for track in content.tracks if track.endswith("/mrelease")]


def test_an_mrelease_that_lost_its_race_is_named_so() -> None:
    lost = synthetic_kill(0, mrelease_errno="ESRCH", charged_at_return_kb=51_000)
    (call,) = read_trace(episode_trace(synthetic_episode(0, kills=(lost,)))).on_track("/mrelease")
    assert call.name == "until mrelease returned ESRCH"
    assert call.notes == {"errno": "ESRCH", "charged_kb": 51_000}


def test_an_episode_without_kills_has_its_memory_alone() -> None:
    content = read_trace(episode_trace(synthetic_episode(0)))
    assert content.instants == []
    assert [
        slice_.track.rpartition("/")[2]
        for slice_ in content.slices
        if slice_.name != "below the low watermark"
    ] == ["episode"]
    assert content.counters["free memory"]


def test_a_curve_in_disorder_makes_no_slices_that_overlap() -> None:
    curve = ((10, 1, 0, 0), (50, 9, 0, 0), (5, 1, 0, 0), (20, 9, 0, 0))
    content = read_trace(episode_trace(synthetic_episode(0, curve=curve, threshold_kb=3)))
    assert [(slice_.start_ns, slice_.end_ns) for slice_ in content.on_track("/pressure")] == [(5_000, 20_000)]


def test_a_failed_episode_has_a_trace_too() -> None:
    failed = synthetic_episode(0, valid=False, invalid_reason="made up", duration_ns=None, curve=())
    failed = msgspec.structs.replace(failed, threshold_kb=None, psi_some_us=None)
    (slice_,) = read_trace(episode_trace(failed)).slices
    assert (slice_.start_ns, slice_.end_ns, slice_.notes["invalid_reason"]) == (0, 0, "made up")


CALLS = (
    Call("pidfd_send_signal", -2_000, 9_000, "", 66_000),
    Call("process_mrelease", 5_000, 25_000, "ESRCH", None),
)


def test_a_trial_has_its_calls_where_they_were_also_before_the_kill() -> None:
    content = read_trace(trial_trace(synthetic_trial(calls=CALLS)))
    calls = [slice_ for slice_ in content.slices if "/call " in slice_.track]
    assert [(slice_.name, slice_.start_ns, slice_.end_ns) for slice_ in calls] == [
        ("pidfd_send_signal", -2_000, 7_000),
        ("process_mrelease ESRCH", 5_000, 30_000),
    ]
    assert calls[0].notes == {"errno": "", "charged_kb": 66_000}
    assert calls[1].notes == {"errno": "ESRCH"}  # an unknown charge is not there


def test_a_trial_has_its_memory_and_its_moments() -> None:
    curve = ((0, 66_000), (6_000, 33_000), (13_000, 400))
    content = read_trace(trial_trace(synthetic_trial(curve=curve, exit_ns=14 * NS_PER_MS)))
    assert content.counters["charged to the victim"] == [(us * 1000, kb * 1024) for us, kb in curve]
    assert [(instant.name, instant.start_ns // NS_PER_MS) for instant in content.instants] == [
        ("50 % back", 6),
        ("90 % back", 12),
        ("99 % back", 13),
    ]
    (end,) = content.on_track("/victim")
    assert (end.name, end.end_ns) == ("until its pidfd was readable", 14 * NS_PER_MS)


def test_a_censored_trial_ends_at_its_timeout() -> None:
    never = dict.fromkeys(("reclaim_50_ns", "reclaim_90_ns", "reclaim_99_ns", "exit_ns"))
    trial = synthetic_trial(**never, hold_ms=300, stall="holder")
    content = read_trace(trial_trace(trial))
    assert content.instants == []
    (end,), (held,) = content.on_track("/victim"), content.on_track("/stall: holder")
    assert (end.name, end.end_ns) == ("not exited by the timeout", trial.timeout_ns)
    assert (held.name, held.end_ns) == ("held beyond the timeout", trial.timeout_ns)


@pytest.mark.parametrize("warmup", [False, True])
def test_a_trace_names_its_record_and_whether_it_is_a_warm_up(warmup: bool) -> None:
    trial, episode = synthetic_trial(warmup=warmup, block=3), synthetic_episode(1, warmup=warmup, block=3)
    for record, content, track in (
        (trial, trial_trace(trial), "/victim"),
        (episode, episode_trace(episode), "/episode"),
    ):
        read_content = read_trace(content)
        assert read_content.tracks[0].endswith(f", {'warm-up ' if warmup else ''}block 3")
        (slice_,) = read_content.on_track(track)
        for name in ("device", "suite", "scenario", "stall", "regime", "arm", "block", "warmup", "boot_id"):
            assert slice_.notes[name] == getattr(record, name)


@pytest.fixture(scope="module")
def run() -> SyntheticRun:
    run = synthetic_run([PATCHED], blocks=2)
    run.episodes = synthetic_pressure(2).episodes
    return run


def traces_in(folder: Path) -> Iterator[Path]:
    return folder.rglob("*.perfetto-trace")


def test_a_trace_a_trial_and_a_trace_an_episode(
    run: SyntheticRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run.write(tmp_path)
    total = len(run.trials) + len(run.episodes)
    assert main(["export", str(folder), "--perfetto"]) == 0
    assert capsys.readouterr().out == f"export: {total} traces in {folder / 'export' / 'perfetto'}\n"
    written = list(traces_in(folder))
    assert len(written) == total
    for path in written:
        assert read_trace(path.read_bytes()).slices


def test_the_same_run_gives_the_same_bytes(run: SyntheticRun, tmp_path: Path) -> None:
    folder = run.write(tmp_path / "run")
    first = {path.name: path.read_bytes() for path in write_traces(folder, tmp_path / "a").paths}
    second = {path.name: path.read_bytes() for path in write_traces(folder, tmp_path / "b").paths}
    assert first == second


def test_hostile_names_leave_no_folder_and_are_text_in_the_trace(tmp_path: Path) -> None:
    hostile = "../../x/<script>\n"
    run = SyntheticRun(synthetic_info([hostile]))
    run.trials = [
        synthetic_trial(device=hostile, scenario=scenario, arm=f"kill{hostile}")
        for scenario in ("../../../y", "..:..:..:y", "z" * 5000)
    ]
    traces = write_traces(run.write(tmp_path / "run"), tmp_path / "to")
    assert len(set(traces.paths)) == 3
    assert all(path.resolve().is_relative_to(tmp_path / "to") for path in traces.paths)
    assert sorted(traces_in(tmp_path)) == sorted(traces.paths)
    content = read_trace(traces.paths[0].read_bytes())
    assert content.tracks[0].startswith(f"{hostile}: ")


def test_a_warm_up_has_its_own_file_named_so(tmp_path: Path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]))
    run.trials = [synthetic_trial(), synthetic_trial(warmup=True)]
    names = [path.name for path in write_traces(run.write(tmp_path / "run"), tmp_path / "to").paths]
    assert ["-kill-warmup-b0-" in name for name in names] == [False, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"curve": ((2**62, 1),)},
        {"curve": ((1, 2**62),)},
        {"calls": (Call("process_mrelease", -2 * ZERO_NS, 1, "", None),)},
    ],
    ids=["a time too late", "a size too large", "a time too early"],
)
def test_a_record_that_no_trace_can_hold_is_named_and_the_others_written(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]))
    run.trials = [synthetic_trial(**changes), synthetic_trial(block=1)]
    traces = write_traces(run.write(tmp_path / "run"), tmp_path / "to")
    assert ["-b1-" in path.name for path in traces.paths] == [True]
    (problem,) = traces.problems
    assert str(problem).startswith("records/0.jsonl: no trace of reclaim-nobody-holds-64MB-1t-kill-b0-")


def test_lines_that_cannot_be_read_are_named(
    run: SyntheticRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run.write(tmp_path)
    with (folder / "records" / "0.jsonl").open("ab") as stream:
        stream.write(b'{"type": "tri')
    assert main(["export", str(folder), "--perfetto"]) == 0
    assert "records/0.jsonl:" in capsys.readouterr().err
