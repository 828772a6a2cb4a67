"""Masks serial numbers: every text that contains a device's name gets ``device-1`` in its place.

Names of embedded devices are not serials and stay: a reader needs to know the personality.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from lmkd_core.base.names import file_name

EMBEDDED = re.compile(r"virtual-[a-z0-9-]+|local")
"""Names of devices that exist everywhere."""

REMOTE = re.compile(r"[^/]*/(?P<serial>.+)")
"""``HOST:PORT/SERIAL``, whose serial may also occur alone."""


class Masker:
    """Numbers the serials in order of appearance; a page of several runs uses the same numbers in all."""

    def __init__(self) -> None:
        self._masks: dict[str, str] = {}

    def learn(self, devices: Iterable[str]) -> None:
        """Numbers the serials among ``devices``."""
        for device in devices:
            if device and not EMBEDDED.fullmatch(device):
                mask = self._masks.setdefault(device, f"device-{len(set(self._masks.values())) + 1}")
                for other in _other_spellings(device):
                    self._masks.setdefault(other, mask)

    def text(self, text: str) -> str:
        """``text`` with its serials masked."""
        for serial in sorted(self._masks, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(serial)}(?!\w)", self._masks[serial], text)
        return text

    def lines(self, content: bytes) -> bytes:
        """Lines of JSON with the serials in their values masked; what is no JSON is masked as text."""
        return b"\n".join(self._line(line) if line.strip() else line for line in content.split(b"\n"))

    def _line(self, line: bytes) -> bytes:
        try:
            value = msgspec.json.decode(line)
        except msgspec.DecodeError:
            return self.text(line.decode(errors="replace")).encode()
        if isinstance(value, dict):
            self.learn(_named_devices(value))
        return msgspec.json.encode(self._value(value))

    def _value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {name: self._value(item) for name, item in value.items()}
        return value


def _named_devices(record: dict[str, Any]) -> list[str]:
    """The device that a record is about, or those of a run."""
    devices = record.get("devices")
    named = [record.get("device"), *(devices if isinstance(devices, list) else [])]
    return [device for device in named if isinstance(device, str)]


def _other_spellings(device: str) -> list[str]:
    """How the device may be told elsewhere: in the name of its file, and without the server it is at."""
    remote = REMOTE.fullmatch(device)
    return [file_name(device), *([remote["serial"]] if remote else [])]
