"""The records as JSON lines, and after them a line a death."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lmkd_core.logs.deaths import Death
from lmkd_core.logs.reading import Event


def json_lines(records: Iterable[Event], deaths: Iterable[Death]) -> bytes:
    told = [*(record.fields for record in records), *(death.to_fields() for death in deaths)]
    return b"".join(msgspec.json.encode(fields) + b"\n" for fields in told)
