"""``--lmkd-budget`` in the collection of a run: which boots stay, and what the user reads."""

from __future__ import annotations

import pytest
from runs import two_strata

COLLECT = ("--collect-only", "-q", "-p", "no:cacheprovider", "--lmkd-device", "virtual:stock")


@pytest.fixture(autouse=True)
def suite(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(two_strata(hold_ms=50, blocks=1))


def boots_of(result: pytest.RunResult) -> set[str]:
    assert result.ret == 0
    return {
        line.rpartition("-")[2].rstrip("]") for line in result.outlines if "::" in line and "-boot" in line
    }


def test_a_long_budget_has_the_usual_boots_and_a_shorter_one_fewer(pytester: pytest.Pytester) -> None:
    long = pytester.runpytest_subprocess(*COLLECT, "--lmkd-budget", "1h")
    assert len(boots_of(long)) == 12
    long.stdout.fnmatch_lines(["*--lmkd-budget 1 h: * blocks of single kills in 12 boots*"])
    shorter = pytester.runpytest_subprocess(*COLLECT, "--lmkd-budget", "70s")
    assert 6 <= len(boots_of(shorter)) < 12


def test_boots_and_blocks_that_are_named_stay(pytester: pytest.Pytester) -> None:
    named = ("--lmkd-boots", "2", "--lmkd-blocks", "3")
    result = pytester.runpytest_subprocess(*COLLECT, "--lmkd-budget", "1h", *named)
    assert boots_of(result) == {"boot1", "boot2"}
    result.stdout.fnmatch_lines(["*: 3 blocks of single kills in 2 boots*"])


def test_a_budget_too_short_for_a_block_is_refused(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(*COLLECT, "--lmkd-budget", "5s")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*5 s is too short: 1 block of single kills would take about *"])
