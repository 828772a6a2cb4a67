"""The guessed costs of a run's parts, before it has measured its own.

The seconds are those of the virtual device, emulated on two CPUs that were otherwise idle (a run of all
suites). A faster device shows within a few blocks: ``costs`` corrects all guesses by what it measured.
"""

from __future__ import annotations

from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.stratum import Stratum
from lmkd_core.scenarios.apps import SUITE as APPS_SUITE
from lmkd_core.scenarios.apps import AppsScenario
from lmkd_core.timing.costs import Kind

TRIAL_S = 0.1
TRIAL_S_PER_MB = 0.0055
STALL_S = {"pageout": 0.5, "smaps-walk": 4.0}
"""What these stalls take beyond their hold."""
SHAPE_S = {"in-zram": 0.6}
"""What these shapes take beyond their size."""

APP_KILL_S = 8.0
"""A real app: its start, the kill, and two seconds of watching."""

EPISODE_S = 8.5
EPISODE_STALL_S = {"starved": 3.0}
SAW_S = 3.0

OBSERVATION_S = 60.0
"""Ten apps start one after the other; the demand and the reading of the logs come on top."""

OTHER_S = 1.0
"""A trial of which nothing is known."""

CASE_S = 0.15
CASES_S = {"oom-reaped": 2.3, "race": 0.8, "robust": 3.6, "pipe": 2.7, "file": 9.0, "oom_killer": 9.0}
"""Conformance cases that take longer, by a word of the test's name."""

ATTACH = Kind("attachments", "attach", 3.0)
RESTART = Kind("boots", "restart", 3.0)
REPORT = Kind("reports", "report", 5.0)


def trial_kind(stratum: Stratum, trials: int) -> Kind:
    """Blocks of a stratum with that many trials each, lead-in included."""
    if stratum.suite == APPS_SUITE:
        trial_s = APP_KILL_S
    else:
        trial_s = TRIAL_S + TRIAL_S_PER_MB * stratum.victim_kb / 1024 + stratum.hold_ms / 1000
        trial_s += STALL_S.get(stratum.stall, 0.0) + SHAPE_S.get(stratum.shape, 0.0)
    return Kind("trials", f"{stratum.suite} {stratum} {stratum.stall} {stratum.hold_ms}", trials * trial_s)


def episode_kind(stratum: EpisodeStratum, episodes: int) -> Kind:
    """Blocks of a pressure stratum with that many episodes each."""
    episode_s = EPISODE_S + EPISODE_STALL_S.get(stratum.stall, 0.0) + SAW_S * (stratum.demand == "saw")
    return Kind("episodes", f"{stratum} {stratum.stall_ms}", episodes * episode_s)


def observation_kind(scenario: AppsScenario) -> Kind:
    """Observations of a scenario."""
    return Kind("observations", str(scenario), OBSERVATION_S + scenario.hold_s)


def other_kind(name: str, size: int) -> Kind:
    """Blocks of a stratum of a suite that is not ours, with that many trials each."""
    return Kind("trials", name, size * OTHER_S)


def case_kind(test: str) -> Kind:
    """A conformance case, or another test that uses a device, by the test's name."""
    return Kind("cases", test, next((seconds for word, seconds in CASES_S.items() if word in test), CASE_S))
