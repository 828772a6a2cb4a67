"""Runs a suite on a virtual device as its users do, and reads what was recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_suite(checkout: Path, results: Path, spec: str, suite: str, *options: str) -> list[dict[str, Any]]:
    """The records of a run that must pass, the device's first."""
    command = [sys.executable, "-m", "pytest", suite, "-q", "-p", "no:cacheprovider", *options]
    command += ["--lmkd-device", spec, "--lmkd-results", str(results)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (records,) = (results / "records").iterdir()
    return [json.loads(line) for line in records.read_text().splitlines()]


def assert_answers_as(personality: str, records: list[dict[str, Any]]) -> None:
    """Every case was tried, and answered as the personality's variant must."""
    device, *others = records
    cases = [record for record in others if record["type"] == "case"]
    assert device["facts"]["mrelease_variant"]["value"] == personality
    assert len(cases) > 40
    assert all(case["passed"] and case["variant"] == personality for case in cases)
