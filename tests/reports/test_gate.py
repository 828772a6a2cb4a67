"""``pytest-lmkd gate``: what fails, what passes, what cannot be told, and what is wrong usage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import synthetic_run
from two_runs import episodes_of
from two_runs import noisy_ms
from two_runs import raced
from two_runs import trials_of
from two_runs import write

from lmkd_reports.gate.checks import Gate
from lmkd_reports.gate.checks import Outcome
from lmkd_reports.gate.checks import gate_runs
from lmkd_reports.gate.limits import parse_limits
from lmkd_reports.gate.runs import Selection
from lmkd_reports.gate.runs import load
from pytest_lmkd.cli import main

HOSTILE = '</testcase>]]>&"<script>\u202e\x00\x1b[31m\n== ä €'


class Pair:
    """Two results directories of a test, and the gate between them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.base, self.candidate = folder / "base", folder / "candidate"
        self.junit = folder / "new folder" / "junit.xml"
        self._capsys = capsys

    def gate(self, *words: str) -> tuple[int, str]:
        """The exit code, and everything that was printed, in one line."""
        code = main(["gate", str(self.base), str(self.candidate), "--all", *words])
        printed = self._capsys.readouterr()
        assert printed.out.isascii()
        assert all(len(line) <= 72 for line in printed.out.splitlines())
        return code, " ".join((printed.out + printed.err).split())

    def xml(self) -> ElementTree.Element:
        (suite,) = ElementTree.fromstring(self.junit.read_bytes())
        return suite


@pytest.fixture
def pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Pair:
    return Pair(tmp_path, capsys)


def write_times(pair: Pair, base_ms: Sequence[float | None], candidate_ms: Sequence[float | None]) -> None:
    write(pair.base, trials_of(base_ms))
    write(pair.candidate, trials_of(candidate_ms))


@pytest.mark.parametrize(("limit", "code"), [("0%", 1), ("10%", 1), ("20%", 1), ("40%", 0), ("100%", 0)])
def test_thirty_percent_more_time_fails_below_that_limit(pair: Pair, limit: str, code: int) -> None:
    write_times(pair, noisy_ms(100), noisy_ms(130, seed=2))
    found, text = pair.gate("--max-worse", f"reclaim_90:{limit}")
    assert found == code
    assert ("worse beyond" in text) == bool(code)
    assert text.endswith("gate: failed: 1 failed (1 beyond the limit)" if code else "gate: passed: 1 passed")


def test_less_time_passes(pair: Pair) -> None:
    write_times(pair, noisy_ms(130), noisy_ms(100, seed=2))
    assert pair.gate("--max-worse", "reclaim_90:0%")[0] == 0


def test_a_wide_interval_is_inconclusive_and_fails_only_if_equivalence_is_required(pair: Pair) -> None:
    times = [10.0, 100.0] * 6
    write_times(pair, times, times)
    code, text = pair.gate("--max-worse", "exit:10%")
    assert code == 0
    assert "exit 1.00x (0.10 to 10.0): inconclusive, neither within nor beyond 1.1x" in text
    assert text.endswith("gate: inconclusive: 1 inconclusive")
    code, text = pair.gate("--max-worse", "exit:10%", "--require-within", "--junit", str(pair.junit))
    assert code == 1
    assert "(--require-within, and 1 not shown to be within the limit)" in text
    assert pair.xml().attrib["failures"] == "1"


@pytest.mark.parametrize(("limit", "code"), [("0", 1), ("0.2", 1), ("1.5", 1), ("2", 0), ("3", 0)])
def test_two_more_kills_an_episode(pair: Pair, limit: str, code: int) -> None:
    write(pair.base, episodes=episodes_of([0, 1] * 6))
    write(pair.candidate, episodes=episodes_of([2, 3] * 6))
    for metric in ("kills_extra", "kills_total"):
        assert pair.gate("--max-worse", f"{metric}:{limit}")[0] == code


