"""Counts of needed, extra and premature kills, on worked examples and on a model of an episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkd_core.records.episode import EpisodePoint
from lmkd_core.records.replay import kills_needed
from lmkd_core.records.replay import needed_kb
from pytest_lmkd.devices.messages import AgentKill
from pytest_lmkd.devices.messages import decode_agent_line
from pytest_lmkd.pressure.counting import premature_class

KILL = decode_agent_line(
    '{"type":"kill","app":0,"pid":1,"adj":900,"stall":"none","rss_kb":1,"charged_kb":1,"decided_ns":1,'
    '"by_reaper":true,"mrelease_errno":"","killed_ns":1,"reaped_ns":1,"charged_at_return_kb":0,"exited_ns":1,'
    '"freed_ns":1,"reason":"LOW_MEM","min_score_adj":701,"free_kb":1,"shortfall_kb":0,"swap_free_kb":1,'
    '"thrashing_pct":0,"condemned_zombie_kb":0,"condemned_late_kb":0,"condemned_exiting_kb":0}'
)
THRESHOLD_KB = 100
END_NS = 10**12


@pytest.mark.parametrize(
    ("charges_kb", "needed", "count"),
    [
        ([], 0, 0),
        ([], 500, 0),
        ([50], 0, 1),
        ([50, 50, 50], 100, 2),
        ([50, 50, 50], 101, 3),
        ([50, 50, 50], 150, 3),
        ([50, 50, 50], 9999, 3),
        ([100, 10, 10], 90, 1),
    ],
    ids=str,
)
def test_the_fewest_kills_in_their_order(charges_kb: list[int], needed: int, count: int) -> None:
    assert kills_needed(charges_kb, needed) == count


def test_what_victims_gave_back_is_taken_off_what_was_free() -> None:
    # Free memory fell to 60 by itself: 40 short. Then a victim brought 80, and the demand took 50 more.
    curve: list[EpisodePoint] = [(0, 300, 0, 0), (1, 60, 0, 240), (2, 140, 80, 240), (3, 90, 80, 290)]
    assert needed_kb(curve, THRESHOLD_KB, END_NS) == 90


def test_memory_above_the_threshold_needs_nothing() -> None:
    assert needed_kb([(0, 300, 0, 0), (1, 100, 0, 200)], THRESHOLD_KB, END_NS) == 0


def test_what_is_seen_after_the_demand_is_not_counted() -> None:
    curve: list[EpisodePoint] = [(0, 300, 0, 0), (1000, 90, 0, 210), (2000, 0, 0, 300)]
    assert needed_kb(curve, THRESHOLD_KB, duration_ns=1_500_000) == 10


@pytest.mark.parametrize(
    ("shortfall_kb", "zombie_kb", "late_kb", "exiting_kb", "expected"),
    [
        (10, 0, 0, 0, ""),
        (0, 0, 0, 0, ""),
        (10, 9, 0, 0, ""),
        (10, 10, 0, 0, "Z"),
        (10, 4, 6, 0, "D"),
        (10, 4, 2, 4, "Z"),
        (10, 1, 2, 7, "in-flight"),
        (0, 0, 0, 1, "in-flight"),
    ],
)
def test_a_kill_is_premature_when_earlier_victims_hold_what_lacks(
    shortfall_kb: int, zombie_kb: int, late_kb: int, exiting_kb: int, expected: str
) -> None:
    assert isinstance(KILL, AgentKill)
    kill = msgspec.structs.replace(
        KILL,
        shortfall_kb=shortfall_kb,
        condemned_zombie_kb=zombie_kb,
        condemned_late_kb=late_kb,
        condemned_exiting_kb=exiting_kb,
    )
    assert premature_class(kill) == expected


@dataclass(frozen=True)
class Model:
    """An episode without reclaim or swap: the demand grows step by step and is then held for as many steps as
    there are apps. In each step in which free memory is below the threshold the next app dies; its memory
    comes ``holds`` steps later.
    """

    free_at_start_kb: int
    demand_kb: Sequence[int]
    apps_kb: Sequence[int]
    holds: Sequence[int]

    def run(self, longer: int = 0) -> tuple[list[int], list[EpisodePoint]]:
        """(the victims' charges, the curve), with each hold ``longer``, or without holds if it is below 0.

        A victim without a hold stays so: if lmkd had to wait for it, it would kill at another pace.
        """
        killed: list[tuple[int, int]] = []  # (step in which its memory comes, charge)
        curve: list[EpisodePoint] = []
        wanted_kb = 0
        for step, rise_kb in enumerate([*self.demand_kb, *[0] * len(self.apps_kb)]):
            wanted_kb += rise_kb
            while True:
                returned_kb = sum(charge_kb for comes, charge_kb in killed if comes <= step)
                free_kb = self.free_at_start_kb - wanted_kb + returned_kb
                curve.append((step, free_kb, returned_kb, wanted_kb))
                if free_kb >= THRESHOLD_KB or len(killed) == len(self.apps_kb):
                    break
                hold = self.holds[len(killed)]
                hold = hold + longer if hold and longer >= 0 else 0
                killed.append((step + hold, self.apps_kb[len(killed)]))
                if hold > 0:
                    break  # lmkd waits for the victim's end, not for its memory: one kill a step
        return [charge_kb for _, charge_kb in killed], curve

    def extra(self, longer: int = 0) -> int:
        charges_kb, curve = self.run(longer)
        return len(charges_kb) - kills_needed(charges_kb, needed_kb(curve, THRESHOLD_KB, END_NS))


INSTANTLY = -1

APPS = 12

models = st.builds(
    Model,
    free_at_start_kb=st.integers(THRESHOLD_KB, 1000),
    demand_kb=st.lists(st.integers(0, 200), min_size=1, max_size=30),
    apps_kb=st.lists(st.integers(1, 200), min_size=APPS, max_size=APPS),
    holds=st.lists(st.integers(0, 30), min_size=APPS, max_size=APPS),
)


@given(models)
def test_memory_that_returns_at_once_makes_no_extra_kill(model: Model) -> None:
    assert model.extra(INSTANTLY) == 0


@given(models)
def test_between_one_and_all_of_the_kills_were_needed(model: Model) -> None:
    charges_kb, curve = model.run()
    needed = kills_needed(charges_kb, needed_kb(curve, THRESHOLD_KB, END_NS))
    assert min(1, len(charges_kb)) <= needed <= len(charges_kb)


@given(models, st.integers(1, 10))
def test_a_longer_hold_never_lowers_the_extra_kills_of_a_burst(model: Model, longer: int) -> None:
    """The whole demand comes at once: lmkd kills until enough is back, never sooner with a longer hold."""
    burst = replace(model, demand_kb=[sum(model.demand_kb)])
    assert burst.extra(longer) >= burst.extra()


RISING = Model(
    free_at_start_kb=101,
    demand_kb=[4, 34, 3, 13, 40],
    apps_kb=[19, 34, 69, 41, 45, 7, 11, 41, 23, 11, 31, 33],
    holds=[1, 0, 2, 0, 0, 8, 0, 2, 0, 0, 5, 0],
)
"""An example for the next test: about 40 of 60,000 random models are."""


def test_while_demand_rises_a_longer_hold_may_cost_fewer_kills() -> None:
    """Apps that were killed early, because memory was held, have returned theirs by the next rise."""
    assert RISING.extra(1) < RISING.extra()


@given(models)
def test_extra_kills_are_those_that_an_instant_return_would_have_spared(model: Model) -> None:
    killed, _ = model.run()
    would_have_been_killed, _ = model.run(INSTANTLY)
    if len(killed) < APPS:  # with no app left to kill, the demand is not met and the episode is invalid
        assert model.extra() == len(killed) - len(would_have_been_killed)
