"""The conformance program: brings processes into a state and tells what process_mrelease(2) makes of them."""

from __future__ import annotations

import re

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.program import install_program

PROGRAM = "lmkd-conformance"

CASE_S = 120.0
"""No case is about time; one that hangs is ended by this."""

ANSWER_LINE = re.compile(r"[A-Za-z_]+=[ -~]{1,80}")


class Conformance:
    """The program, lying on the device."""

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path

    @classmethod
    def load(cls, transport: Transport, folder: str, progress: Progress) -> Conformance:
        return cls(transport, install_program(transport, folder, PROGRAM, progress).path)

    def run(self, case: str, flags: int) -> str:
        """What the case gave, for example ``ret=0 target=SIGKILL freed=yes``.

        Raises:
            DeviceUnusable: the case could not be brought about.
            AgentBug: the answer is not of the program's language.
        """
        done = self._transport.shell(f"{self._path} {case} {flags:#x}", Deadline(CASE_S))
        if done.exit_code != 0:
            said = (done.stderr + done.stdout).decode(errors="replace").strip()
            raise DeviceUnusable(
                f"{self._transport.serial}: the case {case} could not be tried "
                f"(exit status {done.exit_code}: {said[:200]})"
            )
        return parse_answer(case, done.stdout)


def parse_answer(case: str, output: bytes) -> str:
    """The program's ``key=value`` lines as one line. Raises: AgentBug."""
    lines = output.decode("ascii", errors="replace").splitlines()
    if not lines or not all(map(ANSWER_LINE.fullmatch, lines)):
        raise AgentBug(f"the case {case} answered {output[:200]!r}, which is not of its language")
    return " ".join(lines)
