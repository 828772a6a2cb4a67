"""What the text and the page of field logs say in sentences: who was killed, in use or not, and how fast."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from lmkd_core.logs.deaths import Death
from lmkd_core.logs.summary import Summary
from lmkd_core.logs.times import MEDIAN
from lmkd_core.logs.times import Gap
from lmkd_core.logs.times import Times
from lmkd_core.logs.victims import AppDeaths
from lmkd_core.logs.victims import apps
from lmkd_core.logs.victims import days
from lmkd_core.logs.victims import for_memory
from lmkd_core.logs.victims import in_use_share
from lmkd_core.statistics.shares import Share
from lmkd_reports.format import units

MOST_NAMED = 6
"""Apps that the first sentence names."""

MS_UP_TO = 10_000
LONGER_MS = (("days", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000))
SHARES = (MEDIAN, 0.9, 0.99)
PLAY_LMK = "https://developer.android.com/games/optimize/vitals/lmk"
PLAY_API = "https://developers.google.com/play/developer/reporting/reference/rest/v1beta1/vitals.lmkrate"


def killed_sentence(deaths: Sequence[Death], shown: Callable[[str], str] = str) -> str:
    """How many apps Android killed for want of memory, and which; ``shown`` makes a name fit to print."""
    victims = apps(deaths)
    if not victims:
        return "Android killed no app for want of memory."
    named = [victim for victim in victims if victim.app]
    who = _victims(named)
    times = sum(victim.deaths for victim in victims)
    often = "" if times == len(victims) else f", {counted(times, 'time')} in all"
    return f"Android killed {who} for want of memory{often}: {_list(victims, shown)}."


def counted(number: int, thing: str) -> str:
    """``1 death``, ``3,000 deaths``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _victims(named: Sequence[AppDeaths]) -> str:
    """``3 apps and 1 process of the system``."""
    system = sum(victim.is_system for victim in named)
    parts = [
        counted(len(named) - system, "app") if len(named) > system else "",
        f"{system} process{'es' if system > 1 else ''} of the system" if system else "",
    ]
    return " and ".join(filter(None, parts)) or "processes without a name"


def _list(victims: Sequence[AppDeaths], shown: Callable[[str], str]) -> str:
    """``com.a (3 times), com.b and 4 others``; those without a name come last."""
    named = [victim for victim in victims if victim.app]
    parts = [f"{shown(victim.app)}{_often(victim.deaths)}" for victim in named[:MOST_NAMED]]
    if len(named) > MOST_NAMED:
        parts.append(counted(len(named) - MOST_NAMED, "other"))
    nameless = sum(victim.deaths for victim in victims if not victim.app)
    if nameless:
        parts.append(f"{counted(nameless, 'death')} without a name")
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _often(number: int) -> str:
    return f" ({number:,} times)" if number > 1 else ""


def in_use_sentence(deaths: Sequence[Death]) -> str:
    """The share of deaths for want of memory that a user notices; empty without such deaths."""
    total, share = len(for_memory(deaths)), in_use_share(deaths)
    if not total:
        return ""
    if share is None:
        return "No log gives the oom_score_adj of these deaths: whether the apps were in use is not known."
    unknown = "" if share.total == total else f"; the adj of {total - share.total:,} more is not known"
    deaths_text = f"{share.count:,} of {counted(share.total, 'death')}"
    return f"{deaths_text} hit an app in use (adj 0 to 200): {_share(share)}{unknown}."


def app_days(deaths: Sequence[Death]) -> int:
    """Returns the number of days times apps with a death in use."""
    return sum(day.apps_in_use for day in days(deaths))


def times_text(times: Times) -> str:
    """The times as values or, if there are enough, as quantiles: ``3 ms to 230 ms, median 23 ms``."""
    if not times.values_ms:
        return "no time known"
    if times.quantile(MEDIAN) is None:
        return ", ".join(map(duration, times.values_ms))
    parts = [f"{duration(times.values_ms[0])} to {duration(times.values_ms[-1])}"]
    for share in SHARES:
        value = times.quantile(share)
        if value is not None:
            parts.append(
                f"{'median' if share == MEDIAN else f'{100 * share:.0f} % within'} {duration(value)}"
            )
    return ", ".join(parts)


def duration(time_ms: float) -> str:
    """A time in whole ms up to 10 s, from there on in the largest unit of which it has two: 35 ms, 50 min."""
    if abs(time_ms) < MS_UP_TO:
        return f"{time_ms:,.0f} ms"
    unit, unit_ms = next((name, size_ms) for name, size_ms in LONGER_MS if abs(time_ms) >= 2 * size_ms)
    return f"{units.significant(time_ms / unit_ms)} {unit}"


def known_text(times: Times) -> str:
    """``12 of 14 deaths have a time``."""
    number = len(times.values_ms)
    total = number + times.untimed
    return f"{number:,} of {counted(total, 'death')} {'has' if number == 1 else 'have'} a time"


def death_sentence(times: Times) -> str:
    """How long kills took; empty without a death for want of memory."""
    if not times.values_ms and not times.untimed:
        return ""
    more = f": {times_text(times)}" if times.values_ms else ""
    return f"From kill to death, {known_text(times)} (to 1 ms, as logged){more}."


def gap_sentence(gaps: Sequence[Gap]) -> str:
    """How soon the next kill came after a death; empty without two kills with times."""
    if not gaps:
        return ""
    after = Times(tuple(sorted(gap.gap_ms for gap in gaps if gap.gap_ms >= 0)))
    early = len(gaps) - len(after.values_ms)
    text = f"{early:,} of {counted(len(gaps), 'kill')} came before the death of the victim before"
    return f"{text}; the others followed it by {times_text(after)}." if after.values_ms else f"{text}."


def after_kill_sentence(summary: Summary) -> str:
    """The shares of lmkd's kills that came of a kill; empty without lmkd's kills."""
    parts = []
    if summary.after_kill is not None:
        parts.append(
            f'"even after kill" is the reason of {_of(summary.after_kill)} of lmkd\'s kills with a reason'
        )
    if summary.in_cascades is not None:
        parts.append(f"{_of(summary.in_cascades)} of its kills followed another in a cascade")
    return f"{'; '.join(parts)}." if parts else ""


def late_sentence(summary: Summary) -> str:
    """The share of reapings that came too late, where lmkd also logs those that worked; else empty."""
    if summary.late is None:
        return ""
    return f"process_mrelease came too late in {_of(summary.late)} of its logged calls."


def _of(share: Share) -> str:
    return f"{share.count:,} of {share.total:,} ({_share(share)})"


def _share(share: Share) -> str:
    return f"{units.percent(share.count / share.total)}, interval {units.share_interval(share)}"
