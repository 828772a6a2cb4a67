"""The version of the record format, and the types of value that several records share."""

from __future__ import annotations

from typing import Literal

import msgspec

SCHEMA = 1
"""Version of the record format."""

Regime = Literal["natural", "injected", "control"]


class Fact(msgspec.Struct, frozen=True, omit_defaults=False):
    """One property of a device: its ``value`` and its ``source``, or the ``reason`` for its absence."""

    value: str | int | bool | None
    source: str
    reason: str = ""
