"""Follows docs/own-suites.md as a reader does, with its files in an empty folder and only the wheel."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from commands import run

pytestmark = [pytest.mark.packages, pytest.mark.host_kernel]

COMMAND = ["--lmkd-device", "local", "--lmkd-arms", "kill,kill+mrelease", "--lmkd-blocks", "2"]


@pytest.fixture
def folder(checkout: Path, tmp_path: Path) -> Path:
    """A folder with the files of the page; the parts of a file are joined in their order."""
    text = (checkout / "docs" / "own-suites.md").read_text()
    parts: dict[str, list[str]] = {}
    for prose, code in re.findall(r"(?s)(.*?)```python\n(.*?)```", text):
        name = re.findall(r"`((?:conftest|test_\w+)\.py)`", prose)[-1]
        parts.setdefault(name, []).append(code)
    assert set(parts) == {"conftest.py", "test_launcher.py", "test_exit.py"}
    for name, codes in parts.items():
        (tmp_path / name).write_text("\n\n".join(codes))
    return tmp_path


def test_the_page_shows_the_command_that_is_tested(checkout: Path) -> None:
    assert " ".join(["pytest .", *COMMAND]) in (checkout / "docs" / "own-suites.md").read_text()


def test_the_suites_of_the_page_run_and_are_reported(installed: Path, folder: Path) -> None:
    output = run(installed / "pytest", ".", *COMMAND, "--lmkd-results", "results", cwd=folder)
    assert "3 passed" in output
    lines = (folder / "results" / "records" / "local.jsonl").read_text().splitlines()
    trials = [record for record in map(json.loads, lines) if record["type"] == "trial"]
    assert {trial["suite"] for trial in trials} == {"launcher", "exit"}
    assert sum(not trial["warmup"] for trial in trials) == 3 * 2 * 2  # strata, blocks, arms
    assert all(trial["valid"] for trial in trials)
    page = (folder / "results" / "report.html").read_text()
    assert "launcher" in page
    assert "exit" in page


def test_the_scenario_of_the_page_is_known_and_excludes_its_arm(installed: Path, folder: Path) -> None:
    (folder / "test_launcher.py").write_text(
        "from pytest_lmkd import SCENARIOS\n"
        "def test_back(measure):\n"
        "    stratum = SCENARIOS['two-threads'].stratum('launcher', victim_mb=4, threads=2)\n"
        "    assert measure(stratum).complete_blocks == 1\n"
    )
    arms = "kill,reap-kill-emulated"
    words = ["test_launcher.py", "--lmkd-device", "local", "--lmkd-arms", arms, "--lmkd-blocks", "1"]
    run(installed / "pytest", *words, "--lmkd-results", "results", cwd=folder)
    records = (folder / "results" / "records" / "local.jsonl").read_text()
    assert "not of interest here" in records