@pytest.mark.parametrize(("limit", "code"), [("0pp", 1), ("5pp", 1), ("5 pp", 1), ("60pp", 0)])
def test_more_lost_races(pair: Pair, limit: str, code: int) -> None:
    write(pair.base, raced(2, 20))
    write(pair.candidate, raced(14, 20))
    assert pair.gate("--max-worse", f"esrch:{limit}")[0] == code


def test_constant_times_at_their_limit_are_not_beyond_it(pair: Pair) -> None:
    """1.1 times as long is 10 % more, and not a rounding error more than that."""
    write_times(pair, [100.0] * 7, [110.0] * 7)
    assert pair.gate("--max-worse", "reclaim_90:10%")[0] == 0
    assert pair.gate("--max-worse", "reclaim_90:9.9%")[0] == 1


def test_zero_kills_in_both_runs_pass(pair: Pair) -> None:
    for folder in (pair.base, pair.candidate):
        write(folder, episodes=episodes_of([0] * 12))
    code, text = pair.gate("--max-worse", "kills_extra:0")
    assert (code, "kills_extra 0 (-0.31 to +0.31): inconclusive" in text) == (0, True)


def test_the_same_runs_never_fail(pair: Pair) -> None:
    for folder in (pair.base, pair.candidate):
        synthetic_run(blocks=7).write(folder)
    words = [f"--max-worse={name}:0%" for name in ("reclaim_50", "reclaim_90", "reclaim_99", "exit")]
    assert pair.gate(*words, "--max-worse=esrch:0pp")[0] == 0


@pytest.mark.parametrize(
    ("base_ms", "candidate_ms"),
    [([100.0], [900.0]), ([100.0] * 6, [900.0] * 6), ([100.0] * 12, [None] * 3), ([None] * 12, [None] * 12)],
    ids=["one block", "six blocks", "few and censored", "all censored"],
)
def test_a_gate_in_which_no_check_has_enough_data_fails(
    pair: Pair, base_ms: list[float | None], candidate_ms: list[float | None]
) -> None:
    write_times(pair, base_ms, candidate_ms)
    code, text = pair.gate("--max-worse", "reclaim_90:10%", "--junit", str(pair.junit))
    assert code == 1
    assert "(no check has enough data: reclaim_90 takes 7 values per side)" in text
    assert pair.xml().attrib | {"skipped": "0", "failures": "1"} == pair.xml().attrib


def test_a_check_without_enough_data_among_others_fails_only_if_asked(pair: Pair) -> None:
    few = trials_of([5.0], threads=16)
    write(pair.base, [*trials_of(noisy_ms(100)), *few])
    write(pair.candidate, [*trials_of(noisy_ms(50, seed=2)), *few])
    words = ("--max-worse", "reclaim_90:10%", "--junit", str(pair.junit))
    code, text = pair.gate(*words)
    assert (code, text.endswith("gate: inconclusive: 1 not enough data, 1 passed")) == (0, True)
    assert pair.xml().attrib | {"skipped": "1", "failures": "0"} == pair.xml().attrib
    code, text = pair.gate(*words, "--require-data")
    assert (code, "(--require-data, and 1 without enough data)" in text) == (1, True)
    assert pair.xml().attrib | {"skipped": "0", "failures": "1"} == pair.xml().attrib


def test_memory_that_never_comes_back_is_worse(pair: Pair) -> None:
    write_times(pair, noisy_ms(100), [None] * 12)
    code, text = pair.gate("--max-worse", "reclaim_90:100%")
    assert (code, "reclaim_90 > 30.0x (above" in text) == (1, True)


def test_what_only_the_base_measured_is_not_passed_over(pair: Pair) -> None:
    write(pair.base, [*trials_of(noisy_ms(100)), *trials_of(noisy_ms(100), arm="reap-kill")])
    write(pair.candidate, trials_of(noisy_ms(100)))
    code, text = pair.gate("--max-worse", "reclaim_90:10%")
    assert (code, "the candidate has no trial of it" in text) == (0, True)
    assert pair.gate("--max-worse", "reclaim_90:10%", "--require-data")[0] == 1
    assert pair.gate("--max-worse", "reclaim_90:10%", "--require-data", "--arm", "kill")[0] == 0


