"""The plan: complete blocks, random order, everything from the seed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lmkd_core.records.plan import LEAD_IN
from lmkd_core.records.plan import arm_order
from lmkd_core.records.plan import derived_seed
from lmkd_core.records.plan import plan_stratum
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import PlannedTrial

ARMS = ("kill", "kill+mrelease", "reap-kill")
STRATUM = Stratum("reclaim", "private-anon", "holder", "injected", victim_kb=65536, threads=16, hold_ms=300)


def order_of(block: list) -> tuple[str, ...]:
    return tuple(trial.arm for trial in block)


@given(seed=st.integers(0, 2**62), blocks=st.integers(1, 30))
def test_every_block_runs_every_arm_once(seed: int, blocks: int) -> None:
    plan = plan_stratum(PlannedTrial, STRATUM, "phone", ARMS, blocks, seed)
    assert len(plan) == blocks
    for number, block in enumerate(plan):
        assert sorted(order_of(block)) == sorted(ARMS)
        assert [trial.order for trial in block] == [0, 1, 2]
        assert {trial.block for trial in block} == {number}


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    def orders(seed: int) -> list[tuple[str, ...]]:
        return [order_of(block) for block in plan_stratum(PlannedTrial, STRATUM, "phone", ARMS, 20, seed)]

    assert orders(1) == orders(1)
    assert orders(1) != orders(2)


def test_a_plan_does_not_change_when_it_is_made_longer() -> None:
    short = plan_stratum(PlannedTrial, STRATUM, "phone", ARMS, 5, seed=3)
    assert plan_stratum(PlannedTrial, STRATUM, "phone", ARMS, 9, seed=3)[:5] == short


@given(seed=st.integers(0, 2**62), arms=st.integers(1, 7), squares=st.integers(1, 3))
def test_every_arm_has_every_place_and_follows_every_other_equally_often(
    seed: int, arms: int, squares: int
) -> None:
    names = [f"arm-{number}" for number in range(arms)]
    blocks = arms if arms % 2 == 0 or arms == 1 else 2 * arms
    orders = [arm_order(names, block, seed) for block in range(squares * blocks)]
    places = Counter((place, arm) for order in orders for place, arm in enumerate(order))
    follows = Counter(pair for order in orders for pair in pairwise(order))
    assert len(places) == arms**2
    assert len(set(places.values())) == 1
    assert len(follows) == arms * (arms - 1)
    assert len(set(follows.values())) <= 1


@given(seed=st.integers(0, 2**62), arms=st.integers(2, 6), squares=st.integers(1, 3))
def test_with_lead_ins_every_arm_follows_every_arm_and_itself_equally_often(
    seed: int, arms: int, squares: int
) -> None:
    names = [f"arm-{number}" for number in range(arms)]
    blocks = squares * (arms if arms % 2 == 0 else 2 * arms)
    plan = plan_stratum(PlannedTrial, STRATUM, "phone", names, blocks, seed, lead_in=True)
    follows = Counter(pair for block in plan for pair in pairwise(order_of(block)))
    assert follows == {(before, after): blocks // arms for before in names for after in names}


@given(seed=st.integers(0, 2**62), arms=st.integers(1, 6), blocks=st.integers(1, 14))
def test_a_lead_in_repeats_the_first_arm_and_is_a_warm_up_of_its_own(
    seed: int, arms: int, blocks: int
) -> None:
    names = [f"arm-{number}" for number in range(arms)]
    plan = plan_stratum(PlannedTrial, STRATUM, "phone", names, blocks, seed, lead_in=True)
    bare = plan_stratum(PlannedTrial, STRATUM, "phone", names, blocks, seed)
    assert [[trial for trial in block if not trial.warmup] for block in plan] == bare
    lead_ins = [trial for block in plan for trial in block if trial.is_lead_in]
    assert [(trial.arm, trial.order, trial.warmup) for trial in lead_ins] == [
        (block[0].arm, LEAD_IN, True) for block in bare if arms > 1
    ]
    warmups = plan_stratum(PlannedTrial, STRATUM, "phone", names, blocks, seed, warmup=True, lead_in=True)
    trials = [trial for block in [*plan, *warmups] for trial in block]
    assert len({trial.identity for trial in trials}) == len(trials)


def test_which_arm_comes_first_is_random() -> None:
    """The first of three arms over 3,000 seeds: binomial with mean 1000, deviation 26."""
    first = Counter(arm_order(ARMS, 0, seed)[0] for seed in range(3000))
    assert all(870 < count < 1130 for count in first.values())
    assert len({tuple(arm_order(ARMS, 0, seed)) for seed in range(100)}) == 6


def test_warm_up_blocks_are_others_than_those_that_count() -> None:
    warm = plan_stratum(PlannedTrial, STRATUM, "phone", ARMS, 6, seed=3, warmup=True)
    counted = plan_stratum(PlannedTrial, STRATUM, "phone", ARMS, 6, seed=3)
    assert all(trial.warmup for block in warm for trial in block)
    assert not any(trial.warmup for block in counted for trial in block)
    assert [block[0].seed for block in warm] != [block[0].seed for block in counted]


def test_devices_and_strata_get_orders_of_their_own() -> None:
    assert derived_seed(1, "a", "b") != derived_seed(1, "ab")
    assert derived_seed(1, "a") != derived_seed(1, "b")


def test_all_arms_of_a_block_share_its_seed() -> None:
    for block in plan_stratum(PlannedTrial, STRATUM, "phone", ARMS, 5, seed=5):
        assert len({trial.seed for trial in block}) == 1


def test_a_stratum_reads_as_a_test_id() -> None:
    assert str(STRATUM) == "private-anon-64MB-16t"
    zeros = Stratum("reclaim", "in-zram", "none", "natural", 262144, 1, compress_pct=75)
    assert str(zeros) == "in-zram-256MB-1t-75%zeros"
