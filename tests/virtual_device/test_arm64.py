"""The arm64 agent on arm64 kernels, with pages of 4 and of 16 KB: run for real, by emulation.

Opt-in, since each kernel takes minutes to build: `pytest-lmkd virtual build --abi arm64` (and `arm64-16k`),
then `pytest tests/virtual_device/test_arm64.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from booted import Device
from own_devices import PATIENCE_S
from own_devices import attached
from suite_run import assert_answers_as
from suite_run import run_suite

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import LmkdError
from lmkd_core.base.toolchain import static_program
from lmkd_virtual.image import find
from lmkd_virtual.qemu import check_installed

pytestmark = pytest.mark.virtual_device

PAGE_SIZES = {"arm64": 4096, "arm64-16k": 16384}


@pytest.fixture(params=PAGE_SIZES)
def abi(request: pytest.FixtureRequest, own_devices: None) -> str:
    """One that has been built here."""
    name: str = request.param
    require(name)
    return name


def require(name: str) -> None:
    try:
        check_installed(lmkd_virtual.architecture(name))
        find(print, architecture=lmkd_virtual.architecture(name))
    except LmkdError as error:
        pytest.skip(f"opt-in: {error}")


@pytest.fixture
def guest(own_devices: None) -> Iterator[Device]:
    """Of 4 KB pages, where programs of 32 bits run as well."""
    require("arm64")
    instance = lmkd_virtual.up(
        "stock", name="arm", progress=print, deadline=Deadline(PATIENCE_S), bound=True, abi="arm64"
    )
    try:
        with attached(instance) as transport:
            yield Device(instance, transport)
    finally:
        lmkd_virtual.down("arm")


@pytest.mark.parametrize("personality", ["stock", "reap-kill-v3"])
def test_the_kernel_answers_as_on_x86_64(abi: str, personality: str, checkout: Path, tmp_path: Path) -> None:
    records = run_suite(checkout, tmp_path / "results", f"virtual:{personality}@{abi}", "suites/conformance")
    assert_answers_as(personality, records)


def test_every_scenario_can_be_measured(abi: str, checkout: Path, tmp_path: Path) -> None:
    device, *others = run_suite(
        checkout, tmp_path / "results", f"virtual:reap-kill-v3@{abi}", "suites/reclaim", "--lmkd-blocks", "1"
    )
    assert (device["abi"], device["page_size"]) == ("arm64-v8a", PAGE_SIZES[abi])
    trials = [record for record in others if record["type"] == "trial"]
    assert [trial["invalid_reason"] for trial in trials if not trial["valid"]] == []
    skipped = [record["name"] for record in others if record["type"] == "skip"]
    assert skipped == []
    assert all(trial["charged_at_kill_kb"] >= trial["returns_kb"] for trial in trials)


def test_the_agent_of_32_bits_runs(guest: Device) -> None:
    agent = static_program("lmkd-agent", "armeabi-v7a", print)
    guest.transport.push(agent, "/data/local/tmp/agent32", 0o755, Deadline(PATIENCE_S))
    facts = json.loads(guest.output("/data/local/tmp/agent32 probe").splitlines()[-1])["facts"]
    assert facts["mrelease_variant"]["value"] == "stock"
    impossible = {
        name: fact["reason"]
        for name, fact in facts.items()
        if name.startswith("stall:") and not fact["value"]
    }
    assert impossible == {}
