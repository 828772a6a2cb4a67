"""Checks the error codes of process_mrelease(2), case by case, against those of the kernel's variant."""

from __future__ import annotations

from typing import NoReturn

import pytest

from pytest_lmkd import CaseRunner
from pytest_lmkd.conformance.answers import ANSWERS
from pytest_lmkd.conformance.answers import NEEDS_ROOT
from pytest_lmkd.conformance.answers import RISKY

SUITE = "conformance"


@pytest.mark.parametrize(
    ("case", "flags"), [pytest.param(case, flags, id=f"{case}-{flags:#x}") for case, flags in ANSWERS]
)
def test_answer(case: str, flags: int, conformance: CaseRunner) -> None:
    if case in RISKY and not conformance.is_disposable:
        pytest.skip(f"only for the virtual device: {RISKY[case]}")
    if case in NEEDS_ROOT and not conformance.is_root:
        pytest.skip(f"root is missing: {NEEDS_ROOT[case]}")
    (expected,) = conformance.allowed(case, flags) or skip_not_asked(conformance)
    assert conformance.run(SUITE, case, flags, expected).answer == expected


@pytest.mark.parametrize("flags", [0, 1])
def test_race_with_the_targets_exit(flags: int, conformance: CaseRunner) -> None:
    allowed = conformance.allowed("race", flags) or skip_not_asked(conformance)
    assert conformance.run(SUITE, "race", flags).answer in allowed


def skip_not_asked(conformance: CaseRunner) -> NoReturn:
    pytest.skip(f"not asked of a kernel of the variant {conformance.variant}")
