"""What each suite needs of a device, as the facts of the device tell; so ``doctor`` can say it beforehand."""

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
"""Who we can be on a device, and the facts that it takes: root does all; ``run-as`` kills a debuggable app of
ours in the app's own uid; the shell kills its own children only, sees their memory come back by the device's
free memory, and reads the logs.
"""


def reason_unsupported(suite: str, facts: Mapping[str, Fact], *, confined: bool) -> str:
    """Why the device cannot run the suite, in one sentence; empty when it can.

    ``confined``: pressure must stay in a cgroup, as the device has other things to do.
    """
    if suite == "pressure":
        return reason_no_pressure(facts, confined=confined)
    if suite == "apps/test_app_kills":
        return why_no_app_kills(facts)
    if suite == "reclaim":
        return reason_no_meter(facts)
    return missing(SUITE_NEEDS[suite], facts)


def how(suite: str, facts: Mapping[str, Fact], *, confined: bool) -> str:
    """What ``doctor`` says of the suite: that it can run, what is lost without root, or why not."""
    reason = reason_unsupported(suite, facts, confined=confined)
    if reason:
        return reason
    if suite == "reclaim" and meter_of(facts) == "system":
        return f"can run, {LOST_WITHOUT_ROOT}"
    if suite == "conformance" and missing(("root",), facts):
        return "can run, without the cases that need root"
    return "can run"


def reason_no_pressure(facts: Mapping[str, Fact], *, confined: bool) -> str:
    """As ``reason_unsupported``, of the suite ``pressure``."""
    reason = missing(SUITE_NEEDS["pressure"], facts)
    if reason or not confined or facts["memcg"].value == "v2":
        return reason
    return "memory cgroups are v1: apps cannot be frozen in them, nor pressure confined"


def why_no_app_kills(facts: Mapping[str, Fact]) -> str:
    """As ``reason_unsupported``, of killing apps by our arms."""
    reasons = [reason_no_tier(tier, facts) for tier in ("root", "run-as")]
    return missing(SUITE_NEEDS["apps"], facts) or ("; ".join(reasons) if all(reasons) else "")


def reason_no_tier(tier: str, facts: Mapping[str, Fact]) -> str:
    """Why nothing runs on the device as that of ``TIERS``; empty when it does."""
    return missing(TIERS[tier], facts)
