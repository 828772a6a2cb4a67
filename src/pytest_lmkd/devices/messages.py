"""The answers of our programs on the device, one JSON line each, as strict typed structures."""

from __future__ import annotations

import msgspec

from lmkd_core.base.errors import AgentBug
from lmkd_core.records.device import Conditions
from lmkd_core.records.episode import EpisodePoint
from lmkd_core.records.schema import Fact
from lmkd_core.records.trial import Call
from lmkd_core.records.trial import CurvePoint
from lmkd_core.records.trial import Meter
from lmkd_core.records.trial import StallClass

PROTOCOL = 1
"""Version of the language between host and agent; both sides must name the same."""


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

_agent_decoder: msgspec.json.Decoder[AgentMessage] = msgspec.json.Decoder(AgentMessage)


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
