"""Selects and formats the values on the page of field logs: counts first, and the most notable of many."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.logs.clocks import difference_ms
from lmkd_core.logs.deaths import KILLERS
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.events import Event
from lmkd_core.logs.summary import Cascade
from lmkd_core.logs.summary import Summary
from lmkd_reports.format import units

MOST_REASONS = 8
MOST_PROCESSES = 100
MOST_DEATHS = 200
MOST_CASCADES = 30
MOST_CHAIN = 40
MOST_TEXT = 240
"""Longest text from a log, in characters: a line may have 64,000."""

NO_ADJ = 1001
"""Sorts deaths without a recorded oom_score_adj behind all others."""

BY_KERNEL_OR_LMKD = ("lmkd", "lowmemorykiller", "kernel-oom")


@dataclass(frozen=True, slots=True)
class KillerView:
    """``reasons`` are the most frequent reasons with their counts; ``more`` counts the other reasons."""

    killer: str
    meaning: str
    deaths: int
    reasons: tuple[tuple[str, int], ...]
    more: int


@dataclass(frozen=True, slots=True)
class ProcessView:
    """The deaths of one process name: ``tally`` counts them by killer, ``last`` is the last time or empty."""

    process: str
    deaths: int
    tally: str
    last: str


@dataclass(frozen=True, slots=True)
class DeathView:
    """One death as texts; ``adj`` and ``size`` are empty if no record has them."""

    time: str
    process: str
    pid: str
    adj: str
    size: str
    killer: str
    reason: str
    doubts: tuple[str, ...]
    sources: str


@dataclass(frozen=True, slots=True)
class CascadeView:
    """``chain`` has the time since the first kill and the death; ``more`` counts the kills left out."""

    title: str
    chain: tuple[tuple[str, DeathView], ...]
    more: int


def shown(text: object) -> str:
    """Cuts a text from a log to ``MOST_TEXT``, and spells out invisible and text-direction characters."""
    full = str(text)
    cut = full[:MOST_TEXT] + ("…" if len(full) > MOST_TEXT else "")
    return "".join(_visible(letter) for letter in cut)


def _visible(letter: str) -> str:
    is_hidden = unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return f"\\u{ord(letter):04x}" if is_hidden else letter


def killer_views(summary: Summary) -> Iterator[KillerView]:
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for death in summary.deaths:
        reasons[death.killer][death.reason] += 1
    for killer, number in summary.by_killer.items():
        most_common = reasons[killer].most_common(MOST_REASONS)
        listed = tuple((shown(reason), times) for reason, times in most_common)
        yield KillerView(killer, KILLERS[killer], number, listed, len(reasons[killer]) - len(most_common))


def process_views(summary: Summary) -> list[ProcessView]:
    """All processes, the most frequent deaths first; deaths without a name share one row."""
    by_process: dict[str, list[Death]] = defaultdict(list)
    for death in summary.deaths:
        by_process[death.process].append(death)
    views = [_process(name, deaths) for name, deaths in by_process.items()]
    return sorted(views, key=lambda view: -view.deaths)


def _process(name: str, deaths: Sequence[Death]) -> ProcessView:
    counted = Counter(death.killer for death in deaths)
    tally = ", ".join(f"{killer} {counted[killer]}" for killer in KILLERS if counted[killer])
    last = next((death.time for death in reversed(deaths) if death.time), "")
    return ProcessView(shown(name) or "(no name known)", len(deaths), tally, shown(last))


def notable_deaths(summary: Summary) -> list[DeathView]:
    """Deaths in doubt first, then kills for lack of memory; the lowest oom_score_adj comes first."""

    def order(death: Death) -> tuple[bool, bool, int]:
        adj = _adj(death)
        return not death.doubts, death.killer not in BY_KERNEL_OR_LMKD, NO_ADJ if adj is None else adj

    return [death_view(death) for death in sorted(summary.deaths, key=order)[:MOST_DEATHS]]


def death_view(death: Death) -> DeathView:
    adj, size_kb = _adj(death), _size_kb(death)
    return DeathView(
        time=shown(death.time) or "unknown",
        process=shown(death.process) or "(no name known)",
        pid=str(death.pid or "pid unknown"),
        adj="" if adj is None else str(adj),
        size="" if size_kb is None else units.size(size_kb),
        killer=death.killer,
        reason=shown(death.reason),
        doubts=tuple(map(shown, death.doubts)),
        sources=", ".join(death.sources),
    )


def _adj(death: Death) -> int | None:
    adj = death.known("oom_score_adj")
    return adj if isinstance(adj, int) else None


def _size_kb(death: Death) -> int | None:
    for record in death.records:
        fields = record.fields
        if record.type == "oom_kill":
            return sum(int(fields.get(f"{kind}_rss_kb", 0)) for kind in ("anon", "file", "shmem"))
        size_kb = fields.get("rss_kb", fields.get("TaskSize"))
        if isinstance(size_kb, int):
            return size_kb
    return None


def cascade_views(summary: Summary) -> list[CascadeView]:
    """The ``MOST_CASCADES`` longest cascades, longest first."""
    by_record = {record.place: death for death in summary.deaths for record in death.records}
    longest = sorted(summary.cascades, key=lambda cascade: -len(cascade.kills))[:MOST_CASCADES]
    return [_cascade(cascade, by_record) for cascade in longest]


def _cascade(cascade: Cascade, by_record: dict[str, Death]) -> CascadeView:
    first = cascade.kills[0]
    began = shown(first.fields.get("time", "at an unknown time"))
    title = f"{len(cascade.kills)} kills within {cascade.lasted_ms:,} ms, from {began}"
    chain = tuple(
        (_after(kill, first), death_view(by_record[kill.place])) for kill in cascade.kills[:MOST_CHAIN]
    )
    return CascadeView(title, chain, len(cascade.kills) - len(chain))


def _after(kill: Event, first: Event) -> str:
    if kill.time_ms is None or first.time_ms is None:
        return "unknown"
    return f"+{difference_ms(kill.time_ms, first.time_ms, kill.clock):,} ms"
