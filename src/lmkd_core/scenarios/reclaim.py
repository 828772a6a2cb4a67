"""The scenarios of the reclaim suite: the stall and shape of each, its regime, and the expected effect.

Each has a page in docs/scenarios. The names are the ``scenario`` field of the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.arms import BACK_TO_BACK
from lmkd_core.records.arms import kills_by_flag
from lmkd_core.records.arms import kills_then_reaps
from lmkd_core.records.arms import once
from lmkd_core.records.schema import Regime
from lmkd_core.records.stratum import Stratum

HOLD_MS = 300
"""From the kill to the release of a stall: well beyond lmkd's patience, 100 ms (ro.lmk.kill_timeout_ms)."""

STARVE_MS = 1000
"""Time for which a starved victim gets no CPU: many times the duration of an undisturbed exit."""

TRACED_TWICE = {"reap-kill-emulated": "the victim already has a tracer, and a process can have only one"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario; ``stall`` and ``shape`` are the agent's names, ``hold_ms`` counts from the kill.

    ``title`` describes it, ``expectation`` the expected effect of the flag, compared with ``kill+mrelease``.
    ``conflicts``: arms that cannot run in it, each with the reason.
    """

    name: str
    title: str
    expectation: str
    regime: Regime
    stall: str = "none"
    shape: str = "private-anon"
    hold_ms: int = 0
    dirty_pct: int = 100
    conflicts: Mapping[str, str] = field(default_factory=dict)

    def stratum(self, suite: str, victim_mb: int, threads: int, compress_pct: int = 0) -> Stratum:
        """Returns the stratum of this scenario with a victim of that size and number of threads."""
        return Stratum(
            suite,
            self.name,
            self.stall,
            self.regime,
            victim_kb=victim_mb * 1024,
            threads=threads,
            hold_ms=self.hold_ms,
            shape=self.shape,
            dirty_pct=self.dirty_pct,
            compress_pct=compress_pct,
        )


def _held(name: str, title: str, stall: str) -> Scenario:
    expectation = "freed at once; after ESRCH the memory stays until the reader lets go"
    return Scenario(name, title, expectation, "injected", stall, hold_ms=HOLD_MS)


def _control(
    name: str,
    title: str,
    expectation: str,
    stall: str = "none",
    shape: str = "private-anon",
    hold_ms: int = 0,
    conflicts: Mapping[str, str] | None = None,
) -> Scenario:
    return Scenario(
        name, title, f"no gain: {expectation}", "control", stall, shape, hold_ms, conflicts=conflicts or {}
    )


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "undisturbed",
            "nothing holds the memory",
            "saves part of a short teardown where kill+mrelease lost the race",
            "natural",
        ),
        Scenario(
            "background-readers",
            "low-priority services read the victim's /proc files",
            "mostly as in undisturbed, occasionally as in a held scenario",
            "natural",
            "readers",
        ),
        _held("held-by-vm-readv", "a process_vm_readv of the victim does not return", "holder"),
        _held("held-by-proc-mem", "a read of /proc/PID/mem does not return", "holder-mem"),
        _held("held-by-cmdline", "a read of /proc/PID/cmdline does not return", "holder-cmdline"),
        _held("held-by-environ", "a read of /proc/PID/environ does not return", "holder-environ"),
        _held("held-by-pagemap", "a read of /proc/PID/pagemap does not return", "holder-pagemap"),
        Scenario(
            "smaps-walk",
            "readers of smaps get no CPU in the middle of their walk",
            "freed at once, unless a writer queues on mmap_lock",
            "injected",
            "smaps-walk",
            hold_ms=HOLD_MS,
        ),
        Scenario(
            "madvise-pageout",
            "a compactor is paging the victim out (process_madvise)",
            "freed while the compactor is still at work",
            "injected",
            "pageout",
        ),
        Scenario(
            "shared-address-space",
            "another process shares the victim's memory (CLONE_VM)",
            "v3 kills both processes; v2 refuses; without the flag the call fails with EINVAL",
            "injected",
            "sharer",
            hold_ms=HOLD_MS,
        ),
        Scenario(
            "vfork-child",
            "a vfork child of the victim has not called exec yet",
            "v3 also kills the child; v2 frees the memory in use by the living child",
            "injected",
            "vfork",
            hold_ms=HOLD_MS,
        ),
        Scenario(
            "aio-in-flight",
            "the victim's asynchronous I/O does not complete",
            "freed at once except the pages of the I/O; the process stays",
            "injected",
            "aio",
            hold_ms=HOLD_MS,
        ),
        Scenario(
            "starved-exit",
            "the victim gets no CPU to exit",
            "freed at the reaper's speed; after ESRCH the starved victim must free it itself",
            "injected",
            "starved",
            hold_ms=STARVE_MS,
        ),
        Scenario(
            "in-zram",
            "most of the victim's memory is in compressed swap",
            "little gain: two CPUs contend for the same locks",
            "natural",
            shape="in-zram",
        ),
        Scenario(
            "mlocked",
            "the victim's memory is locked (mlock)",
            "as in undisturbed since Linux 5.18",
            "natural",
            shape="mlocked",
        ),
        Scenario(
            "private-file",
            "the victim has mapped files and modified half of their pages",
            "as in undisturbed for the modified pages; clean pages stay in the page cache",
            "natural",
            shape="private-file",
            dirty_pct=50,
        ),
        Scenario(
            "app-mix",
            "heap, native memory, files and shared memory, as in an app",
            "as in undisturbed for the anonymous parts",
            "natural",
            shape="app-mix",
        ),
        _control(
            "open-proc-files",
            "files in the victim's /proc directory are open",
            "an open file holds no memory",
            "open-files",
            hold_ms=HOLD_MS,
        ),
        _control(
            "smaps-blocked-buffer",
            "a read of smaps blocks in its last step, the copy to the reader",
            "the walk has ended before the copy begins",
            "smaps-blocked",
            hold_ms=HOLD_MS,
        ),
        _control(
            "blocked-thread",
            "a thread of the victim waits uninterruptibly for I/O",
            "the blocked thread still has its mm",
            "blocked-thread",
            hold_ms=HOLD_MS,
        ),
        _control(
            "frozen-v1",
            "the victim is frozen by cgroup v1",
            "frozen threads still have their mm",
            "frozen-v1",
            hold_ms=HOLD_MS,
        ),
        _control(
            "frozen-v2",
            "the victim is frozen by cgroup v2",
            "a frozen victim dies at once",
            "frozen-v2",
            hold_ms=HOLD_MS,
        ),
        _control(
            "exit-stop",
            "a tracer stops the victim just before its exit",
            "the stopped thread still has its mm",
            "exit-stop",
            hold_ms=HOLD_MS,
            conflicts=TRACED_TWICE,
        ),
        _control(
            "shared-memory",
            "the victim's memory is shared memory",
            "the reaper skips shared mappings",
            shape="shared-memory",
        ),
        _control(
            "huge-pages",
            "the victim's memory consists of hugetlb pages",
            "the reaper skips hugetlb mappings",
            shape="huge-pages",
        ),
    )
}


def add_scenario(scenario: Scenario) -> None:
    """Adds a scenario of a team's own suite. Raises: UsageProblem: another one has its name."""
    if SCENARIOS.setdefault(scenario.name, scenario) != scenario:
        raise UsageProblem(f"there is a scenario named {scenario.name!r} already: choose another name")


def arms_in(stratum: Stratum, arms: Sequence[str]) -> list[str]:
    """The arms that run in the stratum, of those that the run was asked for.

    A scenario may exclude some; a repeated arm, such as ``kill#2``, counts as its arm. Controls have
    ``kill+mrelease`` beside any arm that reaps: over a slower one the flag may gain even there.
    """
    conflicts = excluded_arms(stratum.scenario)
    allowed = [arm for arm in arms if once(arm) not in conflicts]
    if not stratum.is_control or BACK_TO_BACK in {*allowed, *conflicts}:
        return allowed
    reaps = any(kills_then_reaps(arm) or kills_by_flag(arm) for arm in allowed)
    return [*allowed, BACK_TO_BACK] if reaps else allowed


def excluded_arms(scenario: str) -> Mapping[str, str]:
    """The arms that the scenario excludes, with the reasons; none for an unknown scenario."""
    return SCENARIOS[scenario].conflicts if scenario in SCENARIOS else {}
