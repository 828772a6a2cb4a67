"""Every JSON line that the product reads or writes, as strict typed structures.

Three dialects: what the agent answers on the device (``Agent*``), what a results directory holds
(``*Record``, ``PlannedTrial``, ``RunInfo``), and ``Fact``, which both share. The field names and
units of the records are public: scripts outside the project read them (docs/method.md).
Unknown fields are ignored, so that newer writers stay readable; wrong types are errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import Literal

import msgspec

from lmkd_core.base.errors import AgentBug

SCHEMA = 1
"""Version of the record format."""

PROTOCOL = 1
"""Version of the language between host and agent; both sides must name the same."""

Regime = Literal["natural", "injected", "control"]
Meter = Literal["cgroup", "system"]
StallClass = Literal["none", "Z", "D"]
CurvePoint = tuple[int, int]
"""(time since the kill in µs, memory still charged to the victim in kB)."""

EpisodePoint = tuple[int, int, int, int]
"""(time since the demand began in µs, free memory, returned by killed victims, touched of the demand; kB)."""

PrematureClass = Literal["", "Z", "D", "in-flight", "other"]


class Fact(msgspec.Struct, frozen=True, omit_defaults=False):
    """One thing known about a device: ``value`` from ``source``; ``reason`` says why when it is absent."""

    value: str | int | bool | None
    source: str
    reason: str = ""


class Conditions(msgspec.Struct, frozen=True):
    """The state that a device is in; null where it does not tell.

    ``hottest_mc``: the hottest thermal zone, in thousandths of a degree. ``cooling``: the highest state of a
    cooling device, 0 when all are at rest. ``cpu_limit_khz``: the sum of the highest frequencies that the
    CPUs may have. ``discharging``: 1 or 0. ``oom_kills``: by the kernel, since boot. ``free_kb``: in the
    zones and in their per-CPU lists.
    """

    hottest_mc: int | None = None
    cooling: int | None = None
    cpu_limit_khz: int | None = None
    battery_pct: int | None = None
    discharging: int | None = None
    oom_kills: int | None = None
    free_kb: int | None = None


class Call(msgspec.Struct, frozen=True):
    """One system call of an arm: when it began since the SIGKILL (negative: before it), how long it took,
    its error's name or "", and the charge at its return (null: no sample was taken by then).
    """

    name: str
    start_ns: int
    took_ns: int
    errno: str
    charged_kb: int | None


class AgentHello(msgspec.Struct, frozen=True, tag="hello"):
    """First answer of every agent: who speaks, and which protocol."""

    agent: str
    version: str
    protocol: int
    abi: str


class AgentProbe(msgspec.Struct, frozen=True, tag="probe"):
    """Everything the agent found out about the device it runs on."""

    facts: dict[str, Fact]


class AgentTrial(msgspec.Struct, frozen=True, tag="trial"):
    """What one trial measured. Times are CLOCK_MONOTONIC ns since just before the SIGKILL.

    ``id`` is the number the plan gave the trial. ``reclaim_*_ns`` is when that share of
    ``victim_kb`` had left the victim's memory cgroup; null when it had not by ``timeout_ns``.
    ``gap_*_ns`` are the distances between samples up to the last of these moments. ``returns_kb`` is
    what can come back at all: ``victim_kb`` without the clean file pages that stay in the page cache.
    ``torn_down_by`` is who ran ``exit_mmap`` (victim, reaper, stall, kworker, other; "" where the
    kernel cannot tell); ``stall_late_ns`` how long what held the memory was busy after its release.
    ``before`` and ``after`` are the device's state around the trial. ``meter`` is what said how much is held:
    by ``system`` a charge is what free memory lacks to its level before the victim, and ``noise_kb`` by how
    much that moved while nothing was done.
    """

    id: int
    calls: tuple[Call, ...]
    returns_kb: int
    torn_down_by: str
    stall_late_ns: int | None
    mrelease_errno: str
    kill_to_mrelease_ns: int | None
    syscall_ns: int
    charged_at_kill_kb: int
    charged_at_return_kb: int
    reclaim_50_ns: int | None
    reclaim_90_ns: int | None
    reclaim_99_ns: int | None
    exit_ns: int | None
    stall_class: StallClass
    clock_resolution_ns: int
    samples: int
    gap_median_ns: int
    gap_max_ns: int
    released_ns: int | None
    before: Conditions
    after: Conditions
    curve: tuple[CurvePoint, ...]
    meter: Meter = "cgroup"
    noise_kb: int | None = None


class AgentTrialFailed(msgspec.Struct, frozen=True, tag="trial-failed"):
    """A trial that could not be run, and the system call that stood in its way."""

    id: int
    reason: str


class AgentError(msgspec.Struct, frozen=True, tag="error"):
    """The agent could not do what it was told; nothing was measured."""

    reason: str


class AgentKill(msgspec.Struct, frozen=True, tag="kill"):
    """One kill of an episode. Times are ns since the demand began, null: not seen by the episode's end.

    ``app`` is the app's place in the plan. ``charged_kb`` was charged to it when the kill was decided;
    ``freed_ns`` is when a tenth of that was left. ``shortfall_kb`` is what free memory lacked to the low
    watermark. ``condemned_*_kb`` is what earlier victims still held: zombies, those that lmkd had stopped
    waiting for (late), those that it still had patience with (exiting). ``by_reaper`` is false where both
    reapers were busy, so that the victim got SIGKILL only.
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


