"""What each suite needs of a device, as the facts of the device tell; so ``doctor`` can say it beforehand."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_lmkd.arms import MEASURING_NEEDS
from pytest_lmkd.arms import missing
from pytest_lmkd.wire import Fact

SUITE_NEEDS = {
    "reclaim": MEASURING_NEEDS,
    "pressure": ("root", "memcg", "psi"),
    "conformance": ("mrelease_variant",),
    "apps": ("android",),
}
"""Suite to facts. Of ``conformance``, who is not root can try a part; ``pressure`` needs memory cgroups for
the apps, and PSI triggers for lmkd's policy.
"""


def why_not(suite: str, facts: Mapping[str, Fact], *, confined: bool) -> str:
    """Why the device cannot run the suite, in one sentence; empty when it can.

    ``confined``: pressure must stay in a cgroup, as the device has other things to do.
    """
    if suite == "pressure":
        return why_no_pressure(facts, confined=confined)
    return missing(SUITE_NEEDS[suite], facts)


def why_no_pressure(facts: Mapping[str, Fact], *, confined: bool) -> str:
    """As ``why_not``, of the suite ``pressure``."""
    reason = missing(SUITE_NEEDS["pressure"], facts)
    if reason or not confined or facts["memcg"].value == "v2":
        return reason
    return "memory cgroups are v1: apps cannot be frozen in them, nor pressure confined"
