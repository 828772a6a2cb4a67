"""Checks the error codes of process_mrelease(2), case by case, against those of the kernel's variant."""

from __future__ import annotations

import pytest

from pytest_lmkd import CaseRunner

from .answers import ANSWERS
from .answers import NEEDS_ROOT
from .answers import RACES
from .answers import RISKY
from .answers import expected_answer

SUITE = "conformance"


@pytest.mark.parametrize(
    ("case", "flags"), [pytest.param(case, flags, id=f"{case}-{flags:#x}") for case, flags in ANSWERS]
)
def test_answer(case: str, flags: int, conformance: CaseRunner) -> None:
    if case in RISKY and not conformance.is_disposable:
        pytest.skip(f"only for the virtual device: {RISKY[case]}")
    if case in NEEDS_ROOT and not conformance.is_root:
        pytest.skip(f"root is missing: {NEEDS_ROOT[case]}")
    expected = expected_answer(case, flags, conformance.variant, is_root=conformance.is_root)
    if expected is None:
        pytest.skip(f"this case panics a kernel of the variant {conformance.variant}")
    assert conformance.run(SUITE, case, flags, expected).answer == expected


@pytest.mark.parametrize("flags", [0, 1])
def test_race_with_the_targets_exit(flags: int, conformance: CaseRunner) -> None:
    variant = conformance.variant
    allowed = [answers for (key, variants), answers in RACES.items() if key == flags and variant in variants]
    if not allowed:
        pytest.skip(f"a kernel of the variant {variant} lacks the flag")
    assert conformance.run(SUITE, "race", flags).answer in allowed[0]