def test_invalid_trials_are_no_data(pair: Pair) -> None:
    write(pair.base, trials_of(noisy_ms(100)))
    write(pair.candidate, trials_of(noisy_ms(900), valid=False, invalid_reason="no clock"))
    code, text = pair.gate("--max-worse", "reclaim_90:10%")
    assert (code, "reclaim_90: invalid: candidate: 12 of 12 trials invalid" in text) == (1, True)


def test_only_the_arms_and_scenarios_asked_for_are_checked(pair: Pair) -> None:
    slow = [*trials_of(noisy_ms(300), scenario="slow"), *trials_of(noisy_ms(300), arm="reap-kill")]
    write(pair.base, [*trials_of(noisy_ms(100), scenario="slow"), *trials_of(noisy_ms(100), arm="reap-kill")])
    write(pair.candidate, slow)
    limit = ("--max-worse", "reclaim_90:10%")
    assert "gate: failed: 2 failed" in pair.gate(*limit)[1]
    assert "gate: failed: 1 failed" in pair.gate(*limit, "--arm", "kill")[1]
    assert "gate: failed: 2 failed" in pair.gate(*limit, "--arm", "kill", "--arm", "reap-kill")[1]
    assert "gate: failed: 1 failed" in pair.gate(*limit, "--scenario", "slow")[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["speed:10%"], "unknown metric 'speed' in --max-worse: there are reclaim_50, reclaim_90, "),
        (["reclaim_90"], "bad limit 'reclaim_90': reclaim_90 takes a percentage of the base's median"),
        (["reclaim_90:"], "bad limit 'reclaim_90:': reclaim_90 takes a percentage"),
        (["reclaim_90:-5%"], "bad limit 'reclaim_90:-5%': reclaim_90 takes a percentage"),
        (["reclaim_90:10"], "bad limit 'reclaim_90:10': reclaim_90 takes a percentage"),
        (["reclaim_90:nan%"], "bad limit 'reclaim_90:nan%'"),
        (["kills_extra:10%"], "bad limit 'kills_extra:10%': kills_extra takes a number per episode"),
        (["esrch:10%"], "bad limit 'esrch:10%': esrch takes percentage points such as 5pp"),
        (["exit:1%", "--max-worse", "exit:2%"], "--max-worse names exit twice"),
        (["kills_extra:1"], "there is no kills_extra in what is compared; the runs have reclaim_50, "),
        (["exit:1%", "--arm", "shoot"], "neither run has the arm 'shoot': there are kill"),
        (["exit:1%", "--scenario", "x"], "neither run has the scenario 'x': there are nobody-holds"),
        (["exit:1%", "--pair-devices", "a=b"], "--pair-devices takes BASEDEV=CANDDEV, which 'a=b' is not"),
    ],
)
def test_wrong_usage_is_one_sentence(pair: Pair, words: list[str], sentence: str) -> None:
    write_times(pair, noisy_ms(100), noisy_ms(100))
    code, text = pair.gate("--max-worse", *words)
    assert (code, sentence in text) == (2, True), text
    assert text.startswith("pytest-lmkd: ")


def test_runs_with_nothing_in_common_are_wrong_usage(pair: Pair) -> None:
    limit = ("--max-worse", "reclaim_90:10%")
    write(pair.base, trials_of(noisy_ms(100)))
    write(pair.candidate, trials_of(noisy_ms(100), scenario="another", arm="reap-kill"))
    code, text = pair.gate(*limit)
    assert code == 2
    assert "the base has nobody-holds with kill; the candidate has another with reap-kill" in text
    write(pair.candidate, devices=[PATCHED])
    (pair.candidate / "records" / "0.jsonl").write_text("")
    code, text = pair.gate(*limit)
    assert (code, "holds nothing that was measured" in text) == (2, True)


