"""Synthetic runs: made up from a seed, in the shape of what the virtual device gives. Nothing is measured.

No stall: memory is back after about 12 ms with ``kill``, 10 ms with the others. A holder of 300 ms:
345 ms with ``kill``; with ``kill+mrelease`` 40 ms, or 350 ms where the race is lost (ESRCH); 45 ms
with ``reap-kill``. In a control everything that reaps takes the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import msgspec
import numpy as np
from identities import identified

from lmkd_core.records.case import CaseRecord
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.device import StateRecord
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import KillRecord
from lmkd_core.records.lines import encode_line
from lmkd_core.records.lines import encode_lines
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.observation import ObservedApp
from lmkd_core.records.observation import ObservedDeath
from lmkd_core.records.run import RunInfo
from lmkd_core.records.schema import Fact
from lmkd_core.records.trial import Call
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord

ARMS = ("kill", "kill+mrelease", "reap-kill")
PATCHED = "synthetic-reap-kill-v3"
STOCK = "synthetic-stock"
TIMEOUT_NS = 3_000_000_000
NS_PER_MS = 1_000_000
LOST_RACES = 0.6
"""Share of synthetic ``kill+mrelease`` trials that end in ESRCH."""

NAMES = {"none": "nobody-holds", "holder": "somebody-holds"}
"""Made up, so that no text here depends on what the product says of its scenarios."""

CONTROLS = ("control-0", "control-1", "control-2")


@dataclass
class SyntheticRun:
    """The files of a run, to be changed by a test before they are written."""

    info: RunInfo
    devices: list[DeviceRecord] = field(default_factory=list)
    planned: list[PlannedTrial] = field(default_factory=list)
    trials: list[TrialRecord] = field(default_factory=list)
    skips: list[SkipRecord] = field(default_factory=list)
    cases: list[CaseRecord] = field(default_factory=list)
    episodes: list[EpisodeRecord] = field(default_factory=list)
    observations: list[ObservationRecord] = field(default_factory=list)
    states: list[StateRecord] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Its label is its id, where it has none: folders of tests have names of no meaning."""
        info = msgspec.structs.replace(self.info, label=self.info.label or self.info.run_id)
        (folder / "records").mkdir(parents=True, exist_ok=True)
        (folder / "run.json").write_bytes(encode_line(info))
        (folder / "plan.jsonl").write_bytes(encode_lines(self.planned))
        for number, name in enumerate(self.info.devices):
            measured = (*self.trials, *self.episodes, *self.observations)
            records = (*self.devices, *self.skips, *self.cases, *measured, *self.states)
            of_device = [record for record in records if record.device == name]
            (folder / "records" / f"{number}.jsonl").write_bytes(encode_lines(of_device))
        return folder


def synthetic_info(devices: Sequence[str], arms: Sequence[str] = ARMS, blocks: int = 10) -> RunInfo:
    return RunInfo(
        run_id="synthetic-20260101T000000Z",
        started_utc="2026-01-01T00:00:00+00:00",
        command="pytest suites/ --lmkd-device synthetic",
        seed=1,
        arms=tuple(arms),
        blocks=blocks,
        devices=tuple(devices),
        versions={"pytest-lmkd": "0.0.0-synthetic", "scipy": "1.17.1"},
        host={"system": "Linux (synthetic)", "machine": "x86_64", "cpus": "2"},
    )


def synthetic_device(name: str, *, reap_kill: bool = True, model: str = "Synthetic phone") -> DeviceRecord:
    probe = "process_mrelease(pidfd, 1)"
    return DeviceRecord(
        device=name,
        model=model,
        kernel_release="6.12.90",
        personality=name.removeprefix("synthetic-"),
        abi="x86_64",
        page_size=4096,
        cpus=4,
        mem_total_kb=1_003_520,
        swap_total_kb=524_284,
        boot_id=f"00000000-0000-0000-0000-{len(name):012}",
        root=True,
        agent_sha256="0123456789abcdef" * 4,
        facts={
            "root": Fact(True, "geteuid()"),
            "process_mrelease": Fact(True, "process_mrelease(-1, 0)"),
            "reap_kill": Fact(reap_kill, probe, "" if reap_kill else "EINVAL: this kernel knows no flag"),
            "userfaultfd": Fact(True, "userfaultfd(UFFD_USER_MODE_ONLY)"),
            "psi": Fact(None, "/proc/pressure/memory", "ENOENT"),
            "clock_step_ns": Fact(41, "CLOCK_MONOTONIC, read back to back"),
        },
    )


