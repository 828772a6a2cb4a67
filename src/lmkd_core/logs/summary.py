"""Summary of logs: deaths by killer, cascades of lmkd's kills, the share of reaping that came too late."""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lmkd_core.logs.clocks import difference_ms
from lmkd_core.logs.clocks import unrolled
from lmkd_core.logs.deaths import KILLERS
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.deaths import Killer
from lmkd_core.logs.deaths import deaths
from lmkd_core.logs.events import Event
from lmkd_core.logs.joins import archive_of
from lmkd_core.logs.joins import without_duplicates
from lmkd_core.logs.lmkd import AFTER_KILL
from lmkd_core.logs.reading import Account
from lmkd_core.statistics.shares import Share
from lmkd_core.statistics.shares import exact_share

KILL_TIMEOUT_MS = 100
"""AOSP's default of ro.lmk.kill_timeout_ms."""

AFTER_KILL_MS = 10_000
"""Kill reason 0 refers to a kill just before; a kill longer ago than lmkd ever polls is not that one."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """lmkd's kills in a row, each soon after the one before it, which may have been enough."""

    kills: tuple[Event, ...]

    @property
    def lasted_ms(self) -> int:
        first, last = self.kills[0], self.kills[-1]
        return difference_ms(last.time_ms or 0, first.time_ms or 0, first.clock)


@dataclass(frozen=True, slots=True)
class Summary:
    """``kills`` are lmkd's, each once; ``esrch`` is the share for which process_mrelease came too late.

    ``esrch`` is None without a kill, and if a truncated log has more failures than kills. ``reaped`` counts
    the calls that worked, which lmkd logs only with ``ro.lmk.debug``; ``late`` is then the share of ESRCH
    among all logged calls, else None. ``after_kill`` is the share of kills because of pressure after a kill,
    of those whose reason is known.
    """

    kills: tuple[Event, ...]
    cascades: tuple[Cascade, ...]
    failures: int
    esrch_failures: int
    esrch: Share | None
    deaths: tuple[Death, ...] = ()
    reaped: int = 0
    late: Share | None = None
    after_kill: Share | None = None

    @property
    def by_killer(self) -> dict[Killer, int]:
        """Number of deaths by killer, without zeros, in the order of ``KILLERS``."""
        counts = Counter(death.killer for death in self.deaths)
        return {killer: counts[killer] for killer in KILLERS if counts[killer]}

    @property
    def in_cascades(self) -> Share | None:
        """The share of lmkd's kills that followed another in its cascade; None without a kill."""
        return exact_share(sum(len(cascade.kills) - 1 for cascade in self.cascades), len(self.kills))

    @property
    def doubtful(self) -> tuple[Death, ...]:
        return tuple(death for death in self.deaths if death.doubts)


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of reading logs. ``problems``: read errors of files and archives."""

    account: Account
    summary: Summary
    events: Sequence[Event]
    problems: Sequence[str] = ()


def summarise(events: Sequence[Event], kill_timeout_ms: int = KILL_TIMEOUT_MS) -> Summary:
    all_deaths = deaths(events)
    kills = lmkd_kills(all_deaths)
    reapings = [event for event in events if event.type in {"mrelease_failure", "lmkd_reaped"}]
    failures = [event for event in without_duplicates(reapings) if event.type == "mrelease_failure"]
    reaped = sum(event.type == "lmkd_reaped" for event in without_duplicates(reapings))
    late = sum(event.fields.get("errno") == "ESRCH" for event in failures)
    reasons = [is_after_kill(kill) for kill in kills if _has_reason(kill)]
    return Summary(
        kills=tuple(kills),
        cascades=tuple(_cascades(kills, kill_timeout_ms)),
        failures=len(failures),
        esrch_failures=late,
        esrch=exact_share(late, len(kills)) if late <= len(kills) else None,
        deaths=all_deaths,
        reaped=reaped,
        late=exact_share(late, reaped + len(failures)) if reaped else None,
        after_kill=exact_share(sum(reasons), len(reasons)),
    )


def is_after_kill(kill: Event) -> bool:
    """Returns whether lmkd killed because the memory was still short after a kill."""
    return kill.fields.get("kill_reasons") == 0 or AFTER_KILL in str(kill.fields.get("reason"))


def _has_reason(kill: Event) -> bool:
    return "kill_reasons" in kill.fields or kill.fields.get("reason") is not None


def lmkd_kills(all_deaths: Iterable[Death]) -> list[Event]:
    """Returns lmkd's kills in the order of their times.

    A kill logged both as Kill line and as killinfo has the fields of both.
    """
    kills = []
    for death in all_deaths:
        is_own = death.killer == "lmkd"
        records = [record for record in death.records if is_own and record.type in {"lmkd_kill", "killinfo"}]
        if len(records) == 1 and records[0].process == death.process:
            kills.append(records[0])
        elif records:
            fields: dict[str, Any] = {"process": death.process} if death.process else {}
            for record in reversed(records):
                fields |= record.fields
            kills.append(records[0].with_fields(fields))
    return _in_order(kills)


def _in_order(kills: Iterable[Event]) -> list[Event]:
    """Sorts by archive, clock and time; logs without a year may go over its turn."""
    by_clock: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for kill in kills:
        by_clock[archive_of(kill), kill.clock].append(kill)
    ordered: list[Event] = []
    for (_, clock), group in sorted(by_clock.items()):
        times_ms = unrolled([kill.time_ms or -1 for kill in group], clock)
        ordered += [kill for _, kill in sorted(zip(times_ms, group, strict=True), key=lambda pair: pair[0])]
    return ordered


def _cascades(kills: Sequence[Event], kill_timeout_ms: int) -> list[Cascade]:
    chains: list[list[Event]] = []
    for kill in kills:
        if chains and _follows(chains[-1][-1], kill, kill_timeout_ms):
            chains[-1].append(kill)
        else:
            chains.append([kill])
    return [Cascade(tuple(chain)) for chain in chains if len(chain) > 1]


def _follows(before: Event, kill: Event, kill_timeout_ms: int) -> bool:
    """Returns whether ``kill`` came within lmkd's patience after ``before``, or soon and for reason 0."""
    after_kill = is_after_kill(kill)
    if archive_of(before) != archive_of(kill):
        return False
    if before.time_ms is None or kill.time_ms is None or before.clock != kill.clock:
        return after_kill
    later_ms = difference_ms(kill.time_ms, before.time_ms, kill.clock)
    return 0 <= later_ms <= (AFTER_KILL_MS if after_kill else kill_timeout_ms)
