"""Tests ``pytest-lmkd doctor``: facts with sources, suites that can run, and reasons why others cannot."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.virtual_device, pytest.mark.usefixtures("own_virtual_devices")]


def doctor(*words: str) -> str:
    command = [sys.executable, "-m", "pytest_lmkd.cli", "doctor", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("spec", ["virtual:stock", "local"])
def test_every_fact_has_a_source_and_every_missing_value_a_reason(spec: str) -> None:
    record = json.loads(doctor(spec, "--json"))
    assert record["type"] == "device"
    assert len(record["facts"]) > 50
    for name, fact in record["facts"].items():
        assert fact["source"], name
        assert fact["value"] is not None or fact["reason"], name


def test_the_virtual_device_can_run_every_suite_that_needs_no_android() -> None:
    lines = doctor("virtual:reap-kill-v3").splitlines()
    suites = [line.split(maxsplit=2)[1:] for line in lines if line.startswith("  suite ")]
    assert suites == [
        *(["reclaim", "can run"], ["pressure", "can run"], ["conformance", "can run"]),
        ["apps", "android is missing: this is not Android"],
        ["apps/test_app_kills", "android is missing: this is not Android"],
    ]
    tiers = [line.split(maxsplit=2)[1:] for line in lines if line.startswith("  tier ")]
    assert tiers == [
        ["root", "can be used"],
        ["run-as", "android is missing: this is not Android"],
        ["shell", "can be used"],
    ]
    assert any(line.split()[:2] == ["reap_kill", "True"] for line in lines)


def test_an_arm_that_cannot_run_is_reported_with_the_reason() -> None:
    (line,) = (line for line in doctor("virtual:stock").splitlines() if line.startswith("  arm reap-kill  "))
    assert "EINVAL" in line