def synthetic_trial(**changes: object) -> TrialRecord:
    """A valid trial of ``kill`` in 12 ms, with ``changes`` to its fields."""
    fields: dict[str, object] = {
        "device": PATCHED,
        "suite": "reclaim",
        "scenario": "nobody-holds",
        "stall": "none",
        "regime": "natural",
        "arm": "kill",
        "block": 0,
        "order": 0,
        "seed": 1,
        "victim_kb": 65536,
        "threads": 1,
        "hold_ms": 0,
        "timeout_ns": TIMEOUT_NS,
        "boot_id": "00000000-0000-0000-0000-000000000000",
        "reclaim_50_ns": 6 * NS_PER_MS,
        "reclaim_90_ns": 12 * NS_PER_MS,
        "reclaim_99_ns": 13 * NS_PER_MS,
        "valid": True,
    }
    return TrialRecord(**(fields | changes))


def synthetic_kill(number: int, **changes: object) -> KillRecord:
    """The ``number``-th kill of an episode, 100 ms after the last, back after 50 ms, with ``changes``."""
    fields: dict[str, object] = {
        "pid": 100 + number,
        "app": number,
        "adj": 955 - 5 * number,
        "stall": "none",
        "rss_kb": 50_000,
        "charged_kb": 51_200,
        "decided_ns": (1000 + 100 * number) * NS_PER_MS,
        "killed_ns": (1001 + 100 * number) * NS_PER_MS,
        "reaped_ns": (1040 + 100 * number) * NS_PER_MS,
        "exited_ns": (1045 + 100 * number) * NS_PER_MS,
        "freed_ns": (1050 + 100 * number) * NS_PER_MS,
        "reason": "LOW_MEM",
        "min_score_adj": 701,
        "free_kb": 20_000,
        "shortfall_kb": 8_000,
        "swap_free_kb": 400_000,
        "thrashing_pct": 0,
        "condemned_kb": 0,
        "condemned_zombie_kb": 0,
        "condemned_late_kb": 0,
        "condemned_exiting_kb": 0,
        "by_reaper": True,
        "mrelease_errno": "",
        "charged_at_return_kb": 0,
        "premature": False,
        "premature_class": "",
        "extra": False,
    }
    return KillRecord(**(fields | changes))


def synthetic_episode(needed: int = 5, extra: int = 0, **changes: object) -> EpisodeRecord:
    """A valid episode with that many kills, the extra ones premature, with ``changes`` to its fields."""
    kills = [
        synthetic_kill(number, extra=True, premature=True, premature_class="Z", freed_ns=None)
        if number >= needed
        else synthetic_kill(number)
        for number in range(needed + extra)
    ]
    fields: dict[str, object] = {
        "device": PATCHED,
        "suite": "pressure",
        "scenario": "held-beyond-burst",
        "regime": "injected",
        "arm": "kill",
        "block": 0,
        "order": 0,
        "seed": 1,
        "profile": "12-cached",
        "demand": "burst",
        "demand_kb": 500_000,
        "stall": "holder",
        "stall_ms": 0,
        "boot_id": "00000000-0000-0000-0000-000000000000",
        "demand_met": True,
        "duration_ns": 3000 * NS_PER_MS,
        "risen_ns": 2000 * NS_PER_MS,
        "threshold_kb": 28_160,
        "kills": tuple(kills),
        "kills_total": len(kills),
        "needed_kb": needed * 51_200,
        "kills_needed": needed,
        "kills_extra": extra,
        "kills_premature": extra,
        "psi_some_us": 300_000,
        "fg_fault_p99_ns": 90_000,
        "apps_started": 12,
        "apps_alive": 12 - len(kills),
        "curve": tuple((at * 1000, 200_000 - 50 * at, 0, 100 * at) for at in range(0, 3000, 50)),
        "valid": True,
    }
    return EpisodeRecord(**(fields | changes))


