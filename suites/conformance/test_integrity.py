"""Counts the damage that reaping a dying process does to others, and fails on what must never happen."""

from __future__ import annotations

import pytest

from pytest_lmkd import CaseRunner

SUITE = "integrity"

ONLY_KILL = 0x100
"""Not a flag of the call: makes the conformance program send SIGKILL without process_mrelease."""

ARMS = [
    pytest.param(ONLY_KILL, id="kill"),
    pytest.param(0, id="kill+mrelease"),
    pytest.param(1, id="reap-kill"),
]


def skip_without_the_flag(conformance: CaseRunner, flags: int) -> None:
    if flags == 1 and not conformance.has_flag:
        pytest.skip("this kernel lacks the flag")


def parse_counts(answer: str) -> dict[str, int]:
    return {key: int(value) for key, _, value in (word.partition("=") for word in answer.split())}


@pytest.mark.parametrize("flags", ARMS)
def test_owners_death_reaches_those_who_wait_for_a_robust_mutex(flags: int, conformance: CaseRunner) -> None:
    """A kill alone loses no wake-up. Reaping is known to lose some; their number is recorded."""
    skip_without_the_flag(conformance, flags)
    counts = parse_counts(conformance.run(SUITE, "robust-futex", flags).answer)
    assert counts["rounds"] > 0
    if flags == ONLY_KILL:
        assert counts["lost"] == 0


@pytest.mark.parametrize("flags", ARMS)
@pytest.mark.parametrize("sink", ["pipe", "file"])
def test_what_a_reaped_process_was_writing_holds_no_byte_it_never_wrote(
    sink: str, flags: int, conformance: CaseRunner
) -> None:
    skip_without_the_flag(conformance, flags)
    counts = parse_counts(conformance.run(SUITE, f"pattern-to-{sink}", flags).answer)
    assert counts["rounds"] > counts["empty"]
    assert counts["wrong"] == 0
