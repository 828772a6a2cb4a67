"""One record of a log, in little memory: a phone in trouble logs a hundred thousand of them.

What joining needs is at hand; the other values are packed, and their names are shared by all records alike.
"""

from __future__ import annotations

import struct
import sys
from typing import Any

import msgspec

_NAMES: dict[tuple[str, ...], tuple[str, ...]] = {}
"""Each layout of a record once."""

NOT_PACKED = frozenset({"type", "file", "line", "pid", "process"})
HEAD = struct.Struct("<qqq")
"""Pid, line and time in ms, before the other values."""

NONE = -(2**63)


class Event:
    """One record of a kill or of its effects; ``fields`` is the record's JSON.

    Only events with the same ``clock`` can be compared by ``time_ms``; for an unknown time it is empty.
    ``pid`` is None where the log prints none.
    """

    __slots__ = ("_names", "_packed", "clock", "file", "process", "type")

    def __init__(self, fields: dict[str, Any], time_ms: int | None = None, clock: str = "") -> None:
        names = tuple(fields)
        self._names = _NAMES.setdefault(names, names)
        numbers = (fields["pid"], fields.get("line", 0), time_ms)
        head = HEAD.pack(*(NONE if number is None else number for number in numbers))
        packed = [value for name, value in fields.items() if name not in NOT_PACKED]
        self._packed = head + msgspec.msgpack.encode(packed)
        self.type = sys.intern(str(fields["type"]))
        self.file: str = fields.get("file", "")
        process = fields.get("process")
        self.process: str | None = process if process is None else sys.intern(process)
        self.clock = clock

    def _number(self, index: int) -> int | None:
        number: int = HEAD.unpack_from(self._packed)[index]
        return None if number == NONE else number

    @property
    def pid(self) -> int | None:
        return self._number(0)

    @property
    def line(self) -> int:
        return self._number(1) or 0

    @property
    def time_ms(self) -> int | None:
        return self._number(2)

    @property
    def fields(self) -> dict[str, Any]:
        """A new dict at each access."""
        packed = iter(msgspec.msgpack.decode(memoryview(self._packed)[HEAD.size :]))
        return {name: getattr(self, name) if name in NOT_PACKED else next(packed) for name in self._names}

    def with_fields(self, fields: dict[str, Any]) -> Event:
        return Event(fields, self.time_ms, self.clock)

    @property
    def content(self) -> tuple[object, ...]:
        """What two copies of a record have in common; empty for a record without a time."""
        if "time" not in self._names and "timestamp" not in self._names:
            return ()
        return self.type, self.pid, self.process, self._names, self._packed[HEAD.size :]

    @property
    def place(self) -> str:
        """The record's origin as ``file:line``."""
        return f"{self.file}:{self.line or ''}"
