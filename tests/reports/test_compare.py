"""``pytest-lmkd compare``: what two runs have in common, how that differs, and in what else they do."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_run
from two_runs import episodes_of
from two_runs import noisy_ms
from two_runs import raced
from two_runs import trials_of
from two_runs import write

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.schema import Fact
from lmkd_core.statistics.independent import enough_for_medians
from lmkd_core.statistics.independent import fewest_for_medians
from lmkd_core.statistics.independent import mean_difference
from lmkd_core.statistics.independent import median_ratio
from lmkd_core.statistics.independent import share_difference
from lmkd_core.statistics.shares import wilson_ends
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.gate.runs import DevicePair
from lmkd_reports.gate.runs import load
from lmkd_reports.gate.runs import pair_devices
from pytest_lmkd.cli import main

HOSTILE = "<b>\u202e\x1b[31m\n&ä"

TEXT = """\
pytest-lmkd: the candidate against the base
base: synthetic-20260101T000000Z, in base, started
    2026-01-01T00:00:00+00:00
candidate: synthetic-20260101T000000Z, in candidate, started
    2026-01-01T00:00:00+00:00

== synthetic-reap-kill-v3
   boots: 1 of the base, 1 of the candidate. With fewer than 3 on a
     side, no interval includes the differences between boots: what
     changed may be the boot and not the kernel
   reclaim_50: worse in 1 of 2, no clear difference in 1
   reclaim_90: worse in 1 of 2, no clear difference in 1
   reclaim_99: worse in 1 of 2, no clear difference in 1
   exit: worse in 1 of 2, no clear difference in 1
   esrch: better in 1 of 1
   kills_total: not enough data in 1 of 1
   kills_extra: not enough data in 1 of 1
   fg_fault_p99: not enough data in 1 of 1

nobody-holds, 64 MB, 1 thread (reclaim, natural)
                 base  cand.  candidate against base
 kill: 12 and 12 trials
  reclaim_50      100    200  2.00x (1.97 to 2.03)   worse
  reclaim_90      100    200  2.00x (1.97 to 2.03)   worse
  reclaim_99      100    200  2.00x (1.97 to 2.03)   worse
  exit            100    200  2.00x (1.97 to 2.03)   worse
 kill+mrelease: 12 and 12 trials
  reclaim_50     20.0   20.0  1.00x (1.00 to 1.00)
                              no clear difference [1]
"""


def run_compare(capsys: pytest.CaptureFixture[str], base: Path, candidate: Path, *words: str) -> str:
    assert main(["compare", str(base), str(candidate), *words]) == 0
    return capsys.readouterr().out


@pytest.fixture
def document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, Any]]:
    """The JSON of the runs ``base`` and ``candidate``; a number that is none would be an error."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    def read() -> dict[str, Any]:
        text = run_compare(capsys, tmp_path / "base", tmp_path / "candidate", "--json")
        assert text.isascii()
        found: dict[str, Any] = json.loads(text, parse_constant=refuse)
        return found

    return read


Read = Callable[[], dict[str, Any]]


def only(document: dict[str, Any], metric: str) -> dict[str, Any]:
    (device,) = document["devices"]
    (found,) = [one for one in device["comparisons"] if one["metric"] == metric]
    result: dict[str, Any] = found
    return result


def test_the_text_of_a_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("base"), [*trials_of(noisy_ms(100)), *raced(9, 12)], episodes_of([1]))
    write(Path("candidate"), [*trials_of(noisy_ms(200)), *raced(2, 12)], episodes_of([2]))
    text = run_compare(capsys, Path("base"), Path("candidate"), "--all")
    assert text.startswith(TEXT)
    assert "esrch          75 %   17 %  -58 (-78 to -18) pp    better" in text
    assert "kills_extra       1      2  +1                     not enough data" in text
    assert "[1] all values of both runs are equal" in text
    assert all(len(line) <= 72 for line in text.splitlines())


def test_only_what_changed_is_listed_and_the_rest_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "base", [*trials_of(noisy_ms(100)), *raced(9, 12)], episodes_of([1]))
    write(tmp_path / "candidate", [*trials_of(noisy_ms(200)), *raced(2, 12)], episodes_of([2]))
    text = run_compare(capsys, tmp_path / "base", tmp_path / "candidate")
    assert "  reclaim_90      100    200  2.00x (1.97 to 2.03)   worse\n" in text
    assert "esrch          75 %   17 %  -58 (-78 to -18) pp    better" in text
    assert "kills_total " not in text
    assert "7 more: 4 no clear difference, 3 not enough data (--all lists them)" in text