class AgentCurve(msgspec.Struct, frozen=True, tag="curve"):
    """Points of an episode's curve, in time order; the next line goes on with them."""

    points: tuple[EpisodePoint, ...]


class AgentEpisode(msgspec.Struct, frozen=True, tag="episode"):
    """Last line of an episode. ``threshold_kb``: the low watermark; ``apps_lost`` died by no kill of ours."""

    id: int
    demand_met: bool
    duration_ns: int
    risen_ns: int | None
    clock_resolution_ns: int
    threshold_kb: int
    free_at_start_kb: int
    apps_started: int
    apps_alive: int
    apps_lost: int
    fg_fault_p50_ns: int | None
    fg_fault_p99_ns: int | None
    fg_fault_max_ns: int | None
    evaluations: int
    psi_events: int
    skipped_wakeups: int
    psi_some_us: int
    psi_full_us: int
    direct_stalls: int
    refaults_anon: int
    refaults_file: int
    swapped_in_pages: int
    swapped_out_pages: int
    oom_kills: int
    settings: dict[str, int]


AgentMessage = (
    AgentHello
    | AgentProbe
    | AgentTrial
    | AgentTrialFailed
    | AgentKill
    | AgentCurve
    | AgentEpisode
    | AgentError
)


class DeviceRecord(msgspec.Struct, frozen=True, tag="device", kw_only=True):
    """First line of ``records/<device>.jsonl``: the device as it was when the run began."""

    schema: int = SCHEMA
    device: str
    model: str
    kernel_release: str
    personality: str | None
    abi: str
    page_size: int
    cpus: int
    mem_total_kb: int
    swap_total_kb: int
    boot_id: str
    root: bool
    agent_sha256: str
    facts: dict[str, Fact]


class TrialRecord(msgspec.Struct, frozen=True, tag="trial", kw_only=True):
    """One victim killed once. See ``AgentTrial`` for what the measured fields mean.

    ``valid`` is false when the trial must not be counted, with ``invalid_reason``. ``flags`` name the
    validity checks that the trial failed (``pytest_lmkd.experiment.validity``), whether it counts or not.
    ``order`` is the trial's place in its block; ``warmup`` trials are kept, not counted.

    ``meter`` is what the memory's return was seen by: the victim's memory cgroup, or the free memory of the
    whole system. By the latter ``curve`` is what is not back, 99 % is not measured (and not late), and
    ``noise_kb`` is by how much free memory moved before the kill. ``returns_from``: the file that told
    ``returns_kb``. ``killed_as``: root or run-as, of an app.
    """

    schema: int = SCHEMA
    device: str
    suite: str
    scenario: str
    stall: str
    regime: Regime
    arm: str
    block: int
    order: int
    seed: int
    victim_kb: int
    threads: int
    hold_ms: int
    timeout_ns: int
    shape: str = "private-anon"
    dirty_pct: int = 100
    compress_pct: int = 0
    warmup: bool = False
    boot_id: str
    meter: Meter = "cgroup"
    noise_kb: int | None = None
    returns_from: str = ""
    killed_as: Literal["", "root", "run-as"] = ""
    calls: tuple[Call, ...] = ()
    returns_kb: int | None = None
    torn_down_by: str = ""
    stall_late_ns: int | None = None
    mrelease_errno: str = ""
    kill_to_mrelease_ns: int | None = None
    syscall_ns: int | None = None
    charged_at_kill_kb: int | None = None
    charged_at_return_kb: int | None = None
    reclaim_50_ns: int | None = None
    reclaim_90_ns: int | None = None
    reclaim_99_ns: int | None = None
    exit_ns: int | None = None
    stall_class: StallClass = "none"
    clock_resolution_ns: int | None = None
    samples: int = 0
    gap_median_ns: int | None = None
    gap_max_ns: int | None = None
    released_ns: int | None = None
    before: Conditions | None = None
    after: Conditions | None = None
    curve: tuple[CurvePoint, ...] = ()
    flags: tuple[str, ...] = ()
    valid: bool
    invalid_reason: str = ""


