"""What reaping a dying process breaks for others: counted, and held to what must never happen."""

from __future__ import annotations

import pytest

from pytest_lmkd import CaseRunner

SUITE = "integrity"

ONLY_KILL = 0x100
"""Not a flag of the call, but for the conformance program: SIGKILL, and no process_mrelease."""

WAYS = [
    pytest.param(ONLY_KILL, id="kill"),
    pytest.param(0, id="kill+mrelease"),
    pytest.param(1, id="reap-kill"),
]


def skip_without_the_flag(conformance: CaseRunner, flags: int) -> None:
    if flags == 1 and not conformance.variant.startswith("reap-kill"):
        pytest.skip(f"a kernel of the variant {conformance.variant} does not know the flag")


def counts(answer: str) -> dict[str, int]:
    return {key: int(value) for key, _, value in (word.partition("=") for word in answer.split())}


@pytest.mark.parametrize("flags", WAYS)
def test_owners_death_reaches_those_who_wait_for_a_robust_mutex(flags: int, conformance: CaseRunner) -> None:
    """A kill alone loses none; how many reaping loses is recorded, for it is known to lose some."""
    skip_without_the_flag(conformance, flags)
    seen = counts(conformance.run(SUITE, "robust-futex", flags).answer)
    assert seen["rounds"] > 0
    if flags == ONLY_KILL:
        assert seen["lost"] == 0


@pytest.mark.parametrize("flags", WAYS)
@pytest.mark.parametrize("sink", ["pipe", "file"])
def test_what_a_reaped_process_was_writing_holds_no_byte_it_never_wrote(
    sink: str, flags: int, conformance: CaseRunner
) -> None:
    skip_without_the_flag(conformance, flags)
    seen = counts(conformance.run(SUITE, f"pattern-to-{sink}", flags).answer)
    assert seen["rounds"] > seen["empty"]
    assert seen["wrong"] == 0
