"""JSON lines of parsed logs: one per record, then one per death."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

import msgspec

from lmkd_core.logs.deaths import Death
from lmkd_core.logs.events import Event
from lmkd_core.logs.times import TimedDeath
from lmkd_core.logs.times import gaps
from lmkd_core.logs.times import timed_deaths
from lmkd_core.logs.victims import adj_of
from lmkd_core.logs.victims import is_in_use


def json_lines(records: Iterable[Event], deaths: Sequence[Death]) -> bytes:
    timed = timed_deaths(deaths)
    by_death = {id(death.death): death for death in timed}
    gaps_ms = {id(gap.death): gap.gap_ms for gap in gaps(timed)}
    rows = [record.fields for record in records]
    for death in deaths:
        for_memory = by_death.get(id(death))
        more = _for_memory(for_memory, gaps_ms.get(id(death))) if for_memory else {}
        rows.append(death.to_fields() | more)
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def _for_memory(death: TimedDeath, gap_ms: int | None) -> dict[str, Any]:
    """Returns what a death for want of memory has beyond the others, each only if it is known."""
    fields: dict[str, Any] = {}
    if adj_of(death.death) is not None:
        fields["in_use"] = is_in_use(death.death)
    for kind, time_ms in (death.dying.to_end_ms if death.dying else {}).items():
        fields[f"kill_to_{kind}_ms"] = time_ms
    if gap_ms is not None:
        fields["death_to_next_kill_ms"] = gap_ms
    return fields
