"""Tests wrong options and missing devices: one sentence, the documented exit code, nothing left behind."""

from __future__ import annotations

import socket

import pytest
from runs import ONE_STRATUM

from lmkd_core.records.lines import encode_line
from lmkd_core.records.run import RunInfo


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            ["--lmkd-device", "virtual", "--lmkd-arms", "kill,shoot"],
            2,
            "*unknown arm 'shoot': the arms are kill, *",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-blocks", "0"],
            2,
            "*--lmkd-blocks takes a whole number from 1 *'0'*",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-blocks", "many"],
            2,
            "*--lmkd-blocks takes a whole number *'many'*",
        ),
        (["--lmkd-device", "virtual", "--lmkd-seed", "-1"], 2, "*--lmkd-seed takes a whole number *'-1'*"),
        (
            ["--lmkd-device", "virtual:kind"],
            2,
            "*unknown personality 'kind': the virtual device has stock, *",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-device", "virtual"],
            2,
            "*names the device virtual-reap-kill-v3 twice*",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-boots", "0"],
            2,
            "*--lmkd-boots takes a whole number from 1 *'0'*",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-boots", "3", "--lmkd-blocks", "2"],
            2,
            "*--lmkd-boots 3 needs a block for each boot, and --lmkd-blocks is 2: give --lmkd-blocks 3 *",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-boots", "3", "--lmkd-pressure-blocks", "1"],
            2,
            "*--lmkd-boots 3 needs a block for each boot, and --lmkd-pressure-blocks is 1: *",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-pressure-arms", "kill,kill#2"],
            2,
            "*--lmkd-pressure-arms takes arms of --lmkd-arms (kill+mrelease@lmkd, reap-kill, kill), and "
            "'kill#2' is none*",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-pressure-arms", "reap-kill,kill"],
            2,
            "*--lmkd-pressure-arms must name the baseline, kill+mrelease@lmkd, to compare with*",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-device", "local", "--lmkd-boots", "2"],
            2,
            "*local cannot be restarted for --lmkd-boots 2: it is this machine; leave out --lmkd-boots*",
        ),
        (
            ["--lmkd-device", "a-phone", "--lmkd-boots", "2"],
            2,
            "*a-phone cannot be restarted for --lmkd-boots 2: add --lmkd-reboot to allow *",
        ),
        (["--lmkd-device", "virtual", "--lmkd-budget", "10"], 2, "*--lmkd-budget takes a time *not '10'*"),
        (
            ["--lmkd-device", "virtual", "--lmkd-budget", "1h", "--lmkd-boots", "3", "--lmkd-blocks", "2"],
            2,
            "*--lmkd-boots 3 needs a block for each boot, and --lmkd-blocks is 2: *",
        ),
        (
            [
                *("--lmkd-device", "virtual", "--lmkd-budget", "1h", "--lmkd-boots", "1"),
                *("--lmkd-blocks", "2", "--lmkd-pressure-blocks", "2"),
            ],
            2,
            "*--lmkd-budget chooses blocks and boots, and all are given: *",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-label", "a\nb"],
            2,
            "*--lmkd-label takes at most 80 printable characters, not 'a?nb'*",
        ),
        (
            ["--lmkd-device", "virtual", "--lmkd-resume", "old", "--lmkd-label", "new"],
            2,
            "*--lmkd-resume keeps the run's numbers and label: leave out --lmkd-label*",
        ),
        (["--lmkd-device", "virtual", "-n", "2"], 2, "*cannot be used with -n*"),
        (
            ["--lmkd-device", "virtual", "--lmkd-variant", "none.toml"],
            2,
            "*--lmkd-variant none.toml: cannot be read (*",
        ),
        (["--lmkd-device", "a b"], 2, "*'a b' names no device: use virtual, *"),
        ([], 2, "*needs a device: name one, e.g. --lmkd-device virtual*"),
    ],
)
def test_a_wrong_command_ends_with_exit_code_2(
    pytester: pytest.Pytester, words: list[str], code: int, sentence: str
) -> None:
    pytester.makepyfile(ONE_STRATUM)
    result = pytester.runpytest_subprocess(*words)
    assert result.ret == code
    assert any_line_matches(result, sentence)
    assert not list(pytester.path.glob("results/*"))


def any_line_matches(result: pytest.RunResult, sentence: str) -> bool:
    lines = [line for line in result.outlines + result.errlines if "Traceback" in line]
    assert not lines, lines
    (result.stdout if "outcomes.Exit" in result.stdout.str() else result.stderr).fnmatch_lines([sentence])
    return True


def test_a_folder_that_holds_a_run_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(ONE_STRATUM)
    (pytester.mkdir("old") / "run.json").write_text("{}")
    result = pytester.runpytest_subprocess("--lmkd-device", "virtual", "--lmkd-results", "old")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*old already holds a run: continue it*"])


def test_a_remote_server_that_does_not_answer_ends_with_exit_code_3(pytester: pytest.Pytester) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pytester.makepyfile(ONE_STRATUM)
    result = pytester.runpytest_subprocess("--lmkd-device", f"127.0.0.1:{port}/phone")
    assert result.ret == 3
    result.stdout.fnmatch_lines([f"*127.0.0.1:{port}*"])


def test_collecting_starts_no_device(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(ONE_STRATUM)
    result = pytester.runpytest_subprocess("--collect-only", "-q", "--lmkd-device", "virtual")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*test_one?virtual-reap-kill-v3-private-anon-4MB-1t-boot01?"])
    assert not list(pytester.path.glob("results/*"))


@pytest.mark.parametrize("words", [["--collect-only", "-q"], ["-k", "nothing"]])
def test_where_nothing_is_measured_the_report_of_a_finished_run_stays(
    pytester: pytest.Pytester, words: list[str]
) -> None:
    pytester.makepyfile(ONE_STRATUM)
    finished = pytester.mkdir("finished")
    (finished / "records").mkdir()
    info = RunInfo(
        run_id="r",
        started_utc="2026-01-01T00:00:00+00:00",
        command="pytest",
        seed=1,
        arms=("kill",),
        blocks=1,
        devices=("virtual-stock",),
        versions={},
        host={},
    )
    (finished / "run.json").write_bytes(encode_line(info))
    (finished / "plan.jsonl").write_text("{}\n")
    (finished / "report.html").write_text("as it was")
    pytester.runpytest_subprocess(*words, "--lmkd-device", "virtual:stock", "--lmkd-results", str(finished))
    assert (finished / "report.html").read_text() == "as it was"
    assert not (finished / "summary.txt").exists()


def test_without_lmkd_tests_the_plugin_is_silent(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_subprocess()
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*lmkd*report*")