def test_the_page_answers_first_and_folds_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "base", [*trials_of(noisy_ms(100)), *raced(9, 12)], episodes_of([1, 1] * 6))
    write(tmp_path / "candidate", [*trials_of(noisy_ms(140)), *raced(9, 12)], episodes_of([1, 1] * 6))
    page = tmp_path / "pages" / "compare.html"
    run_compare(capsys, tmp_path / "base", tmp_path / "candidate", "--html", str(page))
    source = page.read_text()
    assert (
        f"<h1>On {PATCHED}, run candidate returns memory 1.40x slower in 1 of 2 situations; "
        "kills: no clear difference</h1>"
    ) in source
    changed, _, rest = source.partition("<details>")
    assert (changed.count("<td>reclaim_90</td>"), rest.count("<td>reclaim_90</td>")) == (1, 1)
    assert "kills_total" not in changed


def test_several_base_runs_differ_only_if_one_of_them_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two", "candidate"):
        folder = write(tmp_path / name, trials_of(noisy_ms(100)))
        renamed = (folder / "run.json").read_text().replace("synthetic-2026", f"{name}-2026")
        (folder / "run.json").write_text(renamed)
    words = [str(tmp_path / name) for name in ("one", "two", "candidate")]
    assert main(["compare", *words]) == 0
    assert "differs: blocks" not in capsys.readouterr().out


def test_json_holds_every_number(tmp_path: Path, document: Read) -> None:
    write(tmp_path / "base", trials_of([100.0] * 12), episodes_of([0, 1] * 6))
    write(tmp_path / "candidate", trials_of([50.0] * 12), episodes_of([3, 4] * 6))
    found = only(document(), "reclaim_90")
    assert found["verdict"] == Verdict.BETTER
    assert found["base"] == {
        "valid_trials": 12,
        "invalid_trials": 0,
        "values": 12,
        "typical": {"low": 1e8, "high": 1e8},
    }
    assert found["estimate"] == {"low": 0.5, "high": 0.5}
    assert found["interval"] == {"low": pytest.approx(0.5), "high": pytest.approx(0.5)}
    assert (found["unit"], found["compared_by"], found["arm"]) == ("ns", "ratio of medians", "kill")
    assert found["stratum"]["victim_kb"] == 65536
    kills = only(document(), "kills_extra")
    assert (kills["estimate"]["low"], kills["verdict"]) == (3.0, Verdict.WORSE)
    assert kills["situation"]["profile"] == "12-cached"


def test_verdicts_are_of_one_vocabulary(tmp_path: Path, document: Read) -> None:
    synthetic_run([PATCHED], blocks=7).write(tmp_path / "base")
    synthetic_run([PATCHED], blocks=12, seed=2).write(tmp_path / "candidate")
    (device,) = document()["devices"]
    assert len(device["comparisons"]) == 8 * (3 * 4 + 2)
    assert {one["verdict"] for one in device["comparisons"]} <= {*map(str, Verdict)}


@pytest.mark.parametrize(
    ("base_ms", "candidate_ms", "verdict", "estimate"),
    [
        ([None] * 12, [None] * 12, Verdict.NOT_ENOUGH_DATA, {"low": 0.03, "high": None}),
        ([100.0] * 12, [None] * 12, Verdict.WORSE, {"low": 30.0, "high": None}),
        ([None] * 12, [100.0] * 12, Verdict.BETTER, {"low": 0.0, "high": 1 / 30}),
        ([100.0], [100.0], Verdict.NOT_ENOUGH_DATA, {"low": 1.0, "high": 1.0}),
        ([0.0] * 7, [0.0] * 7, Verdict.NO_CLEAR_DIFFERENCE, {"low": 1.0, "high": 1.0}),
        ([100.0] * 7, [300.0] * 7, Verdict.WORSE, {"low": 3.0, "high": 3.0}),
    ],
    ids=["all censored", "candidate censored", "base censored", "one block", "zero", "constant"],
)
def test_poor_data_have_a_stated_result(
    tmp_path: Path,
    document: Read,
    base_ms: list[float | None],
    candidate_ms: list[float | None],
    verdict: Verdict,
    estimate: dict[str, float | None],
) -> None:
    write(tmp_path / "base", trials_of(base_ms))
    write(tmp_path / "candidate", trials_of(candidate_ms))
    found = only(document(), "reclaim_90")
    assert found["verdict"] == verdict
    if base_ms[0] is not None or candidate_ms[0] is not None:
        assert found["estimate"] == pytest.approx(estimate)
    if verdict == Verdict.NOT_ENOUGH_DATA:
        assert found["notes"]


