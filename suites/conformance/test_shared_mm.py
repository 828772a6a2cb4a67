"""Processes that share memory and are no threads: who dies, who may not be signalled, what is freed.

The question that the flag's review left open. The answers to the calls are part of the table in answers.py;
here the kernel's own OOM killer is asked the same.
"""

from __future__ import annotations

import pytest

from pytest_lmkd import CaseRunner

SUITE = "shared-mm"


def test_the_kernels_oom_killer_kills_both_and_frees_all(conformance: CaseRunner) -> None:
    if not conformance.is_disposable:
        pytest.skip("only for the virtual device: it takes all memory until the kernel's OOM killer comes")
    expected = "target=SIGKILL sharer=SIGKILL freed=yes"
    assert conformance.run(SUITE, "global-oom", 0, expected).answer == expected
