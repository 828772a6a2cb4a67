"""``--lmkd-budget`` in the collection of a run: which boots stay, and what the user reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from runs import two_strata

from lmkd_core.records.directory import ResultStore
from lmkd_core.timing.size import Size
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.run_info import run_info
from pytest_lmkd.run.workers import DEVICE_VARIABLE
from pytest_lmkd.run.workers import WORKER_KEY
from pytest_lmkd.run.workers import Worker

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
    shorter = pytester.runpytest_subprocess(*COLLECT, "--lmkd-budget", "45s")
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


@pytest.fixture
def workers(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """Two workers of a new run with a budget and a label."""
    words = ("--lmkd-device", "virtual", "--lmkd-budget", "10m", "--lmkd-label", "new kernel")
    config = pytester.parseconfig(*words, "--lmkd-results", "out")
    options = Options.of(config)
    ResultStore(options.results).write_run(run_info(options, ["virtual-stock", "virtual-exit-mm"]))
    shared = {"results": "out", "progress": str(pytester.path / "progress.sock"), "rounds": 2, "is_new": True}
    workers = []
    for number, personality in enumerate(("stock", "exit-mm")):
        monkeypatch.setenv(DEVICE_VARIABLE, f"{number}:virtual%3A{personality}")
        config = pytester.parseconfig(*words, "--lmkd-results", "out")
        config.workerinput = {WORKER_KEY: shared}  # type: ignore[attr-defined]  # as xdist does
        workers.append(Worker(config))
    return workers


def test_workers_have_the_budget_and_the_label_of_the_run(workers: list[Worker]) -> None:
    assert {(worker.options.budget_s, worker.options.label) for worker in workers} == {(600, "new kernel")}


def test_all_workers_take_the_size_that_the_first_one_chose(workers: list[Worker]) -> None:
    def choose(size: Size) -> Callable[[], tuple[Size, list[str]]]:
        return lambda: (size, ["a line"])

    first, second = workers
    assert first.agree(choose(Size(9, 6, 3))) == (Size(9, 6, 3), ["a line"])
    assert second.agree(choose(Size(1, 1, 1))) == (Size(9, 6, 3), [])
