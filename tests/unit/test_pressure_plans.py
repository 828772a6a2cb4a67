"""The apps and the demand of an episode: equal in every arm of a block, different in the next block."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.plan import plan_block
from lmkd_core.records.plan import plan_episodes
from lmkd_core.scenarios.pressure import PRESSURE
from pytest_lmkd.pressure.plan import plan_episode
from pytest_lmkd.pressure.plan import stalled_as
from pytest_lmkd.pressure.profiles import PROFILES
from pytest_lmkd.pressure.profiles import Profile
from pytest_lmkd.pressure.profiles import draw_apps

GB_KB = 1024 * 1024
ARMS = ("kill", "kill+mrelease@lmkd", "reap-kill")


def without_arm(plan: str) -> list[str]:
    return [word for word in plan.split() if not word.startswith(("arm=", "delay_us="))]


@pytest.mark.parametrize("scenario", PRESSURE)
@given(seed=st.integers(0, 2**62))
def test_arms_differ_in_nothing_but_the_arm(scenario: str, seed: int) -> None:
    plans = [plan_episode(PRESSURE[scenario], arm, GB_KB, seed) for arm in (*ARMS, "kill+mrelease@1ms")]
    assert len({tuple(without_arm(plan.text)) for plan in plans}) == 1
    assert len({plan.text for plan in plans}) == len(plans)


def test_the_same_arm_again_is_the_same_plan() -> None:
    stratum = PRESSURE["undisturbed"]
    again = plan_episode(stratum, "reap-kill#2", GB_KB, 1)
    assert again == plan_episode(stratum, "reap-kill", GB_KB, 1)


def test_blocks_have_apps_of_their_own() -> None:
    stratum = PRESSURE["undisturbed"]
    seeds = [plan_block(PlannedEpisode, stratum, "phone", ARMS, block, 1)[0].seed for block in range(20)]
    assert len({plan_episode(stratum, "kill", GB_KB, seed).text for seed in seeds}) == 20


def test_a_block_runs_every_arm_once_with_one_seed() -> None:
    block = plan_block(PlannedEpisode, PRESSURE["undisturbed"], "phone", ARMS, 3, 1)
    assert sorted(episode.arm for episode in block) == sorted(ARMS)
    assert [episode.order for episode in block] == [0, 1, 2]
    assert len({episode.seed for episode in block}) == 1


STALLED = PRESSURE["held-within-burst"]


def test_a_block_of_a_stalled_stratum_has_one_episode_of_the_baseline_without_the_stall() -> None:
    block = plan_episodes(PlannedEpisode, STALLED, "phone", ARMS, 3, 1)
    (unstalled,) = [episode for episode in block if episode.is_unstalled]
    assert sorted(episode.arm for episode in block if not episode.is_unstalled) == sorted(ARMS)
    assert (unstalled.arm, unstalled.stall, unstalled.stall_ms) == ("kill", "none", 0)
    assert (unstalled.without_stall, unstalled.without_stall_ms) == (STALLED.stall, STALLED.stall_ms)
    assert [episode.order for episode in block] == [0, 1, 2, 3]
    assert len({episode.seed for episode in block}) == 1
    assert len({episode.identity for episode in block}) == 4


def test_a_stratum_without_a_stall_has_no_unstalled_episodes() -> None:
    stratum = PRESSURE["undisturbed"]
    block = plan_episodes(PlannedEpisode, stratum, "phone", ARMS, 3, 1)
    assert block == plan_block(PlannedEpisode, stratum, "phone", ARMS, 3, 1)


def test_the_unstalled_episode_takes_every_place_equally_often() -> None:
    blocks = [plan_episodes(PlannedEpisode, STALLED, "phone", ARMS, block, 1) for block in range(4)]
    assert sorted(e.order for block in blocks for e in block if e.is_unstalled) == [0, 1, 2, 3]


def test_an_unstalled_episode_differs_from_its_block_in_nothing_but_the_stall() -> None:
    block = plan_episodes(PlannedEpisode, STALLED, "phone", ["kill"], 3, 1)
    plans = {e.is_unstalled: (stalled_as(STALLED, e), e.arm, GB_KB, e.seed) for e in block}
    texts = {is_unstalled: plan_episode(*plan).text for is_unstalled, plan in plans.items()}
    assert texts[True] != texts[False]
    assert texts[True] == texts[False].replace("stall=holder stall_ms=150", "stall=none stall_ms=0")


def test_strata_that_differ_in_the_hold_never_share_an_unstalled_episode() -> None:
    strata = (STALLED, structs.replace(STALLED, stall_ms=100))
    planned = [e for s in strata for e in plan_episodes(PlannedEpisode, s, "phone", ARMS, 0, 1)]
    assert len({episode.identity for episode in planned}) == len(planned)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
@given(seed=st.integers(0, 2**62), mem_total_kb=st.integers(GB_KB // 2, 24 * GB_KB))
def test_the_demand_needs_kills_on_a_device_of_any_size(
    profile: Profile, seed: int, mem_total_kb: int
) -> None:
    apps_kb = sum(app.size_kb for app in draw_apps(profile, mem_total_kb, seed))
    demand_kb = mem_total_kb * profile.demand_share
    assert apps_kb < mem_total_kb
    assert apps_kb + demand_kb > mem_total_kb
    assert demand_kb < mem_total_kb


def test_every_third_app_is_stalled() -> None:
    lines = plan_episode(PRESSURE["held-beyond-burst"], "kill", GB_KB, 1).text.splitlines()
    stalls = [line.split("stall=")[1].split()[0] for line in lines if line.startswith("app ")]
    assert stalls == ["none", "none", "holder"] * 4


def test_the_sizes_of_a_confined_episode_are_shares_of_its_limit() -> None:
    plan = plan_episode(PRESSURE["undisturbed"], "kill", 12 * GB_KB, 1, limit_kb=GB_KB)
    assert f"limit_kb={GB_KB}" in plan.text
    assert plan.memory_kb < 2 * GB_KB
