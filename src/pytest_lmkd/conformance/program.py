"""Runs lmkd-conformance, which brings processes into a state and calls process_mrelease(2) on them."""

from __future__ import annotations

import re

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import DeviceUnusable
from pytest_lmkd.transport.program import DeviceProgram

PROGRAM = "lmkd-conformance"

CASE_S = 120.0
"""Time limit of a case that hangs; no case measures time."""

ANSWER_LINE = re.compile(r"[A-Za-z_]+=[ -~]{1,80}")


class Conformance(DeviceProgram):
    """The program on one device."""

    program = PROGRAM

    def run(self, case: str, flags: int) -> str:
        """The answer of the case, for example ``ret=0 target=SIGKILL freed=yes``.

        Raises:
            DeviceUnusable: the case could not be produced.
            AgentBug: the answer does not match the protocol.
        """
        done = self._transport.shell(f"{self._path} {case} {flags:#x}", Deadline(CASE_S))
        if done.exit_code != 0:
            raise DeviceUnusable(
                f"{self._transport.serial}: the case {case} could not run "
                f"(exit status {done.exit_code}: {done.error_text})"
            )
        return parse_answer(case, done.stdout)


def parse_answer(case: str, output: bytes) -> str:
    """The program's ``key=value`` lines as one line. Raises: AgentBug."""
    lines = output.decode("ascii", errors="replace").splitlines()
    if not lines or not all(map(ANSWER_LINE.fullmatch, lines)):
        raise AgentBug(f"the case {case} answered {output[:200]!r}, which does not match its protocol")
    return " ".join(lines)
