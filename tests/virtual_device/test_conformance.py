"""The kernel patch: each personality is found out for what it is, and gives every answer that it must."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite_run import assert_answers_as
from suite_run import run_suite

import lmkd_virtual

pytestmark = pytest.mark.virtual_device


@pytest.mark.parametrize("personality", lmkd_virtual.PERSONALITIES)
def test_the_personality_answers_as_its_variant_must(
    personality: str, image: lmkd_virtual.Image, checkout: Path, tmp_path: Path
) -> None:
    records = run_suite(checkout, tmp_path / "results", f"virtual:{personality}", "suites/conformance")
    assert_answers_as(personality, records)