def synthetic_pressure(blocks: int = 8) -> SyntheticRun:
    """Episodes alone: a gain, a difference too small to be clear, none at all, and two invalid ones.

    Of the two stalled strata the first has unstalled episodes, as an older version's have none.
    """
    arms = ("kill+mrelease@lmkd", "reap-kill", "reap-kill#2")
    run = SyntheticRun(synthetic_info([PATCHED], arms, blocks), [synthetic_device(PATCHED)])
    for block in range(blocks):
        for arm, extra, starved in zip(arms, (2 + block % 2, 0, 0), (block % 4 // 3, 0, 0), strict=True):
            place: dict[str, object] = {"arm": arm, "block": block}
            control = {"scenario": "undisturbed", "regime": "control", "stall": "none"}
            run.episodes += [
                synthetic_episode(extra=extra, **place),
                synthetic_episode(extra=starved, scenario="starved-victims", stall="starved", **place),
                synthetic_episode(0, **control, **place),
            ]
        unstalled = {"stall": "none", "without_stall": "holder", "arm": arms[0], "block": block}
        run.episodes.append(synthetic_episode(5 + block % 4 // 3, **unstalled))
    failed = {
        "valid": False,
        "invalid_reason": "the demand was not met to the end",
        "scenario": "undisturbed",
    }
    run.episodes += [
        synthetic_episode(0, regime="control", stall="none", arm=arm, block=blocks, **failed)
        for arm in arms[:2]
    ]
    return run


def synthetic_case(**changes: object) -> CaseRecord:
    """A conformance case with the right answer, with ``changes`` to its fields."""
    fields: dict[str, object] = {
        "device": PATCHED,
        "suite": "conformance",
        "case": "live",
        "flags": 1,
        "variant": "reap-kill-v3",
        "answer": "ret=0 target=SIGKILL freed=yes",
        "expected": "ret=0 target=SIGKILL freed=yes",
        "passed": True,
        "boot_id": "00000000-0000-0000-0000-000000000000",
    }
    return CaseRecord(**(fields | changes))


def synthetic_count(case: str, flags: int, answer: str) -> CaseRecord:
    """A case that is only counted."""
    return synthetic_case(suite="integrity", case=case, flags=flags, answer=answer, expected="")


def synthetic_death(pid: int, killer: str = "lmkd", **changes: object) -> ObservedDeath:
    told: dict = {
        "pid": pid,
        "process": f"org.example.app{pid}",
        "killer": killer,
        "reason": "low watermark is breached and swap is low",
        "oom_score_adj": 900,
        "rss_kb": 60_000,
        "after_ms": 120,
        "sources": ("killinfo", "lmkd_kill"),
        "ours": True,
    }
    return ObservedDeath(**(told | changes))


def synthetic_observation(block: int, kills: int = 3, **changes: object) -> ObservationRecord:
    told: dict = {
        "device": PATCHED,
        "suite": "apps",
        "scenario": "game",
        "regime": "natural",
        "arm": "lmkd",
        "block": block,
        "order": 0,
        "seed": block,
        "boot_id": "boot-1",
        "apps": (ObservedApp(package="org.example.app100", pid=100, oom_score_adj=900, size_kb=60_000),),
        "demand_package": "org.example.game",
        "demand_kb": 400_000,
        "demand_met": True,
        "deaths": tuple(synthetic_death(100 + number) for number in range(kills)),
        "kills_total": kills,
        "apps_started": 10,
        "apps_alive": 10 - kills,
        "psi_some_us": 250_000,
        "valid": True,
    }
    return ObservationRecord(**(told | changes))


def synthetic_observations(kills: Sequence[int] = (3, 2, 4, 3, 3, 2, 4, 3)) -> SyntheticRun:
    """Of one device: its own lmkd under real apps, and nothing else."""
    run = SyntheticRun(synthetic_info([PATCHED]), devices=[synthetic_device(PATCHED)])
    run.observations = [synthetic_observation(block, number) for block, number in enumerate(kills)]
    return run


def synthetic_states(block: int, **changes: object) -> list[StateRecord]:
    """Around a block of ten seconds; ``changes`` are what had changed after it."""
    told: dict = {
        "device": PATCHED,
        "suite": "reclaim",
        "scenario": "natural-64MB-1t",
        "block": block,
        "boot_id": "boot-1",
        "thermal_status": 0,
        "battery_pct": 80,
        "on_power": True,
        "screen": "Awake",
        "governors": "schedutil",
        "cpu_khz": 2_000_000,
    }
    before = StateRecord(**told, when="before", clock_s=1_000, uptime_s=5)
    after = {**told, "clock_s": 1_010, "uptime_s": 15, **changes}
    return [before, StateRecord(**after, when="after")]


def synthetic_conformance() -> SyntheticRun:
    """A run of conformance cases alone: one of each way, and one wrong answer, told last."""
    run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)])
    run.cases = [
        synthetic_case(),
        synthetic_case(case="bad-fd", flags=0x80000001, answer="ret=EINVAL", expected="ret=EINVAL"),
        synthetic_case(case="global-oom", suite="shared-mm", flags=0),
        synthetic_count("robust-futex", 0x100, "rounds=20 lost=0"),
        synthetic_count("robust-futex", 0, "rounds=20 lost=4"),
        synthetic_count("robust-futex", 1, "rounds=20 lost=10"),
        synthetic_count("pattern-to-pipe", 0x100, "rounds=20 empty=0 wrong=0"),
        synthetic_count("pattern-to-pipe", 1, "rounds=20 empty=0 wrong=0"),
        synthetic_case(case="race", answer="ok=seen ESRCH=never", expected=""),
        synthetic_case(case="sharer", answer="ret=EINVAL sharer=alive", passed=False),
    ]
    return run


def synthetic_run(
    devices: Sequence[str] = (PATCHED, STOCK), blocks: int = 10, seed: int = 20260101
) -> SyntheticRun:
    """Every stratum of the reclaim suite on ``devices``; ``reap-kill`` is skipped on the stock one.

    The stock one's record has no identity, like those of older versions.
    """
    rng = np.random.default_rng(seed)
    run = SyntheticRun(synthetic_info(devices, blocks=blocks))
    for name in devices:
        able = name != STOCK
        device = synthetic_device(name, reap_kill=able)
        run.devices.append(identified(device) if able else device)
        if not able:
            reason = "reap_kill is missing: EINVAL: this kernel knows no flag"
            run.skips.append(SkipRecord(device=name, what="arm", name="reap-kill", reason=reason))
        for stall in ("none", "holder"):
            for victim_kb in (65536, 262144):
                for threads in (1, 16):
                    add_stratum(run, rng, name, stall, victim_kb, threads, ARMS if able else ARMS[:2])
    return run


def synthetic_suite(blocks: int = 10, seed: int = 20260102) -> SyntheticRun:
    """Forty strata on one device: many scenarios, controls among them, victims of several shapes."""
    rng = np.random.default_rng(seed)
    run = SyntheticRun(synthetic_info([PATCHED], blocks=blocks), [synthetic_device(PATCHED)])
    for number in range(17):
        for threads in (1, 8):
            held = f"held-{number}" if number else NAMES["none"]
            add_stratum(
                run, rng, PATCHED, "holder" if number else "none", 65536, threads, ARMS, scenario=held
            )
    for name in CONTROLS:
        add_stratum(run, rng, PATCHED, "none", 65536, 1, ARMS, scenario=name, regime="control")
    for shape, changes in (
        ("app-mix", {}),
        ("private-file", {"dirty_pct": 50}),
        ("zram", {"compress_pct": 60}),
    ):
        add_stratum(run, rng, PATCHED, "none", 65536, 1, ARMS, scenario=f"in-{shape}", shape=shape, **changes)
    return run


def add_stratum(
    run: SyntheticRun,
    rng: np.random.Generator,
    device: str,
    stall: str,
    victim_kb: int,
    threads: int,
    arms: Sequence[str],
    **changes: object,
) -> None:
    held = stall == "holder"
    for block in range(run.info.blocks):
        for order, arm in enumerate(map(str, rng.permutation(run.info.arms))):
            plan = {
                "device": device,
                "suite": "reclaim",
                "scenario": NAMES[stall],
                "stall": stall,
                "regime": "injected" if held else "natural",
                "arm": arm,
                "block": block,
                "order": order,
                "seed": 1,
                "victim_kb": victim_kb,
                "threads": threads,
                "hold_ms": 300 if held else 0,
                "timeout_ns": TIMEOUT_NS,
            } | changes
            run.planned.append(PlannedTrial(**plan))
            if arm in arms:
                run.trials.append(_measured(rng, plan, held, arm))


def _measured(rng: np.random.Generator, plan: dict[str, object], held: bool, arm: str) -> TrialRecord:
    mb = int(plan["victim_kb"]) / 1024
    teardown_ms = 12 * (mb / 64) * float(np.exp(rng.normal(0, 0.08)))
    control = plan["regime"] == "control"
    lost = arm == "kill+mrelease" and not control and rng.random() < LOST_RACES
    reaped = arm == "reap-kill" or (arm == "kill+mrelease" and not lost)
    if held:
        start_ms = 0.3 if reaped else 300 + abs(rng.normal(2, 1))
        teardown_ms *= 3.5
    else:
        start_ms = 0.3
        teardown_ms *= 0.85 if arm != "kill" else 1.0
    if rng.random() < 0.04:  # now and then something else runs
        teardown_ms += float(rng.exponential(25))
    return _trial(plan, start_ms, teardown_ms, arm, lost, reaped)


def _trial(
    plan: dict[str, object], start_ms: float, teardown_ms: float, arm: str, lost: bool, reaped: bool
) -> TrialRecord:
    victim_kb = int(plan["victim_kb"])
    charged_kb = victim_kb + 600
    at_ms = [start_ms + teardown_ms * share / 0.9 for share in (0.5, 0.9, 0.99)]
    points = [(0, charged_kb)]
    for share in np.arange(0.025, 1.0, 0.025):
        at_us = int(1000 * (start_ms + teardown_ms * share / 0.9))
        points.append((at_us, int(charged_kb - victim_kb * share)))
    fifty, ninety, most = (int(at * NS_PER_MS) for at in at_ms)
    waits = plan["stall"] == "holder" and not reaped
    returned_kb = 500 if reaped else charged_kb - 64
    took_ns = most if reaped else 12_000
    return TrialRecord(
        **plan,
        boot_id="00000000-0000-0000-0000-000000000001",
        calls=_calls(arm, took_ns, "ESRCH" if lost else "", returned_kb),
        returns_kb=victim_kb,
        torn_down_by="stall" if plan["stall"] == "holder" else "victim",
        stall_late_ns=None if plan["stall"] == "none" else most - fifty if waits else 200_000,
        mrelease_errno="ESRCH" if lost else "",
        kill_to_mrelease_ns={"kill": None, "kill+mrelease": 9_000, "reap-kill": 0}[arm],
        syscall_ns=took_ns,
        charged_at_kill_kb=charged_kb,
        charged_at_return_kb=returned_kb,
        reclaim_50_ns=fifty,
        reclaim_90_ns=ninety,
        reclaim_99_ns=most,
        exit_ns=2 * NS_PER_MS if waits else most - 100_000,
        stall_class="Z" if waits else "none",
        clock_resolution_ns=41,
        samples=most // 150_000,
        gap_median_ns=150_000,
        gap_max_ns=400_000,
        curve=tuple(points),
        valid=True,
    )


def _calls(arm: str, took_ns: int, errno: str, charged_kb: int) -> tuple[Call, ...]:
    """The calls of ``arm``, of which the last took ``took_ns``."""
    killed = Call("pidfd_send_signal", 0, 9_000, "", charged_kb)
    if arm == "kill":
        return (killed,)
    reaped = Call("process_mrelease", 9_000, took_ns, errno, charged_kb)
    return (killed, reaped) if arm.startswith("kill+") else (reaped,)
