"""Who is not root, on a user build's shell: the same error codes, and only what is freed stays unknown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from booted import Device

import lmkd_virtual
from pytest_lmkd.conformance.answers import ANSWERS
from pytest_lmkd.conformance.answers import NEEDS_ROOT
from pytest_lmkd.conformance.answers import allowed_answers
from pytest_lmkd.conformance.answers import without_memory
from pytest_lmkd.conformance.program import PROGRAM
from pytest_lmkd.conformance.program import parse_answer
from pytest_lmkd.devices.agent import PROGRAM as AGENT
from pytest_lmkd.devices.messages import AgentProbe
from pytest_lmkd.devices.messages import decode_agent_line
from pytest_lmkd.transport.program import install_program

pytestmark = pytest.mark.virtual_device

FOLDER = "/data/local/tmp/lmkd"
AS_SHELL = "start-stop-daemon -S -c 2000:2000 -x"
"""2000 is AID_SHELL, the user of adb's shell (AOSP android_filesystem_config.h)."""


@pytest.mark.parametrize("personality", lmkd_virtual.PERSONALITIES)
def test_a_user_gets_the_answers_of_the_variant(personality: str, boot: Callable[[str], Device]) -> None:
    device = boot(personality)
    device.output("mkdir -p /etc && echo shell:x:2000:2000::/:/bin/sh > /etc/passwd")
    agent = install_program(device.transport, FOLDER, AGENT, print).path
    probed = decode_agent_line(device.output(f"{AS_SHELL} {agent} -- probe"))
    assert isinstance(probed, AgentProbe)
    assert probed.facts["root"].value is False
    assert probed.facts["mrelease_variant"].value == personality
    path = install_program(device.transport, FOLDER, PROGRAM, print).path
    for case, flags in ANSWERS:
        if case in NEEDS_ROOT:
            continue
        done = device.run(f"{AS_SHELL} {path} -- {case} {flags:#x}")
        assert (done.exit_code, done.stderr) == (0, b""), (case, flags, done)
        (expected,) = allowed_answers(case, flags, personality)
        assert parse_answer(case, done.stdout) == without_memory(expected), (case, flags)