class SkipRecord(msgspec.Struct, frozen=True, tag="skip", kw_only=True):
    """Something asked for that this device cannot run: ``what`` it is, its ``name``, and why."""

    schema: int = SCHEMA
    device: str
    what: Literal["device", "suite", "scenario", "stall", "arm"]
    name: str
    suite: str = ""
    reason: str


class CaseRecord(msgspec.Struct, frozen=True, tag="case", kw_only=True):
    """One conformance case: what a kernel of ``variant`` answered to ``process_mrelease`` with ``flags``.

    ``expected`` is empty for a case that only counts what happens. ``variant`` is the detected one.
    """

    schema: int = SCHEMA
    device: str
    suite: str
    case: str
    flags: int
    variant: str
    answer: str
    expected: str
    passed: bool
    boot_id: str


class KillRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One kill of an episode: ``AgentKill``, and what was counted from it (docs/method.md)."""

    pid: int
    app: int
    adj: int
    stall: str
    rss_kb: int
    charged_kb: int
    decided_ns: int
    reaped_ns: int | None
    killed_ns: int | None
    exited_ns: int | None
    freed_ns: int | None
    reason: str
    min_score_adj: int
    free_kb: int
    shortfall_kb: int
    swap_free_kb: int
    thrashing_pct: int
    condemned_kb: int
    condemned_zombie_kb: int
    condemned_late_kb: int
    condemned_exiting_kb: int
    by_reaper: bool
    mrelease_errno: str
    charged_at_return_kb: int | None
    premature: bool
    premature_class: PrematureClass
    extra: bool


class EpisodeRecord(msgspec.Struct, frozen=True, tag="episode", kw_only=True):
    """One pressure episode: apps in the background, a demand in the foreground, lmkd's policy between them.

    ``needed_kb`` is what kills had to bring had it come at once, ``kills_needed`` the fewest of the kills, in
    their order, that bring it; the others are ``kills_extra`` (docs/method.md). ``curve`` is what
    ``needed_kb`` follows from, with ``threshold_kb``. ``seed`` gives apps, sizes and demand, the same in
    every arm of a block. ``flags`` and ``warmup`` as of a trial.
    """

    schema: int = SCHEMA
    device: str
    suite: str
    scenario: str
    regime: Regime
    arm: str
    block: int
    order: int
    seed: int
    profile: str
    demand: str
    demand_kb: int
    stall: str
    stall_ms: int
    warmup: bool = False
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


class ObservedApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app in the background when the demand began; ``size_kb`` is 0 where the app's own."""

    package: str
    pid: int
    oom_score_adj: int
    size_kb: int = 0


class ObservedDeath(msgspec.Struct, frozen=True, kw_only=True):
    """A process that died during an observation, by what the device's logs tell (lmkd_core.logs.deaths).

    ``killer`` and ``reason`` are words of ``deaths``; ``sources`` the types of the records that told of it,
    ``doubts`` what in them does not agree. ``after_ms``: since the demand began, null where the log has no
    time. ``ours``: whether it was one of the observed apps.
    """

    pid: int
    process: str
    killer: str
    reason: str
    oom_score_adj: int | None = None
    rss_kb: int | None = None
    after_ms: int | None = None
    sources: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    ours: bool


class ObservationRecord(msgspec.Struct, frozen=True, tag="observation", kw_only=True):
    """Real apps in the background, a demand in the foreground, and the device's own lmkd between them.

    What cannot be seen from outside (what kills had to bring, and so which were extra) is not here.
    ``kills_total`` counts lmkd's kills, of whatever process; ``kill_count`` is lmkd's own number of them,
    ``kills_told`` how many it told of one by one, null where its socket could not be asked. ``cascades``:
    kills that followed another within kill_timeout_ms, or because of pressure after a kill.
    ``mrelease_failures``: by errno name. ``psi_*_us``: stall time of memory.
    """

    schema: int = SCHEMA
    device: str
    suite: str
    scenario: str
    regime: Regime
    arm: str
    block: int
    order: int
    seed: int
    warmup: bool = False
    boot_id: str
    apps: tuple[ObservedApp, ...] = ()
    demand_package: str = ""
    demand_kb: int = 0
    demand_met: bool = False
    deaths: tuple[ObservedDeath, ...] = ()
    kills_total: int = 0
    kill_count: int | None = None
    kills_told: int | None = None
    cascades: int = 0
    mrelease_failures: dict[str, int] = msgspec.field(default_factory=dict)
    apps_started: int = 0
    apps_alive: int = 0
    psi_some_us: int | None = None
    psi_full_us: int | None = None
    flags: tuple[str, ...] = ()
    valid: bool
    invalid_reason: str = ""


