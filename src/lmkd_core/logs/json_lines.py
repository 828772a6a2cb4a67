"""JSON lines of parsed logs: one per record, then one per death."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lmkd_core.logs.deaths import Death
from lmkd_core.logs.events import Event


def json_lines(records: Iterable[Event], deaths: Iterable[Death]) -> bytes:
    rows = [*(record.fields for record in records), *(death.to_fields() for death in deaths)]
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
