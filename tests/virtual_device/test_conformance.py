"""The kernel patch: each personality is found out for what it is, and gives every answer that it must."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import lmkd_virtual


@pytest.mark.parametrize("personality", lmkd_virtual.PERSONALITIES)
def test_the_personality_answers_as_its_variant_must(
    personality: str, image: lmkd_virtual.Image, checkout: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    command = [sys.executable, "-m", "pytest", "suites/conformance", "-q", "-p", "no:cacheprovider"]
    command += ["--lmkd-device", f"virtual:{personality}", "--lmkd-results", str(results)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (results / "records" / f"virtual-{personality}.jsonl").read_text().splitlines()
    device, *others = map(json.loads, lines)
    cases = [record for record in others if record["type"] == "case"]
    assert device["facts"]["mrelease_variant"]["value"] == personality
    assert len(cases) > 40
    assert all(case["passed"] and case["variant"] == personality for case in cases)
