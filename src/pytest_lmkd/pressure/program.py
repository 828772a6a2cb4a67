"""Runs lmkd-pressure, which runs one episode on the device and reports every kill."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.episode import EpisodePoint
from pytest_lmkd.devices.messages import AgentCurve
from pytest_lmkd.devices.messages import AgentEpisode
from pytest_lmkd.devices.messages import AgentError
from pytest_lmkd.devices.messages import AgentKill
from pytest_lmkd.devices.messages import decode_agent_line
from pytest_lmkd.transport.program import SETUP_S
from pytest_lmkd.transport.program import DeviceProgram
from pytest_lmkd.transport.protocol import LineStream
from pytest_lmkd.transport.protocol import error_text

PROGRAM = "lmkd-pressure"

SLOWEST_KB_PER_S = 20_000
"""Slower than any device touches memory."""


@dataclass(frozen=True, slots=True)
class EpisodeAnswer:
    """All answers of one episode; ``kills`` are in the order of their decisions."""

    end: AgentEpisode
    kills: tuple[AgentKill, ...]
    curve: tuple[EpisodePoint, ...]


class Pressure(DeviceProgram):
    """The program on one device."""

    program = PROGRAM

    def run(self, plan: str, memory_kb: int, duration_s: float) -> EpisodeAnswer:
        """Runs the episode that ``plan`` describes (device_agent/pressure/episode_plan.c).

        ``memory_kb``: all memory that it touches. ``duration_s``: its longest duration.

        Raises:
            TrialInvalid: the episode could not run, with the reason.
            AgentBug: the program ended without an episode.
            TransportLost: the link broke; the program then ends by itself.
        """
        deadline = Deadline(SETUP_S + duration_s + memory_kb / SLOWEST_KB_PER_S)
        command = f"printf %s {shlex.quote(plan)} | {self._path} run"
        with self._transport.stream_lines(command, deadline) as lines:
            answer = _read_answer(lines)
            if answer is None:
                raise AgentBug(
                    f"{self._transport.serial}: {PROGRAM} ended with status {lines.exit_code} "
                    f"without an episode: {error_text(lines.stderr)}"
                )
        return answer


def _read_answer(lines: LineStream) -> EpisodeAnswer | None:
    """The program's answers; None if the last line of an episode is missing."""
    kills: list[AgentKill] = []
    curve: list[EpisodePoint] = []
    end: AgentEpisode | None = None
    for line in lines:
        message = decode_agent_line(line)
        if isinstance(message, AgentKill):
            kills.append(message)
        elif isinstance(message, AgentCurve):
            curve += message.points
        elif isinstance(message, AgentEpisode):
            end = message
        elif isinstance(message, AgentError):
            raise TrialInvalid(f"the episode could not run: {message.reason}")
    return None if end is None else EpisodeAnswer(end, tuple(kills), tuple(curve))
