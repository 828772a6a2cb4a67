"""The fate of processes that share memory without being threads, when the kernel's OOM killer kills one.

The flag's review left this question open. ``pytest_lmkd.conformance.answers`` has the answers of
process_mrelease(2).
"""

from __future__ import annotations

import pytest

from pytest_lmkd import CaseRunner

SUITE = "shared-mm"


def test_the_kernels_oom_killer_kills_both_and_frees_all(conformance: CaseRunner) -> None:
    if not conformance.is_disposable:
        pytest.skip("only for the virtual device: it takes all memory until the kernel's OOM killer runs")
    expected = "target=SIGKILL sharer=SIGKILL freed=yes"
    assert conformance.run(SUITE, "global-oom", 0, expected).answer == expected
