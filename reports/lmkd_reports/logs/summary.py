"""What a log says as a whole: kills by whom, cascades of lmkd's kills, how often reaping came too late."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_reports.logs.lmkd import AFTER_KILL
from lmkd_reports.logs.reading import Event
from lmkd_reports.statistics.shares import Share
from lmkd_reports.statistics.shares import wilson

KILL_TIMEOUT_MS = 100
"""AOSP's default of ro.lmk.kill_timeout_ms."""

AFTER_KILL_MS = 10_000
"""Reason 0 tells that lmkd had just killed; one longer ago than its polling ever lasts was another."""

SAME_KILL_MS = 5000
"""killinfo and the Kill line of one kill lie closer than this."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """Kills of which each but the first came after the one before it though that may have been enough."""

    kills: tuple[Event, ...]

    @property
    def lasted_ms(self) -> int:
        return (self.kills[-1].time_ms or 0) - (self.kills[0].time_ms or 0)


@dataclass(frozen=True, slots=True)
class Summary:
    """``kills`` are lmkd's, each once; ``esrch`` is the share that process_mrelease came too late for.

    It is None without a kill, and where the log tells of failures but, being cut, of fewer kills.
    """

    kills: tuple[Event, ...]
    cascades: tuple[Cascade, ...]
    failures: int
    esrch_failures: int
    esrch: Share | None


def summarise(events: Sequence[Event], kill_timeout_ms: int = KILL_TIMEOUT_MS) -> Summary:
    kills = lmkd_kills(events)
    failed = [event for event in events if event.type == "mrelease_failure"]
    late = sum(event.fields.get("errno") == "ESRCH" for event in failed)
    return Summary(
        kills=tuple(kills),
        cascades=tuple(_cascades(kills, kill_timeout_ms)),
        failures=len(failed),
        esrch_failures=late,
        esrch=wilson(late, len(kills)) if late <= len(kills) else None,
    )


def lmkd_kills(events: Iterable[Event]) -> list[Event]:
    """Lmkd's kills in the order of the log; of one that both buffers tell the one that came first.

    The other's fields are added to it where it has none of that name.
    """
    kills: list[Event] = []
    for event in events:
        if event.type not in {"lmkd_kill", "killinfo"}:
            continue
        same = next((one for one in reversed(kills) if _is_same(one, event)), None)
        if same is None:
            kills.append(Event(dict(event.fields), event.time_ms))
        else:
            same.fields.update({name: told for name, told in event.fields.items() if name not in same.fields})
    return sorted(kills, key=lambda kill: kill.time_ms if kill.time_ms is not None else -1)


def _is_same(one: Event, other: Event) -> bool:
    if one.type == other.type or one.fields["pid"] != other.fields["pid"]:
        return False
    if one.time_ms is None or other.time_ms is None:
        return True
    return abs(one.time_ms - other.time_ms) <= SAME_KILL_MS


def _cascades(kills: Sequence[Event], kill_timeout_ms: int) -> list[Cascade]:
    chains: list[list[Event]] = []
    for kill in kills:
        if chains and _follows(chains[-1][-1], kill, kill_timeout_ms):
            chains[-1].append(kill)
        else:
            chains.append([kill])
    return [Cascade(tuple(chain)) for chain in chains if len(chain) > 1]


def _follows(before: Event, kill: Event, kill_timeout_ms: int) -> bool:
    """Within lmkd's patience with the one before, or because of pressure after it (reason 0)."""
    after_kill = kill.fields.get("kill_reasons") == 0 or AFTER_KILL in str(kill.fields.get("reason"))
    if before.time_ms is None or kill.time_ms is None:
        return after_kill
    return 0 <= kill.time_ms - before.time_ms <= (AFTER_KILL_MS if after_kill else kill_timeout_ms)
