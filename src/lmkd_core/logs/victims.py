"""The victims of kills for want of memory: which apps, in use or not, on which device and day."""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.logs.activity_text import PER_USER
from lmkd_core.logs.clocks import day_of
from lmkd_core.logs.clocks import unrolled
from lmkd_core.logs.deaths import FOR_MEMORY
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.events import Event
from lmkd_core.logs.joins import archive_of
from lmkd_core.statistics.shares import Share
from lmkd_core.statistics.shares import exact_share

FIRST_APPLICATION_UID = 10_000
"""AOSP Process.FIRST_APPLICATION_UID."""

MOST_IN_USE = 200
"""AOSP ProcessList.PERCEPTIBLE_APP_ADJ, of apps with a foreground service or one that the user hears. Lower
are those that just left the foreground for such a service (50), visible ones (100) and the foreground (0)."""

OLD_SCALE = range(3, 17)
"""Values of oom_adj, which Android 4 prints, of apps not in use. On both scales, 0 to 2 are those in use."""


@dataclass(frozen=True, slots=True)
class AppDeaths:
    """An app's deaths for want of memory; ``in_use`` of them at an adj of 0 to ``MOST_IN_USE``.

    ``is_system``: its uid is one of the system's own, not of an app's.
    """

    app: str
    deaths: int
    in_use: int
    is_system: bool = False


@dataclass(frozen=True, slots=True)
class DayDeaths:
    """One day of one device: deaths for want of memory, those with a known adj, and those in use.

    ``device`` is an archive's path, empty for plain files; ``day`` is empty where the clock has no date.
    ``apps_in_use`` counts the apps with at least one death in use.
    """

    device: str
    day: str
    deaths: int
    with_adj: int
    in_use: int
    apps_in_use: int


def for_memory(deaths: Iterable[Death]) -> list[Death]:
    return [death for death in deaths if death.killer in FOR_MEMORY]


def adj_of(death: Death) -> int | None:
    adj = death.known("oom_score_adj")
    return adj if isinstance(adj, int) else None


def is_in_use(death: Death) -> bool:
    """Returns whether the user had the app before them, or noticed it in another way."""
    adj = adj_of(death)
    return adj is not None and 0 <= adj <= MOST_IN_USE and adj not in OLD_SCALE


def app_of(process: str) -> str:
    """Returns the app of a process: ``com.example.app`` for ``com.example.app:remote``."""
    return process if process.startswith("/") else process.partition(":")[0] or process


def apps(deaths: Iterable[Death]) -> list[AppDeaths]:
    """Returns the apps that were killed for want of memory, the most deaths first; no name is one of them."""
    killed = for_memory(deaths)
    total = Counter(app_of(death.process) for death in killed)
    in_use = Counter(app_of(death.process) for death in killed if is_in_use(death))
    system = {app_of(death.process) for death in killed if _is_system(death)}
    return [AppDeaths(app, number, in_use[app], app in system) for app, number in total.most_common()]


def _is_system(death: Death) -> bool:
    uid = death.known("uid")
    return isinstance(uid, int) and uid % PER_USER < FIRST_APPLICATION_UID


def in_use_share(deaths: Iterable[Death]) -> Share | None:
    """Returns the share of deaths for want of memory at an adj of 0 to 200, of those with a known adj."""
    with_adj = [death for death in for_memory(deaths) if adj_of(death) is not None]
    return exact_share(sum(map(is_in_use, with_adj)), len(with_adj))


def days(deaths: Iterable[Death]) -> list[DayDeaths]:
    """Returns the sums per device and day, in the order of their times on each clock."""
    by_clock: dict[tuple[str, str], list[tuple[int, Death]]] = defaultdict(list)
    for death in for_memory(deaths):
        dated = _dated(death)
        by_clock[archive_of(dated), dated.clock].append((dated.time_ms or 0, death))
    by_day: dict[tuple[str, str], list[Death]] = defaultdict(list)
    for (device, clock), group in sorted(by_clock.items(), key=lambda item: item[0]):
        ordered_ms = unrolled([time_ms for time_ms, _ in group], clock)
        for _, (time_ms, death) in sorted(zip(ordered_ms, group, strict=True), key=lambda pair: pair[0]):
            by_day[device, day_of(time_ms, clock)].append(death)
    return [_day(device, day, group) for (device, day), group in by_day.items()]


def _dated(death: Death) -> Event:
    """Returns the first record whose clock has a date, else the first."""
    with_date = (record for record in death.records if day_of(record.time_ms, record.clock))
    return next(with_date, death.first)


def _day(device: str, day: str, deaths: Sequence[Death]) -> DayDeaths:
    in_use = [death for death in deaths if is_in_use(death)]
    return DayDeaths(
        device=device,
        day=day,
        deaths=len(deaths),
        with_adj=sum(adj_of(death) is not None for death in deaths),
        in_use=len(in_use),
        apps_in_use=len({app_of(death.process) for death in in_use}),
    )