class StateRecord(msgspec.Struct, frozen=True, tag="state", kw_only=True):
    """What Android says of the device's state just before or after a block of trials, or one of its arms.

    ``waited_s``: for the device to cool, before. ``thermal_status``: PowerManager's THERMAL_STATUS_*, 0 none.
    ``screen``: PowerManagerService's wakefulness (Awake, Asleep, Dozing, Dreaming). ``cpu_khz``: the sum of
    the frequencies that the CPUs have, ``governors`` of those who choose them. ``clock_s``: UTC since 1970,
    ``uptime_s``: since boot, suspended or not. Null is what the device does not tell.
    """

    schema: int = SCHEMA
    device: str
    suite: str
    scenario: str
    arm: str = ""
    block: int
    warmup: bool = False
    when: Literal["before", "after"]
    boot_id: str
    waited_s: int = 0
    thermal_status: int | None = None
    battery_pct: int | None = None
    on_power: bool | None = None
    screen: str | None = None
    governors: str | None = None
    cpu_khz: int | None = None
    clock_s: int | None = None
    uptime_s: int | None = None


Record = (
    DeviceRecord | TrialRecord | SkipRecord | CaseRecord | EpisodeRecord | ObservationRecord | StateRecord
)


class PlannedTrial(msgspec.Struct, frozen=True, tag="planned", kw_only=True):
    """A line of ``plan.jsonl``: one trial that this run means to make."""

    schema: int = SCHEMA
    device: str
    suite: str
    scenario: str
    stall: str
    regime: Regime
    arm: str
    block: int
    order: int
    seed: int
    victim_kb: int
    threads: int
    hold_ms: int
    timeout_ns: int
    shape: str = "private-anon"
    dirty_pct: int = 100
    compress_pct: int = 0
    warmup: bool = False


class PlannedEpisode(msgspec.Struct, frozen=True, tag="planned-episode", kw_only=True):
    """A line of ``plan.jsonl``: one episode that this run means to make."""

    schema: int = SCHEMA
    device: str
    suite: str
    scenario: str
    regime: Regime
    arm: str
    block: int
    order: int
    seed: int
    profile: str
    demand: str
    stall: str
    stall_ms: int
    warmup: bool = False


class RunInfo(msgspec.Struct, frozen=True, tag="run", kw_only=True):
    """``run.json``: who ran what, with which versions, on which host.

    ``warmup_blocks`` precede ``blocks`` in every stratum. ``precision_pct`` is what a stratum may stop early
    at, ``suppressed`` the validity checks by which no trial was left out.
    """

    schema: int = SCHEMA
    run_id: str
    started_utc: str
    command: str
    seed: int
    arms: tuple[str, ...]
    blocks: int
    pressure_blocks: int = 0
    warmup_blocks: int = 0
    precision_pct: int | None = None
    suppressed: tuple[str, ...] = ()
    devices: tuple[str, ...]
    versions: dict[str, str]
    host: dict[str, str]


_agent_decoder: msgspec.json.Decoder[AgentMessage] = msgspec.json.Decoder(AgentMessage)
_record_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_run_decoder: msgspec.json.Decoder[RunInfo] = msgspec.json.Decoder(RunInfo)
_encoder = msgspec.json.Encoder()


def decode_agent_line(line: bytes | str) -> AgentMessage:
    """One answer of the agent.

    Raises:
        AgentBug: the line is not of the protocol; the message shows its first 200 characters.
    """
    try:
        return _agent_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AgentBug(
            f"the agent answered {line[:200]!r}, which is not of its protocol ({error})"
        ) from error


def decode_record(line: bytes | str) -> Record:
    """One line of ``records/*.jsonl``.

    Raises:
        ValueError: the line is not a record; the message says what is wrong with it.
    """
    try:
        return _record_decoder.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def decode_run(text: bytes) -> RunInfo:
    """The content of ``run.json``. Raises: ValueError, as ``decode_record``."""
    try:
        return _run_decoder.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def encode_line(message: msgspec.Struct) -> bytes:
    """``message`` as one JSON line, newline included."""
    return _encoder.encode(message) + b"\n"


def encode_lines(messages: Sequence[msgspec.Struct]) -> bytes:
    return b"".join(map(encode_line, messages))


def to_dict(message: msgspec.Struct) -> dict[str, Any]:
    """The message as plain builtins, its tag included under ``type``."""
    result: dict[str, Any] = msgspec.to_builtins(message)
    return result
