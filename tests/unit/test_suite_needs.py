"""The support of each suite and each privilege level, from the device's facts."""

from __future__ import annotations

import pytest

from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.suite_needs import TIERS
from pytest_lmkd.devices.suite_needs import reason_no_tier
from pytest_lmkd.devices.suite_needs import reason_unsupported

KILLS = "apps/test_app_kills"
NO_ROOT = "root is missing: this is uid 2000"
NO_APP = "run_as is missing: no workload app is installed"


def facts(*, root: bool = False, android: bool = True, run_as: bool = False) -> dict[str, Fact]:
    return {
        "root": Fact(root, "getuid()", "" if root else "this is uid 2000"),
        "android": Fact("15" if android else None, "getprop", "" if android else "this is not Android"),
        "run_as": Fact(run_as or None, "run-as", "" if run_as else "no workload app is installed"),
    }


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"root": True}, ""),
        ({"run_as": True}, ""),
        ({}, f"{NO_ROOT}; {NO_APP}"),
        ({"root": True, "android": False}, "android is missing: this is not Android"),
    ],
)
def test_killing_apps_takes_android_and_root_or_run_as(given: dict[str, bool], reason: str) -> None:
    assert reason_unsupported(KILLS, facts(**given), confined=False) == reason


def test_a_missing_tier_has_a_reason() -> None:
    assert {tier: reason_no_tier(tier, facts()) for tier in TIERS} == {
        "root": NO_ROOT,
        "run-as": NO_APP,
        "shell": "",
    }
