"""The pressure program: runs one episode on the device and tells of every kill."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.base.progress import Progress
from lmkd_core.records.episode import EpisodePoint
from pytest_lmkd.devices.messages import AgentCurve
from pytest_lmkd.devices.messages import AgentEpisode
from pytest_lmkd.devices.messages import AgentError
from pytest_lmkd.devices.messages import AgentKill
from pytest_lmkd.devices.messages import decode_agent_line
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.program import SETUP_S
from pytest_lmkd.transport.program import install_program

PROGRAM = "lmkd-pressure"

SLOWEST_KB_PER_S = 20_000
"""No device touches memory more slowly."""


@dataclass(frozen=True, slots=True)
class EpisodeAnswer:
    """Everything that the device told of one episode; ``kills`` in the order in which they were decided."""

    end: AgentEpisode
    kills: tuple[AgentKill, ...]
    curve: tuple[EpisodePoint, ...]


class Pressure:
    """The program, lying on the device."""

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path

    @classmethod
    def load(cls, transport: Transport, folder: str, progress: Progress) -> Pressure:
        return cls(transport, install_program(transport, folder, PROGRAM, progress).path)

    def run(self, plan: str, memory_kb: int, duration_s: float) -> EpisodeAnswer:
        """Runs the episode that ``plan`` describes (device_agent/pressure/episode_plan.c).

        ``memory_kb`` is what it touches in all, ``duration_s`` how long it lasts at most.

        Raises:
            TrialInvalid: the episode could not be brought about, and why.
            TransportLost: the link broke; the program then ends by itself.
        """
        deadline = Deadline(SETUP_S + duration_s + memory_kb / SLOWEST_KB_PER_S)
        command = f"printf %s {shlex.quote(plan)} | {self._path} run"
        kills: list[AgentKill] = []
        curve: list[EpisodePoint] = []
        end: AgentEpisode | None = None
        with self._transport.stream_lines(command, deadline) as answers:
            for line in answers:
                message = decode_agent_line(line)
                if isinstance(message, AgentKill):
                    kills.append(message)
                elif isinstance(message, AgentCurve):
                    curve += message.points
                elif isinstance(message, AgentEpisode):
                    end = message
                elif isinstance(message, AgentError):
                    raise TrialInvalid(f"the episode could not be run: {message.reason}")
            said = answers.stderr.decode(errors="replace").strip()
            if end is None:
                raise AgentBug(
                    f"{self._transport.serial}: {PROGRAM} ended with status {answers.exit_code} "
                    f"and told of no episode: {said[:200]}"
                )
        return EpisodeAnswer(end, tuple(kills), tuple(curve))
