"""Derives from a device's facts which suites it can run, for ``doctor`` and before each test."""

from __future__ import annotations

from collections.abc import Mapping

from lmkd_core.records.arms import missing
from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.meters import LOST_WITHOUT_ROOT
from pytest_lmkd.devices.meters import meter_of
from pytest_lmkd.devices.meters import reason_no_meter

SUITE_NEEDS = {
    "reclaim": (),
    "pressure": ("root", "memcg", "psi"),
    "conformance": ("mrelease_variant",),
    "apps": ("android",),
    "apps/test_app_kills": ("android",),
}
"""Facts that each suite needs. ``reclaim`` needs one of the meters (``pytest_lmkd.devices.meters``). Without
root, part of ``conformance`` can run. ``pressure`` needs memory cgroups for the apps, and PSI triggers for
lmkd's policy. Killing apps also needs root or ``run-as``.
"""

TIERS = {
    "root": ("root",),
    "run-as": ("android", "run_as"),
    "shell": (),
}
"""Privilege levels, and the facts that each requires. Root can do everything. ``run-as`` kills a debuggable
app of ours in the app's own uid. The shell kills only its own children, measures their memory by the device's
free memory, and reads the logs.
"""


def reason_unsupported(suite: str, facts: Mapping[str, Fact], *, confined: bool) -> str:
    """The reason why the device cannot run the suite, in one sentence; empty if it can.

    ``confined``: pressure must stay in a cgroup, because the device is not ours alone.
    """
    if suite == "pressure":
        return reason_no_pressure(facts, confined=confined)
    if suite == "apps/test_app_kills":
        return _reason_no_app_kills(facts)
    if suite == "reclaim":
        return reason_no_meter(facts)
    return missing(SUITE_NEEDS[suite], facts)


def describe_support(suite: str, facts: Mapping[str, Fact], *, confined: bool) -> str:
    """``doctor``'s text for the suite: can run, can run with limits, or the reason why it cannot."""
    reason = reason_unsupported(suite, facts, confined=confined)
    if reason:
        return reason
    if suite == "reclaim" and meter_of(facts) == "system":
        return f"can run, {LOST_WITHOUT_ROOT}"
    if suite == "conformance" and missing(("root",), facts):
        return "can run, without the cases that need root"
    return "can run"


def reason_no_pressure(facts: Mapping[str, Fact], *, confined: bool) -> str:
    """The reason why the device cannot run ``pressure``, or ``confined`` pressure; empty if it can."""
    reason = missing(SUITE_NEEDS["pressure"], facts)
    if reason or not confined or facts["memcg"].value == "v2":
        return reason
    return "memory cgroups are v1: they can neither freeze apps nor confine pressure"


def _reason_no_app_kills(facts: Mapping[str, Fact]) -> str:
    reasons = [reason_no_tier(tier, facts) for tier in ("root", "run-as")]
    return missing(SUITE_NEEDS["apps"], facts) or ("; ".join(reasons) if all(reasons) else "")


def reason_no_tier(tier: str, facts: Mapping[str, Fact]) -> str:
    """The reason why we lack the privilege ``tier`` of ``TIERS`` on the device; empty if we have it."""
    return missing(TIERS[tier], facts)
