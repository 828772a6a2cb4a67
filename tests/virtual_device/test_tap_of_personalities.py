"""``lmkd-conformance --tap`` on each personality: it knows the kernel, and judges it, without a host."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from booted import Device
from ktap import read_ktap

import lmkd_virtual
from pytest_lmkd.conformance.program import PROGRAM
from pytest_lmkd.conformance.variant import known_variant
from pytest_lmkd.transport.program import install_program

pytestmark = pytest.mark.virtual_device

FOLDER = "/data/local/tmp/lmkd"


@pytest.mark.parametrize("personality", lmkd_virtual.PERSONALITIES)
def test_every_case_asked_of_the_variant_passes(personality: str, boot: Callable[[str], Device]) -> None:
    device = boot(personality)
    pattern = device.output("cat /proc/sys/kernel/core_pattern")
    program = install_program(device.transport, FOLDER, PROGRAM, print).path
    output = device.output(f"{program} --tap --risky")
    assert f"of the variant {personality}, and judged as {personality}\n" in output
    results = read_ktap(output)
    assert all(result.is_ok for result in results.values()), output
    not_asked = {
        f"{case}-{flags:#x}"
        for (case, flags), answers in known_variant(personality).answers.items()
        if not answers
    }
    assert {name: result.skipped for name, result in results.items() if result.skipped} == dict.fromkeys(
        not_asked, f"not asked of a kernel of the variant {personality}"
    )
    assert device.output("cat /proc/sys/kernel/core_pattern") == pattern
