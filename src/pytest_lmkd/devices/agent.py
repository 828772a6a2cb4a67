"""Installs the agent on a device, sends it plans and decodes its answers.

Trials run entirely on the device; the host only reads the answers. The agent also keeps a copy of them, which
survives a broken link.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from collections.abc import Mapping

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from lmkd_core.records.schema import Fact
from lmkd_core.records.trial import Meter
from lmkd_core.records.trial import PlannedTrial
from pytest_lmkd.devices.agent_plan import plan_line
from pytest_lmkd.devices.agent_plan import time_needed_s
from pytest_lmkd.devices.messages import PROTOCOL
from pytest_lmkd.devices.messages import AgentError
from pytest_lmkd.devices.messages import AgentHello
from pytest_lmkd.devices.messages import AgentMessage
from pytest_lmkd.devices.messages import AgentProbe
from pytest_lmkd.devices.messages import AgentTrial
from pytest_lmkd.devices.messages import AgentTrialFailed
from pytest_lmkd.devices.messages import decode_agent_line
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.program import SETUP_S
from pytest_lmkd.transport.program import install_program
from pytest_lmkd.transport.program import run_failure
from pytest_lmkd.transport.protocol import error_text

PROGRAM = "lmkd-agent"

TrialAnswer = AgentTrial | AgentTrialFailed


class Agent:
    """An agent that is installed on the device and has passed the handshake."""

    def __init__(self, transport: Transport, folder: str, path: str, abi: str, sha256: str) -> None:
        self._transport = transport
        self._parent_folder = folder
        self._path = path
        self.abi = abi
        self.sha256 = sha256

    @classmethod
    def load(cls, transport: Transport, folder: str, progress: Progress) -> Agent:
        """Installs the agent in ``folder`` and checks that it speaks the host's protocol.

        Raises:
            DeviceUnusable: the agent does not run on this device.
            AgentBug: the agent speaks another protocol.
            TransportLost: the link broke.
        """
        program = install_program(transport, folder, PROGRAM, progress)
        agent = cls(transport, folder, program.path, program.abi, program.sha256)
        agent._shake_hands()
        return agent

    def probe(self) -> Mapping[str, Fact]:
        """The facts that the agent reports about the device."""
        answer = self._ask("probe")
        if not isinstance(answer, AgentProbe):
            raise AgentBug(f"{self._transport.serial}: the agent answered {answer} to probe")
        return answer.facts

    def run(self, trials: Mapping[int, PlannedTrial], run_id: str, meter: Meter) -> Iterator[TrialAnswer]:
        """Runs the trials in order; yields each answer as it arrives. ``trials`` maps trial id to trial.

        Raises:
            TransportLost: the link broke; ``recorded`` yields the answers up to then.
            DeviceUnusable: the agent could not go on.
        """
        lines = [shlex.quote(plan_line(number, trial, meter)) for number, trial in trials.items()]
        command = (
            f"mkdir -p {self._folder(run_id)} && printf '%s\\n' {' '.join(lines)} | "
            f"{self._path} run --plan - --copy {self._copy(run_id)}"
        )
        deadline = Deadline(SETUP_S + sum(map(time_needed_s, trials.values())))
        with self._transport.stream_lines(command, deadline) as answers:
            for line in answers:
                yield self._trial_answer(decode_agent_line(line))
            if answers.exit_code != 0:
                raise DeviceUnusable(
                    f"{self._transport.serial}: the agent ended with status {answers.exit_code}: "
                    f"{error_text(answers.stderr)}"
                )

    def recorded(self, run_id: str) -> Iterator[TrialAnswer]:
        """Yields all answers in the copy on the device, including those that never reached the host."""
        done = self._transport.shell(f"cat {self._copy(run_id)} 2>/dev/null", Deadline(SETUP_S))
        for line in done.stdout.splitlines(keepends=True):
            if line.endswith(b"\n"):  # a reboot may have truncated the last line
                yield self._trial_answer(decode_agent_line(line))

    def forget(self, run_id: str) -> None:
        """Deletes the run's folder from the device."""
        self._transport.shell(f"rm -rf {self._folder(run_id)}", Deadline(SETUP_S))

    def _folder(self, run_id: str) -> str:
        return f"{self._parent_folder}/{run_id}"

    def _copy(self, run_id: str) -> str:
        return f"{self._folder(run_id)}/trials.jsonl"

    def _trial_answer(self, answer: AgentMessage) -> TrialAnswer:
        if isinstance(answer, AgentError):
            raise DeviceUnusable(f"{self._transport.serial}: the agent could not go on: {answer.reason}")
        if not isinstance(answer, (AgentTrial, AgentTrialFailed)):
            raise AgentBug(f"{self._transport.serial}: the agent answered {answer} to a plan")
        return answer

    def _shake_hands(self) -> None:
        hello = self._ask("version")
        if not isinstance(hello, AgentHello) or hello.protocol != PROTOCOL:
            raise AgentBug(
                f"{self._transport.serial}: the agent at {self._path} answered {hello}, "
                f"but this host speaks protocol {PROTOCOL}"
            )

    def _ask(self, command: str) -> AgentMessage:
        done = self._transport.shell(f"{self._path} {command}", Deadline(SETUP_S))
        if done.exit_code != 0:
            raise run_failure(self._transport.serial, "the agent", done.exit_code, done.stderr + done.stdout)
        return decode_agent_line(done.stdout)