def test_devices_of_other_names_are_wrong_usage_unless_paired(pair: Pair) -> None:
    trials = [one for name in (PATCHED, STOCK) for one in trials_of(noisy_ms(100), device=name)]
    write(pair.base, trials, devices=[PATCHED, STOCK])
    write(pair.candidate, trials_of(noisy_ms(200), device="phone"), devices=["phone"])
    code, text = pair.gate("--max-worse", "exit:10%")
    assert (code, f"the base has {PATCHED}, {STOCK}; the candidate has phone" in text) == (2, True)
    assert pair.gate("--max-worse", "exit:10%", "--pair-devices", f"{STOCK}=phone")[0] == 1


@pytest.mark.parametrize("words", [[], ["--max-worse", "exit:1%", "--confidence", "nan"]])
def test_argparse_ends_with_exit_code_2(pair: Pair, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        pair.gate(*words)
    assert ended.value.code == 2


def test_a_folder_without_a_run_is_wrong_usage(pair: Pair) -> None:
    code, text = pair.gate("--max-worse", "exit:10%")
    assert (code, "holds no run" in text) == (2, True)


def test_junit_has_a_testcase_a_check(pair: Pair) -> None:
    common = [*trials_of(noisy_ms(100), threads=1), *trials_of([5.0], threads=16)]
    write(pair.base, [*common, *raced(0, 12)])
    write(pair.candidate, [*trials_of(noisy_ms(200)), *trials_of([5.0], threads=16), *raced(0, 12)])
    assert pair.gate("--max-worse", "reclaim_90:10%", "--junit", str(pair.junit))[0] == 1
    suite = pair.xml()
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    told = {case.attrib["name"]: case for case in suite.iter("testcase") if case.find("skipped") is None}
    failure = told["kill: reclaim_90"].find("failure")
    assert failure is not None and "worse beyond 1.1x" in failure.attrib["message"]
    assert told["kill+mrelease: reclaim_90"].find("failure") is None
    names = {(case.attrib["classname"], case.attrib["name"]) for case in suite.iter("testcase")}
    assert len(names) == 3
    skipped = suite.find(".//skipped")
    assert skipped is not None
    assert "base has 1, candidate 1 of the 7 values a side" in skipped.attrib["message"]


def test_a_junit_file_that_cannot_be_written_is_said(pair: Pair) -> None:
    write_times(pair, noisy_ms(100), noisy_ms(100))
    (pair.junit.parent).write_text("in the way")
    code, text = pair.gate("--max-worse", "exit:10%", "--junit", str(pair.junit))
    assert (code, "cannot be written" in text) == (2, True)


def test_what_devices_say_is_data(pair: Pair) -> None:
    device = f"phone{HOSTILE}"
    hostile = {"device": device, "scenario": HOSTILE, "arm": HOSTILE, "stall": HOSTILE}
    episodes = episodes_of([0] * 7, **hostile, profile=HOSTILE, demand=HOSTILE)
    write(pair.base, trials_of(noisy_ms(100), **hostile), episodes, devices=[device])
    write(pair.candidate, trials_of(noisy_ms(300), **hostile), episodes, devices=[device])
    limits = ("--max-worse", "reclaim_90:10%", "--max-worse", "kills_extra:1")
    code, text = pair.gate(*limits, "--junit", str(pair.junit))
    assert (code, "\x1b" in text) == (1, False)
    assert len(list(pair.xml().iter("testcase"))) == 2
    assert pair.junit.read_bytes().isascii()
    assert b"<script>" not in pair.junit.read_bytes()
    code, text = pair.gate(*limits, "--arm", "x")
    assert (code, text.isascii(), "\x1b" in text) == (2, True, False)


def test_damaged_lines_are_told_and_the_rest_is_used(pair: Pair) -> None:
    write_times(pair, noisy_ms(100), noisy_ms(100))
    with (pair.candidate / "records" / "0.jsonl").open("ab") as stream:
        stream.write(b'{"type": "trial", "dev\xff\n')
    code, text = pair.gate("--max-worse", "exit:10%", "--junit", str(pair.junit))
    assert (code, "Not used: candidate: records/0.jsonl:14: left out (" in text) == (0, True)
    assert "records/0.jsonl:14" in (pair.xml().findtext("system-err") or "")


def gate_of(base: Path, candidate: Path, *, together: bool = False) -> Gate:
    limits = parse_limits(["reclaim_90:10%"])
    metrics = Selection(metrics=("reclaim_90",))
    return gate_runs(load([base]), load([candidate]), limits, (), metrics, 0.95, together=together)


@pytest.mark.simulation
def test_equal_runs_seldom_fail(tmp_path: Path) -> None:
    """Of 20 gates with 24 checks each, over races and outliers: at most one, and of all together none."""
    folders = [
        synthetic_run([PATCHED], blocks=12, seed=seed).write(tmp_path / str(seed)) for seed in range(40)
    ]
    pairs = list(zip(folders[::2], folders[1::2], strict=True))
    assert sum(bool(gate_of(*one).of(Outcome.FAILED)) for one in pairs) <= 1
    assert not any(gate_of(*one, together=True).of(Outcome.FAILED) for one in pairs)


@pytest.mark.parametrize("words", [(), ("--together",)])
def test_a_candidate_ten_times_slower_fails_a_whole_suite(pair: Pair, words: tuple[str, ...]) -> None:
    """As many checks as a whole suite has, with the default number of blocks."""
    for folder, middle in ((pair.base, 100), (pair.candidate, 1000)):
        write(
            folder,
            [one for kb in range(102) for one in trials_of(noisy_ms(middle, seed=kb), victim_kb=kb + 1)],
        )
    code, text = pair.gate("--max-worse", "reclaim_90:10%", *words)
    assert code == 1
    assert "gate: failed: 102 failed (102 beyond the limit)" in text


def test_together_a_doubtful_failure_among_many_checks_is_no_failure(pair: Pair) -> None:
    """Alone, the interval excludes the limit, with p = 0.0007; in 201 checks chance does so too often."""
    rng = np.random.default_rng(3)
    doubtful = [list(middle * np.exp(rng.normal(0, 0.35, 12))) for middle in (100, 100 * np.exp(0.75))]
    for folder, times in zip((pair.base, pair.candidate), doubtful, strict=True):
        equal = [one for kb in range(2, 202) for one in trials_of(noisy_ms(100, seed=kb), victim_kb=kb)]
        write(folder, [*trials_of(times, victim_kb=1), *equal])
    limit = ("--max-worse", "reclaim_90:10%")
    assert "1 failed" in pair.gate(*limit)[1]
    code, text = pair.gate(*limit, "--together")
    assert (code, "failed" in text.rpartition("gate:")[2]) == (0, False)


@pytest.mark.parametrize(
    ("limit", "outcome"), [("10%", "failed"), ("30%", "inconclusive"), ("100%", "passed")]
)
def test_json_holds_every_check_and_says_what_the_exit_status_says(
    pair: Pair, capsys: pytest.CaptureFixture[str], limit: str, outcome: str
) -> None:
    write_times(pair, noisy_ms(100), noisy_ms(130, seed=2))
    words = ("--max-worse", f"reclaim_90:{limit}", "--json")
    code = main(["gate", str(pair.base), str(pair.candidate), *words])
    document = json.loads(capsys.readouterr().out)
    assert (document["failed"], document["passed"]) == (code == 1, outcome == "passed")
    assert document["failed"] == (outcome == "failed") == bool(document["failures"])
    assert document["counts"] == {"failed": 0, "not enough data": 0, "inconclusive": 0, "passed": 0} | {
        outcome: 1
    }
    (check,) = document["checks"]
    assert (check["metric"], check["limit"], check["outcome"]) == (
        "reclaim_90",
        f"reclaim_90:{limit}",
        outcome,
    )
    assert check["most"] == pytest.approx(1 + float(limit.removesuffix("%")) / 100)
    assert check["interval"]["low"] < check["estimate"]["low"] < check["interval"]["high"]


def test_json_without_data_fails(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    write_times(pair, noisy_ms(100)[:3], noisy_ms(130, seed=2)[:3])
    code = main(["gate", str(pair.base), str(pair.candidate), "--max-worse", "reclaim_90:10%", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (code, document["failed"], document["passed"]) == (1, True, False)
    assert document["checks"][0]["outcome"] == "not enough data"
