"""Suites for the runs of tests, a run that a test may interrupt, and the records that a run left."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

THREE_ARMS = ("--lmkd-arms", "kill,kill+mrelease,reap-kill")
"""Most of these run on any Linux; ``kill+mrelease@lmkd`` needs Android's cpusets."""

INTERRUPTIBLE = ("env", "--default-signal=INT", sys.executable, "-m")
"""Restores SIGINT: the background jobs of a shell, and all that they start, ignore it."""

ONE_STRATUM = """
    import pytest
    from lmkd_core.records.stratum import Stratum
    @pytest.mark.parametrize("stratum", [Stratum("s", "private-anon", "none", "natural", 4096, 1)], ids=str)
    def test_one(stratum, measure):
        measure(stratum)
"""

_TWO_STRATA = """
    import pytest
    from lmkd_core.records.stratum import Stratum
    NATURAL = Stratum("quick", "private-anon", "none", "natural", 4096, 1)
    HELD = Stratum("quick", "private-anon", "{stall}", "injected", 4096, 4, {hold_ms}, timeout_ns=11 * 10**9)
    @pytest.mark.parametrize("stratum", [NATURAL, HELD], ids=str)
    def test_back(stratum, measure):
        assert measure(stratum).complete_blocks == {blocks}
"""

_TWO_CONTROLS = """
    import pytest
    from lmkd_core.records.parts import record_of
    from lmkd_core.records.stratum import Stratum
    from lmkd_core.records.trial import TrialRecord
    from pytest_lmkd.reclaim.experiment import ReclaimExperiment

    FASTER_NS = {faster_ns}

    def run(self, stratum, trials, keep):
        for trial in trials:
            time_ns = FASTER_NS if trial.arm == "reap-kill-emulated" else 20_000_000
            boot_id = self._device.boot_id
            keep(record_of(TrialRecord, trial, boot_id=boot_id, valid=True, reclaim_90_ns=time_ns))

    @pytest.fixture(autouse=True)
    def made_up_times(monkeypatch):
        monkeypatch.setattr(ReclaimExperiment, "run", run)

    CONTROLS = [Stratum("quick", name, "none", "control", 4096, 1) for name in ("one", "other")]

    @pytest.mark.parametrize("stratum", CONTROLS, ids=str)
    def test_control(stratum, measure):
        assert measure(stratum).complete_blocks == 6
"""


def run_two_strata(
    pytester: pytest.Pytester, device: str, *words: str, hold_ms: int = 50, blocks: int = 1
) -> pytest.RunResult:
    """Runs the suite of two strata on ``device`` to its end, with results in ``out``."""
    pytester.makepyfile(two_strata(hold_ms, blocks))
    options = ("--lmkd-device", device, *THREE_ARMS, "--lmkd-blocks", str(blocks), "--lmkd-results", "out")
    return pytester.runpytest_subprocess(*options, *words)


def two_strata(hold_ms: int, blocks: int, stall: str = "holder") -> str:
    """Returns a suite of two strata with victims of 4 MB; the second one holds the memory for ``hold_ms``."""
    return _TWO_STRATA.format(hold_ms=hold_ms, blocks=blocks, stall=stall)


def two_controls(faster_ns: int) -> str:
    """Returns a suite of two controls of six blocks with made-up times, in which one arm takes ``faster_ns``.

    The arm is ``reap-kill-emulated``; all others take 20 ms.
    """
    return _TWO_CONTROLS.format(faster_ns=faster_ns)


def records(folder: Path) -> list[dict]:
    """Returns the records so far; the last line may be incomplete."""
    lines = [line for path in (folder / "records").glob("*.jsonl") for line in path.open()]
    return [json.loads(line) for line in lines if line.endswith("\n")]


def trials(folder: Path) -> list[dict]:
    """Those that count: no warm-ups, and no lead-ins of blocks."""
    return [record for record in records(folder) if record["type"] == "trial" and not record["warmup"]]


def start_run(pytester: pytest.Pytester, device: str, suite: str) -> subprocess.Popen[str]:
    """Starts a run with results in ``out``; returns once it has recorded two trials."""
    pytester.makepyfile(suite)
    words = [*INTERRUPTIBLE, "pytest", "--lmkd-device", device, *THREE_ARMS, "--lmkd-blocks", "1"]
    words += ["--lmkd-results", "out"]
    run = subprocess.Popen(words, cwd=pytester.path, stdout=subprocess.PIPE, text=True)
    await_that(run, lambda: len(trials(pytester.path / "out")) >= 2)
    return run


def await_that(run: subprocess.Popen[str], holds: Callable[[], bool]) -> None:
    """Waits until ``holds()`` is true; fails if the run ends before."""
    tick = threading.Event()
    while not holds():
        assert run.poll() is None, run.communicate()
        tick.wait(0.05)
