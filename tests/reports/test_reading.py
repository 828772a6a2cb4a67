"""Reading a results directory: what is damaged is named by file and line, the rest is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_info
from synthetic import synthetic_run
from synthetic import synthetic_trial

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.lines import encode_line
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_summary
from lmkd_reports import write_report


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return synthetic_run([PATCHED], blocks=6).write(tmp_path / "run")


def records_of(folder: Path) -> Path:
    return folder / "records" / "0.jsonl"


def problems_of(folder: Path) -> list[str]:
    return [str(problem) for problem in load_run(folder).problems]


def problems_are_told(folder: Path) -> bool:
    """Whether the run can still be analysed, and its summary names each problem."""
    analysis = analyse(load_run(folder))
    told = " ".join(render_summary(analysis).split())
    return all(f"{problem.file}:" in told for problem in analysis.problems)


def test_an_undamaged_run_has_no_problems(folder: Path) -> None:
    run = load_run(folder)
    assert run.problems == ()
    assert len(run.trials) == len(run.planned) == 8 * 3 * 6


def test_a_corrupt_line_is_named_and_the_rest_used(folder: Path) -> None:
    lines = records_of(folder).read_bytes().split(b"\n")
    lines[4] = b'{"type": "trial", "dev\xff'
    records_of(folder).write_bytes(b"\n".join(lines))
    (problem,) = problems_of(folder)
    assert problem.startswith("records/0.jsonl:5: left out (")
    assert len(load_run(folder).trials) == 8 * 3 * 6 - 1


def test_a_truncated_last_line_is_named(folder: Path) -> None:
    records_of(folder).write_bytes(records_of(folder).read_bytes()[:-40])
    (problem,) = problems_of(folder)
    assert problem.startswith(f"records/0.jsonl:{1 + 8 * 3 * 6}: left out (")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[]", "Expected `object`"),
        (b'{"type": "nonsense"}', "nonsense"),
        (b'{"type": "trial"}', "missing required field"),
        (encode_line(synthetic_trial(schema=2)), "written with schema 2; this version reads 1"),
        (encode_line(synthetic_trial(reclaim_90_ns=-5)), "reclaim_90_ns is -5"),
        (encode_line(synthetic_trial(exit_ns=2**60)), f"exit_ns is {2**60}"),
        (b'{"type": "skip", "device": "\\ud800", "what": "arm", "name": "x", "reason": ""}', "left out"),
    ],
)
def test_lines_that_are_no_records(folder: Path, line: bytes, said: str) -> None:
    with records_of(folder).open("ab") as stream:
        stream.write(line.rstrip(b"\n") + b"\n")
    (problem,) = problems_of(folder)
    assert said in problem
    assert problems_are_told(folder)


def test_a_corrupt_plan_line_is_named(folder: Path) -> None:
    with (folder / "plan.jsonl").open("ab") as stream:
        stream.write(b"{\n")
    (problem,) = problems_of(folder)
    assert problem.startswith(f"plan.jsonl:{1 + 8 * 3 * 6}: left out (")


def test_a_trial_recorded_twice_counts_once_and_last(tmp_path: Path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]))
    run.trials = [synthetic_trial(reclaim_90_ns=1), synthetic_trial(reclaim_90_ns=2)]
    loaded = load_run(run.write(tmp_path))
    assert list(loaded.trials["reclaim_90_ns"]) == [2.0]
    assert str(loaded.problems[0]) == f"records of {PATCHED}: 1 trials recorded twice: the last counts"


@pytest.mark.parametrize("damage", [b"{", b"\xff", b'{"type": "run"}'])
def test_a_lost_run_json_is_made_up_for_by_the_records(folder: Path, damage: bytes) -> None:
    (folder / "run.json").write_bytes(damage)
    run = load_run(folder)
    assert run.info.arms == ("kill+mrelease", "reap-kill", "kill")  # the likely baseline first
    assert str(run.problems[0]).startswith("run.json: not usable (")
    assert problems_are_told(folder)


def test_missing_plan_and_records_are_said(folder: Path) -> None:
    (folder / "plan.jsonl").unlink()
    records_of(folder).unlink()
    assert problems_of(folder) == ["plan.jsonl: not readable (No such file or directory)"]
    assert problems_are_told(folder)


def test_a_folder_without_a_run_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="holds no run"):
        load_run(tmp_path)
    with pytest.raises(UsageProblem, match="holds no run"):
        load_run(tmp_path / "absent")


def test_a_report_that_cannot_be_written_is_said(folder: Path) -> None:
    (folder / "in the way").write_text("")
    with pytest.raises(UsageProblem, match="cannot be written"):
        write_report(folder, folder / "in the way" / "report.html")