def test_an_unmeasured_fault_is_left_out_and_said(tmp_path: Path, document: Read) -> None:
    write(tmp_path / "base", episodes=episodes_of([0] * 12))
    write(
        tmp_path / "candidate",
        episodes=[*episodes_of([0] * 7), *episodes_of([0] * 12, fg_fault_p99_ns=None)[7:]],
    )
    found = only(document(), "fg_fault_p99")
    assert (found["candidate"]["values"], found["verdict"]) == (7, Verdict.NO_CLEAR_DIFFERENCE)
    assert "candidate: 5 of 12 episodes have no fg_fault_p99" in found["notes"]


def test_an_episode_recorded_twice_counts_once(tmp_path: Path, document: Read) -> None:
    write(tmp_path / "base", episodes=[*episodes_of([9] * 6), *episodes_of([0] * 6)])
    write(tmp_path / "candidate", episodes=episodes_of([0] * 6))
    found = only(document(), "kills_extra")
    assert (found["base"]["values"], found["base"]["typical"]["low"]) == (6, 0)


def test_differences_of_environment_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "base", trials_of(noisy_ms(100)), episodes_of([0], settings={"swap_util_max": 100}))
    device = synthetic_device(PATCHED)
    facts = device.facts | {"psi": Fact(HOSTILE, "probe"), "clock_step_ns": Fact(999, "clock")}
    changed = msgspec.structs.replace(
        device, kernel_release="6.18.1", personality=None, page_size=16384, swap_total_kb=0, facts=facts
    )
    other = SyntheticRun(synthetic_info([PATCHED], blocks=20), [changed])
    other.trials = trials_of(noisy_ms(100), timeout_ns=10**10)
    other.episodes = episodes_of([0], settings={"swap_util_max": 50})
    other.write(tmp_path / "candidate")
    text = " ".join(run_compare(capsys, tmp_path / "base", tmp_path / "candidate").split())
    for line in (
        "differs: blocks: 12 -> 20",
        "differs: kernel: 6.12.90 -> 6.18.1",
        "differs: personality: reap-kill-v3 -> -",
        "differs: page size: 4096 B -> 16384 B",
        "differs: swap: 512 MB -> none",
        "differs: lmkd's swap_util_max: 100 -> 50",
        "differs: timeout: 3000 ms -> 10000 ms",
        "differs: psi: None -> <b>\\u202e?[31m?&\\xe4",
    ):
        assert line in text
    assert "clock_step_ns" not in text
    assert "agent" not in text


def test_what_only_one_run_has_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "base", [*trials_of(noisy_ms(100)), *trials_of([1.0], threads=16)])
    write(tmp_path / "candidate", [*trials_of(noisy_ms(100)), *trials_of([1.0], arm="reap-kill")])
    text = " ".join(run_compare(capsys, tmp_path / "base", tmp_path / "candidate").split())
    assert "only in the base: nobody-holds, 64 MB, 16 threads (reclaim, natural): kill" in text
    assert "only in the candidate: nobody-holds, 64 MB, 1 thread (reclaim, natural): reap-kill" in text


def test_strange_names_and_damaged_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("base", "candidate"):
        strange = {"device": HOSTILE, "scenario": HOSTILE, "arm": HOSTILE, "shape": HOSTILE}
        write(tmp_path / name, trials_of(noisy_ms(100), **strange), devices=[HOSTILE])
        with (tmp_path / name / "records" / "0.jsonl").open("ab") as stream:
            stream.write(b"{}\n")
    text = run_compare(capsys, tmp_path / "base", tmp_path / "candidate")
    assert text.isascii() and "\x1b" not in text
    assert all(len(line) <= 72 for line in text.splitlines())
    assert "  base: records/0.jsonl:14: left out (" in text
    assert "  candidate: records/0.jsonl:14: left out (" in text


def test_runs_with_nothing_in_common_have_a_stated_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "base", trials_of(noisy_ms(100)))
    write(tmp_path / "candidate", episodes=episodes_of([0]))
    assert main(["compare", str(tmp_path / "base"), str(tmp_path / "candidate")]) == 2
    assert "no stratum and no situation of the same arm in common" in capsys.readouterr().err


def devices(tmp_path: Path, base: list[str], candidate: list[str], *asked: str) -> list[DevicePair]:
    folders = [tmp_path / f"{side} {' '.join(base + candidate)}" for side in ("base", "candidate")]
    for folder, names in zip(folders, (base, candidate), strict=True):
        trials = [one for name in names for one in trials_of([1.0], device=name)]
        write(folder, trials, devices=names)
    return pair_devices(*(load([folder]) for folder in folders), asked)


