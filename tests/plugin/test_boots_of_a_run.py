"""Runs of several boots: the order of the tests, and on the virtual device a boot_id for each boot."""

from __future__ import annotations

import json

import pytest
from runs import records
from runs import trials
from runs import two_strata

CASES_TOO = """
    def test_a_case(lmkd_device, conformance): pass
    def test_of_something_else(): pass
"""
COLLECT = ("--collect-only", "-q", "-p", "no:cacheprovider")
TWO_DEVICES = ("--lmkd-device", "virtual:stock", "--lmkd-device", "virtual:exit-mm")
NAMES = ("virtual-stock", "virtual-exit-mm")
TWO_BOOTS = ("--lmkd-blocks", "2", "--lmkd-boots", "2", "--lmkd-arms", "kill,kill+mrelease")


def collected(pytester: pytest.Pytester, *words: str) -> list[str]:
    """The parameters of the collected tests, or the name of one without."""
    result = pytester.runpytest_subprocess(*COLLECT, *words)
    assert result.ret == 0
    lines = [line.partition("::")[2] for line in result.outlines if "::" in line]
    return [line.rpartition("[")[2].rstrip("]") for line in lines]


def test_boots_are_the_outer_loop_and_devices_take_turns_within_each(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(two_strata(hold_ms=50, blocks=1))
    strata = ("private-anon-4MB-1t", "holder-50ms-4MB-4t")
    ids = collected(pytester, *TWO_DEVICES, *TWO_BOOTS)
    assert [name.rpartition("-")[2] for name in ids] == ["boot1"] * 4 + ["boot2"] * 4
    assert [next(name for name in NAMES if name in one) for one in ids] == [
        *([NAMES[0]] * 2 + [NAMES[1]] * 2) * 2
    ]
    assert len({one.rpartition("-")[0] for one in ids}) == 2 * len(strata)


def test_a_case_runs_once_in_the_first_boot(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(two_strata(hold_ms=50, blocks=1) + CASES_TOO)
    ids = collected(pytester, "--lmkd-device", "virtual:stock", *TWO_BOOTS)
    assert ids.count("virtual-stock") == ids.count("test_of_something_else") == 1
    assert [name.rpartition("-")[2] for name in ids][-2:] == ["boot2", "boot2"]


def test_a_boot_can_be_selected(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(two_strata(hold_ms=50, blocks=1))
    ids = collected(pytester, "--lmkd-device", "virtual:stock", *TWO_BOOTS, "-k", "boot2")
    assert [name.rpartition("-")[2] for name in ids] == ["boot2", "boot2"]


def test_virtual_devices_take_twelve_boots_of_a_block_by_default(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(two_strata(hold_ms=50, blocks=1))
    ids = collected(pytester, "--lmkd-device", "virtual:stock")
    boots = [f"boot{number:02}" for number in range(1, 13)]
    assert [name.rpartition("-")[2] for name in ids] == [boot for boot in boots for _ in range(2)]


@pytest.mark.parametrize("words", [(), ("--lmkd-device", "virtual:stock", "--lmkd-blocks", "11")])
def test_without_several_boots_no_name_tells_of_them(
    pytester: pytest.Pytester, words: tuple[str, ...]
) -> None:
    pytester.makepyfile(two_strata(hold_ms=50, blocks=1))
    assert not any("boot" in name for name in collected(pytester, *words))


SUITE = """
    import pytest
    from lmkd_core.records.stratum import Stratum
    STRATA = [Stratum("quick", "private-anon", "none", "natural", 4096, threads) for threads in (1, 2)]
    @pytest.mark.parametrize("stratum", STRATA, ids=str)
    def test_back(stratum, lmkd_boot, measure):
        assert measure(stratum).complete_blocks == lmkd_boot + 1
"""


def blocks_by_boot(measured: list[dict]) -> list[list[int]]:
    """The blocks that ran in each boot of the device, in the order of the boots."""
    boots: dict[str, set[int]] = {}
    for trial in measured:
        boots.setdefault(trial["boot_id"], set()).add(trial["block"])
    return [sorted(blocks) for blocks in boots.values()]


@pytest.mark.virtual_device
@pytest.mark.usefixtures("own_virtual_devices")
def test_each_planned_boot_is_a_boot_of_the_device_for_all_strata(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    words = ("--lmkd-device", "virtual:stock", *TWO_BOOTS, "--lmkd-warmup", "1", "--lmkd-results", "out")
    pytester.runpytest_subprocess(*words).assert_outcomes(passed=4)
    out = pytester.path / "out"
    measured = trials(out)
    assert blocks_by_boot(measured) == [[0], [1]]
    assert {trial["threads"] for trial in measured if trial["block"] == 0} == {1, 2}
    planned = [json.loads(line) for line in (out / "plan.jsonl").open()]
    key = ("threads", "block", "warmup", "order", "arm")
    ran = [record for record in records(out) if record["type"] == "trial"]
    assert [[trial[name] for name in key] for trial in ran] == [
        [plan[name] for name in key] for plan in planned
    ]
    assert len(measured) == 2 * 2 * 2
    assert len(ran) == 2 * 2 * (2 + 1 + 2)  # a warm-up block, a lead-in, and the block
    devices = [record["boot_id"] for record in records(out) if record["type"] == "device"]
    assert devices == list(dict.fromkeys(trial["boot_id"] for trial in measured))
    assert json.loads((out / "run.json").read_text())["boots"] == 2


@pytest.mark.virtual_device
@pytest.mark.usefixtures("own_virtual_devices")
def test_a_resumed_run_boots_only_for_what_is_missing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    words = ("--lmkd-device", "virtual:stock", *TWO_BOOTS, "--lmkd-results", "out")
    pytester.runpytest_subprocess(*words, "-k", "boot1").assert_outcomes(passed=2)
    before = trials(pytester.path / "out")
    result = pytester.runpytest_subprocess("--lmkd-device", "virtual:stock", "--lmkd-resume", "out")
    result.assert_outcomes(passed=4)
    result.stdout.no_fnmatch_line("*restarting virtual-stock*")
    after = trials(pytester.path / "out")
    assert after[: len(before)] == before
    assert blocks_by_boot(after) == [[0], [1]]


@pytest.mark.virtual_device
@pytest.mark.usefixtures("own_virtual_devices")
def test_each_device_of_several_has_its_own_boots(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess(*TWO_DEVICES, *TWO_BOOTS, "--lmkd-results", "out")
    result.assert_outcomes(passed=8)
    measured = trials(pytester.path / "out")
    for name in NAMES:
        assert blocks_by_boot([trial for trial in measured if trial["device"] == name]) == [[0], [1]]
