"""Renders field logs for the terminal in printable ASCII: counts, times, cascades and unreadable lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

from lmkd_core.logs.clocks import difference_ms
from lmkd_core.logs.deaths import KILLERS
from lmkd_core.logs.events import Event
from lmkd_core.logs.reading import TYPES
from lmkd_core.logs.reading import Account
from lmkd_core.logs.summary import Cascade
from lmkd_core.logs.summary import Summary
from lmkd_core.logs.times import gaps
from lmkd_core.logs.times import kill_to_death
from lmkd_core.logs.times import timed_deaths
from lmkd_core.logs.victims import days
from lmkd_reports.format import units
from lmkd_reports.format.plain import COLUMNS
from lmkd_reports.format.plain import plain
from lmkd_reports.ingest.sentences import after_kill_sentence
from lmkd_reports.ingest.sentences import counted
from lmkd_reports.ingest.sentences import death_sentence
from lmkd_reports.ingest.sentences import gap_sentence
from lmkd_reports.ingest.sentences import in_use_sentence
from lmkd_reports.ingest.sentences import killed_sentence
from lmkd_reports.ingest.sentences import late_sentence

MEANINGS = {
    "killinfo": "lmkd's event for a kill",
    "lmkd_kill": "lmkd's Kill line",
    "lmkd_kill_failed": "lmkd could not kill",
    "lmkd_reaped": "memory freed by lmkd's reaper",
    "mrelease_failure": "process_mrelease failed",
    "driver_kill": "killed by the kernel's low memory killer driver",
    "am_kill": "killed by the framework",
    "am_killing": "killed by the framework, as text",
    "am_proc_died": "process died, for any reason",
    "am_died": "process died, for any reason, as text",
    "zygote_signal": "process ended by a signal",
    "exit_info": "end of a process",
    "oom_chosen": "victim chosen by the kernel's OOM killer",
    "oom_kill": "killed by the kernel's OOM killer",
    "oom_reaped": "memory freed by its OOM reaper",
}
MOST_PROBLEMS = 20
MOST_QUOTED = 20
MOST_QUOTED_CHARACTERS = 200
MOST_DOUBTS = 10
MOST_CASCADES = 20
MOST_DAYS = 20
MOST_NAME = 100
"""Longest name of an app in the first sentence, in characters."""


def ingest_text(account: Account, summary: Summary, problems: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in _lines(account, summary, problems))


def _lines(account: Account, summary: Summary, problems: Sequence[str]) -> Iterator[str]:
    yield from _wrapped(killed_sentence(summary.deaths, lambda name: name[:MOST_NAME]))
    yield ""
    yield f"{account.lines:,} lines"
    for name in TYPES:
        if account.parsed[name]:
            yield f"  {name:<17} {account.parsed[name]:>7}  {MEANINGS[name]}"
    if account.continued:
        yield f"  {'':<17} {account.continued:>7}  continuation lines"
    for name, number in sorted(account.context.items()):
        yield f"  {plain(name):<17} {number:>7}  around kills"
    yield f"  {'':<17} {account.others:>7}  unrelated to kills"
    yield f"  {'':<17} {account.refused:>7}  not understood"
    yield ""
    if summary.deaths:
        yield f"{len(summary.deaths):,} death{'s' if len(summary.deaths) > 1 else ''}, by killer:"
    for killer, number in summary.by_killer.items():
        yield from _wrapped(f"  {killer:<17} {number:>7}  {KILLERS[killer]}")
    yield from _wrapped(esrch_sentence(summary))
    yield from _times(summary)
    yield from _doubts(summary)
    for cascade in summary.cascades[:MOST_CASCADES]:
        yield from _cascade(cascade)
    if len(summary.cascades) > MOST_CASCADES:
        yield f"{len(summary.cascades) - MOST_CASCADES:,} more cascades; --html shows the longest ones"
    for problem in problems[:MOST_PROBLEMS]:
        yield from _wrapped(f"not read: {problem}")
    yield from _not_understood(account)


def _times(summary: Summary) -> Iterator[str]:
    timed = timed_deaths(summary.deaths)
    for sentence in (
        late_sentence(summary),
        in_use_sentence(summary.deaths),
        *_days(summary),
        death_sentence(kill_to_death(timed)),
        gap_sentence(gaps(timed)),
        after_kill_sentence(summary),
    ):
        yield from _wrapped(sentence)


def _days(summary: Summary) -> Iterator[str]:
    """The sums per device and day, if there are several."""
    rows = days(summary.deaths)
    if len(rows) < 2:
        return
    for row in rows[:MOST_DAYS]:
        device = f"{Path(row.device).name}, " if row.device else ""
        yield f"{device}{row.day or 'unknown day'}: {counted(row.deaths, 'death')}, {row.in_use:,} in use"
    if len(rows) > MOST_DAYS:
        yield f"{len(rows) - MOST_DAYS:,} more days; --html shows them"


def _not_understood(account: Account) -> Iterator[str]:
    """Quotes lines that speak of kills, so that nobody takes what was not read for nothing."""
    for line in account.not_understood[:MOST_QUOTED]:
        yield from _wrapped(f"not understood: {line}")
        yield from _wrapped(f"    {line.text.strip()[:MOST_QUOTED_CHARACTERS]}")
    if account.refused > MOST_QUOTED:
        yield f"not understood: {account.refused - MOST_QUOTED:,} more lines"


def esrch_sentence(summary: Summary) -> str:
    kills = units.count(len(summary.kills), "kill")
    if not summary.failures:
        return f"lmkd made {kills}; no failure of process_mrelease was logged"
    failed = f"process_mrelease failed {summary.failures} times, {summary.esrch_failures} of them ESRCH"
    if summary.esrch is None:
        return f"lmkd made {kills}; {failed}; the share is unknown, because the log has fewer kills"
    share = f"{units.percent(summary.esrch.count / summary.esrch.total)} of the kills"
    return f"lmkd made {kills}; {failed}: {share} ({units.share_interval(summary.esrch)})"


def _doubts(summary: Summary) -> Iterator[str]:
    for death in summary.doubtful[:MOST_DOUBTS]:
        victim = f"{death.process or 'a process without a name'} ({death.pid})"
        yield from _wrapped(
            f"in doubt: {victim}, {death.time or 'at an unknown time'}: {'; '.join(death.doubts)}"
        )
    if len(summary.doubtful) > MOST_DOUBTS:
        yield f"in doubt: {len(summary.doubtful) - MOST_DOUBTS:,} more"


def _cascade(cascade: Cascade) -> Iterator[str]:
    yield from _wrapped(
        f"cascade of {len(cascade.kills)} kills within {cascade.lasted_ms} ms, "
        f"{cascade.kills[0].fields.get('time', 'at an unknown time')}:"
    )
    first_ms = cascade.kills[0].time_ms or 0
    for kill in cascade.kills:
        yield from _wrapped(f"  {_victim(kill, first_ms)}")


def _victim(kill: Event, first_ms: int) -> str:
    fields = kill.fields
    after = "at an unknown time"
    if kill.time_ms is not None:
        after = f"+{difference_ms(kill.time_ms, first_ms, kill.clock)} ms"
    reason = fields.get("reason") or fields.get("reason_name") or "no reason logged"
    process = fields.get("process") or "a process without a name"
    adj = fields.get("oom_score_adj", "unknown")
    return f"{after}: {process} ({fields['pid']}), adj {adj}: {reason}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(plain(text), COLUMNS, subsequent_indent="    ", break_on_hyphens=False)