def test_devices_are_paired_by_name_or_because_there_is_but_one(tmp_path: Path) -> None:
    assert devices(tmp_path, [PATCHED, STOCK], [STOCK, "c"]) == [DevicePair(STOCK, STOCK)]
    assert devices(tmp_path, [PATCHED], [STOCK]) == [DevicePair(PATCHED, STOCK)]
    with pytest.raises(
        UsageProblem, match="no device name in common: the base has a, b; the candidate has c"
    ):
        devices(tmp_path, ["a", "b"], ["c"])


def test_devices_can_be_paired_by_hand(tmp_path: Path) -> None:
    asked = devices(tmp_path, ["a", "b"], ["a", "c=d"], "b=c=d", "a=a", "a=a")
    assert asked == [DevicePair("b", "c=d"), DevicePair("a", "a")]
    with pytest.raises(UsageProblem, match="the base has a, b; the candidate has a, c=d"):
        devices(tmp_path, ["a", "b"], ["a", "c=d"], "a=d")


@pytest.mark.parametrize("command", ["compare", "gate"])
def test_help_tells_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("BASE", "CANDIDATE", "--pair-devices", "--confidence"))


times = st.lists(st.none() | st.floats(0, 2e9), min_size=1, max_size=15)


@given(times, times)
def test_no_times_make_the_ratio_stumble(candidate: list[float | None], base: list[float | None]) -> None:
    samples = [
        np.array([math.nan if one is None else one for one in values], dtype=np.float64)
        for values in (candidate, base)
    ]
    found = median_ratio(*samples, *(np.full(len(one), 3e9) for one in samples))
    assert found is not None and 0 <= found.value.low <= found.value.high
    assert (found.interval is not None) == enough_for_medians(len(candidate), len(base))
    if found.interval:
        assert found.interval.low <= found.value.low * (1 + 1e-9)
        assert found.interval.high >= found.value.high * (1 - 1e-9)


counts = st.lists(st.integers(0, 12), min_size=1, max_size=15)


@given(counts, counts)
def test_no_counts_make_the_means_stumble(candidate: list[int], base: list[int]) -> None:
    found = mean_difference(*(np.array(one, dtype=np.float64) for one in (candidate, base)))
    assert found is not None
    assert found.value.low == pytest.approx(np.mean(candidate) - np.mean(base))
    if found.interval:
        assert found.interval.low <= found.value.low + 1e-9
        assert found.interval.high >= found.value.high - 1e-9


def test_the_melded_interval_by_hand() -> None:
    """Seven against seven: ranks of weight 1/128 and 7/128 alone make a tail of 2.5 %."""
    values = np.arange(1, 8, dtype=np.float64)
    ones = np.full(7, 10.0)
    found = median_ratio(10 * values, ones, np.full(7, 1e9), np.full(7, 1e9))
    assert found is not None and found.interval is not None
    assert (found.value.low, found.interval.low) == (4, pytest.approx(1))
    assert found.interval.high == pytest.approx(7)


def test_how_many_values_an_interval_of_medians_takes() -> None:
    assert fewest_for_medians() == 7
    assert enough_for_medians(6, 7) and not enough_for_medians(6, 6) and not enough_for_medians(5, 99)
    assert fewest_for_medians(0.999) == 12


def test_newcombes_own_example() -> None:
    """56 of 70 against 48 of 80 (Newcombe 1998, table II, example a, method 10)."""
    found = share_difference((56, 70), (48, 80))
    assert found is not None and found.interval is not None
    assert found.interval.low == pytest.approx(0.0524, abs=5e-5)
    assert found.interval.high == pytest.approx(0.3339, abs=5e-5)


@pytest.mark.parametrize("confidence", [0.95, 0.999])
def test_at_wilsons_ends_the_score_test_is_as_sure_as_the_interval(confidence: float) -> None:
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    for end in wilson_ends(3, 10, confidence):
        assert abs(0.3 - end) == pytest.approx(z * math.sqrt(end * (1 - end) / 10))
    assert wilson_ends(0, 5, confidence)[0] == 0.0 and wilson_ends(5, 5, confidence)[1] == 1.0


def test_no_data_have_no_estimate() -> None:
    nothing, one = np.empty(0), np.ones(1)
    assert median_ratio(nothing, one, nothing, one) is None
    assert mean_difference(one, nothing) is None
    assert share_difference((0, 0), (1, 2)) is None
