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

from pytest_lmkd.errors import AgentBug

SCHEMA = 1
"""Version of the record format."""

PROTOCOL = 1
"""Version of the language between host and agent; both sides must name the same."""

Regime = Literal["natural", "injected", "control"]
StallClass = Literal["none", "Z", "D"]
CurvePoint = tuple[int, int]
"""(time since the kill in µs, memory still charged to the victim in kB)."""


class Fact(msgspec.Struct, frozen=True, omit_defaults=False):
    """One thing known about a device: ``value`` from ``source``; ``reason`` says why when it is absent."""

    value: str | int | bool | None
    source: str
    reason: str = ""


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
    curve: tuple[CurvePoint, ...]


class AgentTrialFailed(msgspec.Struct, frozen=True, tag="trial-failed"):
    """A trial that could not be run, and the system call that stood in its way."""

    id: int
    reason: str


class AgentError(msgspec.Struct, frozen=True, tag="error"):
    """The agent could not do what it was told; nothing was measured."""

    reason: str


AgentMessage = AgentHello | AgentProbe | AgentTrial | AgentTrialFailed | AgentError


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

    ``valid`` is false when the trial must not be counted, with ``invalid_reason``. ``flags`` name
    what a reader should know of a counted trial (``coarse-sampling``: the largest gap between two
    samples exceeds a tenth of the time measured). ``order`` is the trial's place in its block.
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
    boot_id: str
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


Record = DeviceRecord | TrialRecord | SkipRecord | CaseRecord


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


class RunInfo(msgspec.Struct, frozen=True, tag="run", kw_only=True):
    """``run.json``: who ran what, with which versions, on which host."""

    schema: int = SCHEMA
    run_id: str
    started_utc: str
    command: str
    seed: int
    arms: tuple[str, ...]
    blocks: int
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
