"""The situations in which victims are killed: what stalls each, in which regime, and what to expect.

Each has a page in docs/scenarios. The names are the ``scenario`` field of the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.schema import Regime
from lmkd_core.records.stratum import Stratum

HOLD_MS = 300
"""How long held memory stays: well beyond lmkd's own patience of 100 ms (ro.lmk.kill_timeout_ms)."""

STARVE_MS = 1000
"""How long a starved victim's CPU is taken: many times what its exit takes undisturbed."""

TRACED_TWICE = {"reap-kill-emulated": "the victim is traced already, and nobody can be traced twice"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """``stall`` and ``shape`` are the agent's names; ``hold_ms`` counts from the kill.

    ``title`` says what it is, ``expectation`` what the flag should change against ``kill+mrelease``.
    ``conflicts`` are arms that cannot be run in it, with the reason.
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
        """The scenario with a victim of that size and number of threads."""
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
    expectation = "freed at once; ESRCH leaves everything until release"
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
            "gains a part of a short teardown where the other lost the race",
            "natural",
        ),
        Scenario(
            "background-readers",
            "services read the victim's /proc files at low priority",
            "mostly as undisturbed, now and then as a held one",
            "natural",
            "readers",
        ),
        _held("held-by-vm-readv", "a process_vm_readv of the victim does not come back", "holder"),
        _held("held-by-proc-mem", "a read of /proc/PID/mem does not come back", "holder-mem"),
        _held("held-by-cmdline", "a read of /proc/PID/cmdline does not come back", "holder-cmdline"),
        _held("held-by-environ", "a read of /proc/PID/environ does not come back", "holder-environ"),
        _held("held-by-pagemap", "a read of /proc/PID/pagemap does not come back", "holder-pagemap"),
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
            "the victim is being compacted (process_madvise)",
            "freed while the compactor is at work",
            "injected",
            "pageout",
        ),
        Scenario(
            "shared-address-space",
            "another process shares the victim's memory (CLONE_VM)",
            "third version kills both; second refuses; without the flag EINVAL",
            "injected",
            "sharer",
            hold_ms=HOLD_MS,
        ),
        Scenario(
            "vfork-child",
            "a vfork child of the victim has not called exec yet",
            "third version kills the child; second zaps its memory alive",
            "injected",
            "vfork",
            hold_ms=HOLD_MS,
        ),
        Scenario(
            "aio-in-flight",
            "the victim's asynchronous I/O does not complete",
            "freed at once but for the I/O's own pages; the process stays",
            "injected",
            "aio",
            hold_ms=HOLD_MS,
        ),
        Scenario(
            "starved-exit",
            "the victim gets no CPU to exit",
            "freed at the reaper's speed; ESRCH leaves it to a victim without CPU",
            "injected",
            "starved",
            hold_ms=STARVE_MS,
        ),
        Scenario(
            "in-zram",
            "most of the victim is in compressed swap",
            "little: two CPUs want the same locks",
            "natural",
            shape="in-zram",
        ),
        Scenario(
            "mlocked",
            "the victim's memory is locked",
            "as undisturbed since Linux 5.18",
            "natural",
            shape="mlocked",
        ),
        Scenario(
            "private-file",
            "the victim has mapped files, half of their pages written",
            "as undisturbed for the written pages; clean ones stay cached",
            "natural",
            shape="private-file",
            dirty_pct=50,
        ),
        Scenario(
            "app-mix",
            "heap, native memory, files and shared memory, as in an app",
            "as undisturbed for the anonymous parts",
            "natural",
            shape="app-mix",
        ),
        _control(
            "open-proc-files",
            "files of the victim in /proc are open",
            "an open file holds no memory",
            "open-files",
            hold_ms=HOLD_MS,
        ),
        _control(
            "smaps-blocked-buffer",
            "a read of smaps waits in its last step",
            "the walk lets go before it copies",
            "smaps-blocked",
            hold_ms=HOLD_MS,
        ),
        _control(
            "blocked-thread",
            "a thread of the victim waits for I/O uninterruptibly",
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
            "a tracer keeps the victim before its exit",
            "the stopped thread still has its mm",
            "exit-stop",
            hold_ms=HOLD_MS,
            conflicts=TRACED_TWICE,
        ),
        _control(
            "shared-memory",
            "the victim's memory is shared memory",
            "shared areas are passed over",
            shape="shared-memory",
        ),
        _control(
            "huge-pages",
            "the victim's memory is hugetlb pages",
            "hugetlb areas are passed over",
            shape="huge-pages",
        ),
    )
}


def add_scenario(scenario: Scenario) -> None:
    """Adds a scenario of a team's own suite. Raises: UsageProblem: another one has its name."""
    if SCENARIOS.setdefault(scenario.name, scenario) != scenario:
        raise UsageProblem(f"there is a scenario named {scenario.name!r} already: choose another name")
