"""What the processes of a run tell the one with the terminal: its plan, its progress, and sentences."""

from __future__ import annotations

from typing import Protocol

import msgspec


class DevicePlan(msgspec.Struct, frozen=True):
    """What is left to do on a device; trials and episodes that only warm up are not counted."""

    device: str
    trials: int
    episodes: int
    others: int
    boots: int


class Plan(msgspec.Struct, frozen=True, tag="plan"):
    """The plan of one process. Processes of the same ``lane`` take turns."""

    process: int
    lane: int
    left_s: float
    devices: tuple[DevicePlan, ...]


class Update(msgspec.Struct, frozen=True, tag="update"):
    """``where``: what the device does; what is left is that of the process."""

    process: int
    lane: int
    left_s: float
    device: str
    where: str
    trials_left: int
    episodes_left: int


class Said(msgspec.Struct, frozen=True, tag="said"):
    """A sentence for the user, which stays on the terminal."""

    text: str


Message = Plan | Update | Said

_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    return msgspec.json.encode(message)


def decode(content: bytes) -> Message:
    """Raises: msgspec.DecodeError: it is no message."""
    return _decoder.decode(content)


class Listener(Protocol):
    """Shows messages to the user: on the terminal, or by way of another process."""

    def say(self, text: str) -> None:
        """Shows a line that stays."""

    def show(self, message: Plan | Update) -> None:
        """Shows a plan, or progress that the next update may replace."""
