"""Negative controls: the impossible gains that are reported, and how seldom chance produces one."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from lmkd_core.records.parts import record_of
from lmkd_core.records.plan import plan_block
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from pytest_lmkd.experiment.controls import false_gains

CONTROLS = 8


STRATUM = Stratum("reclaim", "exit-stop", "exit-stop", "control", victim_kb=65_536, threads=1, hold_ms=300)


def trial(arm: str, block: int, reclaim_90_ns: int | None) -> TrialRecord:
    (planned,) = plan_block(PlannedTrial, STRATUM, "phone", [arm], block, seed=1)
    return record_of(TrialRecord, planned, boot_id="b", reclaim_90_ns=reclaim_90_ns, valid=True)


def blocks(baseline_ms: list[float | None], flag_ms: list[float | None]) -> list[list[TrialRecord]]:
    def ns(value_ms: float | None) -> int | None:
        return None if value_ms is None else int(value_ms * 1e6)

    pairs = zip(baseline_ms, flag_ms, strict=True)
    return [
        [trial("kill+mrelease", number, ns(baseline)), trial("reap-kill", number, ns(flag))]
        for number, (baseline, flag) in enumerate(pairs)
    ]


def test_ten_of_ten_faster_blocks_are_a_false_gain() -> None:
    (message,) = false_gains(blocks([30] * 10, [29] * 10), ["reap-kill"], CONTROLS)
    assert message.startswith("reap-kill was faster than kill+mrelease in 10 of 10 blocks")


def test_nine_of_ten_may_be_chance_in_a_run_with_eight_controls() -> None:
    assert not false_gains(blocks([30] * 10, [29] * 9 + [31]), ["reap-kill"], CONTROLS)


def test_a_slower_flag_is_no_gain() -> None:
    assert not false_gains(blocks([30] * 12, [60] * 12), ["reap-kill"], CONTROLS)


def test_memory_that_never_came_back_is_slower_than_any_that_did() -> None:
    assert false_gains(blocks([None] * 10, [29] * 10), ["reap-kill"], CONTROLS)
    assert not false_gains(blocks([None] * 10, [None] * 10), ["reap-kill"], CONTROLS)


def test_invalid_trials_do_not_count() -> None:
    measured = blocks([30] * 10, [29] * 10)
    invalid = [[msgspec.structs.replace(record, valid=False) for record in block] for block in measured]
    assert not false_gains(invalid, ["reap-kill"], CONTROLS)


@pytest.mark.parametrize("count", [6, 10, 12, 20])
def test_a_right_harness_seldom_fails(count: int) -> None:
    random = np.random.default_rng(count)
    runs = 400
    failed = 0
    for _ in range(runs):
        times = random.lognormal(3.5, 0.3, size=(CONTROLS, 2, count))
        failed += any(
            bool(false_gains(blocks(list(baseline), list(flag)), ["reap-kill"], CONTROLS))
            for baseline, flag in times
        )
    # 2.5 % of 400 is 10; more than 22 has a probability below one in a thousand (binomial, fixed seeds).
    assert failed <= 22
