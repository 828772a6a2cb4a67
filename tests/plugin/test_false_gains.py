"""A run fails if its controls show a gain, by the function and the words of the page.

The agent's times are replaced by made-up ones: in every control block ``reap-kill-emulated`` is faster.
"""

from __future__ import annotations

import os

import pytest
from runs import trials
from runs import two_controls

from lmkd_core.base.cache import user_cache_root
from lmkd_reports import control_alarms
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.frames import load_run

pytestmark = [
    pytest.mark.host_kernel,
    pytest.mark.skipif(os.geteuid() != 0, reason="this machine is a device for root only"),
]

CACHE = user_cache_root().parent  # before pytester moves HOME away

ARMS = ("--lmkd-arms", "kill+mrelease,reap-kill-emulated", "--lmkd-blocks", "6")
SENTENCE = "reap-kill-emulated was faster than kill+mrelease in 12 of 12 blocks of all 2 controls together"


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))


def run(pytester: pytest.Pytester, faster_ns: int, *words: str) -> pytest.RunResult:
    pytester.makepyfile(two_controls(faster_ns))
    return pytester.runpytest_subprocess("--lmkd-device", "local", *words)


def test_gains_in_the_controls_fail_the_run_and_are_in_its_junit(pytester: pytest.Pytester) -> None:
    result = run(pytester, 10_000_000, *ARMS, "--lmkd-results", "out")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*100%*", "FAILED controls[[]local[]]*"])
    result.stdout.no_fnmatch_line("*150%*")
    out = pytester.path / "out"
    ((device, sentence),) = control_alarms(out)
    assert device == "local"
    assert SENTENCE in sentence
    assert SENTENCE in (out / "report.html").read_text()
    assert SENTENCE in (out / "junit.xml").read_text()


def test_a_resumed_run_fails_by_the_records_of_both(pytester: pytest.Pytester) -> None:
    first = run(pytester, 10_000_000, *ARMS, "--lmkd-results", "out", "-k", "one")
    assert SENTENCE not in first.stdout.str()
    resumed = run(pytester, 10_000_000, "--lmkd-resume", "out")
    resumed.assert_outcomes(passed=2, failed=1)
    assert len(trials(pytester.path / "out")) == 24
    assert SENTENCE in " ".join(resumed.stdout.str().split())


def test_a_right_run_passes(pytester: pytest.Pytester) -> None:
    result = run(pytester, 20_000_000, *ARMS, "--lmkd-results", "out")
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    assert control_alarms(pytester.path / "out") == []


def test_each_device_has_a_verdict_of_its_own(pytester: pytest.Pytester) -> None:
    """The records of several processes lie side by side, as those of workers do."""
    run(pytester, 10_000_000, *ARMS, "--lmkd-results", "out")
    file = pytester.path / "out" / "records" / "local.jsonl"
    right = file.read_text().replace('"device":"local"', '"device":"right"').replace("10000000", "20000000")
    (file.parent / "right.jsonl").write_text(right)
    out = pytester.path / "out"
    assert [device for device, _ in control_alarms(out)] == ["local"]
    on_page = {one.name: one.controls for one in analyse(load_run(out)).devices}
    assert {name: bool(check and check.false_gains) for name, check in on_page.items()} == {
        "local": True,
        "right": False,
    }
