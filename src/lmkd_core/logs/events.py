"""One record of a log, in little memory: a phone in trouble logs a hundred thousand of them.

What joining needs is at hand; the other values are packed, and their names are shared by all records alike.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

_NAMES: dict[tuple[str, ...], tuple[str, ...]] = {}
"""Each layout of a record once."""

NOT_PACKED = frozenset({"type", "file", "line", "pid", "process"})


class Event:
    """One record of a kill or of its effects; ``fields`` is the record's JSON.

    Only events with the same ``clock`` can be compared by ``time_ms``; for an unknown time it is empty.
    ``pid`` is None where the log prints none.
    """

    __slots__ = ("_names", "_packed", "clock", "file", "line", "pid", "process", "time_ms", "type")

    def __init__(self, fields: dict[str, Any], time_ms: int | None = None, clock: str = "") -> None:
        names = tuple(fields)
        self._names = _NAMES.setdefault(names, names)
        packed = [value for name, value in fields.items() if name not in NOT_PACKED]
        self._packed = msgspec.msgpack.encode(packed)
        self.type = sys.intern(str(fields["type"]))
        self.file: str = fields.get("file", "")
        self.line: int = fields.get("line", 0)
        self.pid: int | None = fields["pid"]
        process = fields.get("process")
        self.process: str | None = process if process is None else sys.intern(process)
        self.time_ms = time_ms
        self.clock = clock

    @property
    def fields(self) -> dict[str, Any]:
        """A new dict at each access."""
        packed = iter(msgspec.msgpack.decode(self._packed))
        return {name: getattr(self, name) if name in NOT_PACKED else next(packed) for name in self._names}

    def with_fields(self, fields: dict[str, Any]) -> Event:
        return Event(fields, self.time_ms, self.clock)

    @property
    def content(self) -> tuple[object, ...]:
        """What two copies of a record have in common; empty for a record without a time."""
        is_dated = "time" in self._names or "timestamp" in self._names
        return (self.type, self.pid, self.process, self._names, self._packed) if is_dated else ()

    @property
    def place(self) -> str:
        """The record's origin as ``file:line``."""
        return f"{self.file}:{self.line or ''}"
