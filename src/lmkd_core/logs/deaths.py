"""Deaths: each process death once, with its killer: lmkd, the kernel, the framework, a signal, itself.

Pure functions from records to deaths; ``joins`` decides which records belong together.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Literal

from lmkd_core.logs.events import Event
from lmkd_core.logs.joins import CLAIMS
from lmkd_core.logs.joins import LMKD_SOCKET_KILL
from lmkd_core.logs.joins import NAME_SOURCES
from lmkd_core.logs.joins import Group
from lmkd_core.logs.joins import group_by_death

Killer = Literal[
    "lmkd",
    "lowmemorykiller",
    "kernel-oom",
    "framework",
    "memory-limiter",
    "freezer",
    "signal",
    "crash",
    "anr",
    "itself",
    "unknown",
]
KILLERS: dict[Killer, str] = {
    "lmkd": "Android's low memory killer daemon",
    "lowmemorykiller": "the kernel's low memory killer driver, in the place of lmkd on older devices",
    "kernel-oom": "the kernel's OOM killer",
    "framework": "ActivityManager, for a reason of its own",
    "memory-limiter": "the memory limit of a single app",
    "freezer": "ActivityManager, because of the freezer",
    "signal": "a signal that no other record explains, such as a measurement's own kill",
    "crash": "crashed",
    "anr": "did not respond",
    "itself": "ended by itself",
    "unknown": "died; no log gives the cause",
}
"""The killers and their meanings, in display order."""

KILLER_BY_EXIT_REASON: dict[int, Killer] = {
    1: "itself",
    2: "signal",
    3: "lmkd",
    4: "crash",
    5: "crash",
    6: "anr",
    **dict.fromkeys((7, 8, 9, 10, 11, 12, 13, 15, 16), "framework"),
    14: "freezer",
    17: "memory-limiter",
}
"""AOSP ApplicationExitInfo.REASON_*; 0 is UNKNOWN, 17 came after Android 17's first release."""

KNOWN = {
    "uid": ("uid",),
    "oom_score_adj": ("oom_score_adj",),
    "rss_kb": ("rss_kb", "TaskSize"),
    "swap_kb": ("swap_kb", "TaskSwapSize"),
}
"""What a death has of its records: its field, and theirs."""

NO_REASON = "no reason logged"
SIGNALED, LOW_MEMORY = 2, 3
OOM_KILL = 30
"""SUBREASON_OOM_KILL: a kill by the kernel, although its reason is LOW_MEMORY."""

LIMITER = "MemoryLimiter"
"""Start of the description (``MemoryLimiter:AnonSwap``) with which Android 17 first used the reason OTHER."""

FOR_MEMORY: tuple[Killer, ...] = ("lmkd", "lowmemorykiller", "kernel-oom")
"""Killers for want of memory, whose own record decides. The limit of a single app is not one, nor is
ActivityManager, which keeps the number of apps down."""

MORE_SPECIFIC: frozenset[Killer] = frozenset({"crash", "anr", "freezer", "memory-limiter"})
"""Killers that exit-info distinguishes; the am_kill that accompanies them is less specific."""


@dataclass(frozen=True, slots=True)
class Death:
    """One death; ``pid`` is 0 where no record has one.

    ``doubts`` are the contradictions between its ``records``.
    """

    killer: Killer
    reason: str
    pid: int
    process: str
    doubts: tuple[str, ...]
    records: tuple[Event, ...]

    @property
    def time(self) -> str:
        """The time of the first record that has one, as printed; empty if none has."""
        times = (record.fields.get("time") or record.fields.get("timestamp") for record in self.records)
        return str(next(filter(None, times), ""))

    @property
    def sources(self) -> tuple[str, ...]:
        """The types of the records."""
        return tuple(record.type for record in self.records)

    @property
    def first(self) -> Event:
        """The record that dates the death: a killer's own report, else a notice of the death."""
        return self.records[0]

    def known(self, *names: str) -> Any:  # noqa: ANN401 - a value of a record
        """Returns the first value under one of these names in the records, the killer's own first."""
        values = (record.fields.get(name) for name in names for record in self.records)
        return next((value for value in values if value is not None), None)

    def to_fields(self) -> dict[str, Any]:
        """Returns the death's JSON, which refers to the records by file and line."""
        known = {name: self.known(*names) for name, names in KNOWN.items()}
        return {
            "type": "death",
            "killer": self.killer,
            "reason": self.reason,
            "pid": self.pid or None,
            "process": self.process or None,
            **{name: value for name, value in known.items() if value is not None},
            "time": self.time or None,
            "sources": {record.type: record.place for record in self.records},
            "doubts": list(self.doubts),
        }


def deaths(records: Iterable[Event]) -> tuple[Death, ...]:
    """Returns the deaths in the order in which the logs first report each."""
    groups = group_by_death(records)[::-1]
    joined: list[Death] = []
    while groups:  # each group makes room for its death
        group = groups.pop()
        if not _survived(group):
            joined.append(_death(group))
    return tuple(joined)


def _survived(group: Group) -> bool:
    """Returns whether lmkd logged a kill, could not kill, and nothing else reports a death."""
    others = {record.type for record in group.records} - {"lmkd_kill", "killinfo", "lmkd_kill_failed"}
    return group.record("lmkd_kill_failed") is not None and not others


def with_names(records: Iterable[Event], joined_deaths: Iterable[Death]) -> list[Event]:
    """Returns the records; a killinfo without a process name gets that of its death.

    ``process_from`` is then the type of the record that has the name. A failure that has a ``descriptor`` in
    the place of its pid gets the pid.
    """
    names: dict[int, dict[str, Any]] = {}
    for death in joined_deaths:
        _, source = _name(death.records)
        for record in death.records:
            if record.type == "killinfo" and death.process and not record.process:
                names[id(record)] = {"process": death.process, "process_from": source}
            elif record.pid not in {death.pid, None}:
                names[id(record)] = {"pid": death.pid, "descriptor": record.pid}
    return [
        record.with_fields(record.fields | names[id(record)]) if id(record) in names else record
        for record in records
    ]


def _death(group: Group) -> Death:
    records = tuple(sorted(group.records, key=lambda record: record.type not in CLAIMS))
    killer, reason = _judge(group)
    name, _ = _name(records)
    return Death(
        killer=killer,
        reason=sys.intern(reason),
        pid=records[0].pid or 0,
        process=name,
        doubts=tuple(_doubts(group, killer)),
        records=records,
    )


def _name(records: Sequence[Event]) -> tuple[str, str]:
    """Returns the process name and the type of the record that has it; both are empty without a name."""
    for source in NAME_SOURCES:
        for record in records:
            if record.type == source and record.process:
                return record.process, source
    return "", ""


def _claims(group: Group) -> dict[Killer, str]:
    """Returns the killers that report this kill as theirs, each with its reason."""
    reasons: dict[Killer, str] = {}
    has_failed = group.record("lmkd_kill_failed") is not None
    if any(map(group.record, ("lmkd_kill", "killinfo", LMKD_SOCKET_KILL))) and not has_failed:
        reasons["lmkd"] = _lmkd_reason(group)
    if driver := group.record("driver_kill"):
        reasons["lowmemorykiller"] = str(driver.fields.get("reason") or NO_REASON)
    if oom := group.record("oom_kill") or group.record("oom_chosen"):
        reasons["kernel-oom"] = _oom_reason(oom.fields)
    if framework := group.record("am_kill") or group.record("am_killing"):
        reasons["framework"] = str(framework.fields.get("reason") or NO_REASON)
    return reasons


def _lmkd_reason(group: Group) -> str:
    """Returns the Kill line's reason, else the name of killinfo's, else its number."""
    line, event = group.record("lmkd_kill"), group.record("killinfo")
    if line and line.fields.get("reason"):
        return str(line.fields["reason"])
    if event is None:
        return NO_REASON
    name = str(event.fields["reason_name"])
    return f"reason {event.fields['kill_reasons']}, unknown to AOSP" if name == "unknown" else name


def _oom_reason(fields: dict[str, Any]) -> str:
    scopes = {"memcg": "a memory cgroup's limit", "global": "out of memory"}
    words = [scopes.get(str(fields.get("scope")), str(fields.get("scope") or "out of memory"))]
    if fields.get("memcg") and fields.get("constraint") == "CONSTRAINT_MEMCG":
        words.append(f"in {fields['memcg']}")
    if fields.get("invoker"):
        words.append(f"invoked by {fields['invoker']}")
    return ", ".join(words)


def _judge(group: Group) -> tuple[Killer, str]:
    """Returns the killer and the reason."""
    claims = _claims(group)
    exit_info = _exit_info(group)
    for killer in FOR_MEMORY:
        if killer in claims:
            return killer, claims[killer]
    if exit_info and (exit_info[0] in MORE_SPECIFIC or not claims):
        return exit_info
    if "framework" in claims:
        return "framework", claims["framework"]
    if signaled := group.record("zygote_signal"):
        return "signal", f"signal {signaled.fields['signal']}"
    return "unknown", NO_REASON


def _exit_info(group: Group) -> tuple[Killer, str] | None:
    """Returns the killer and the reason according to exit-info; None without such a record."""
    record = group.record("exit_info")
    if record is None:
        return None
    code, subreason = record.fields.get("reason"), record.fields.get("subreason")
    description = str(record.fields.get("description") or "")
    killer = KILLER_BY_EXIT_REASON.get(code, "unknown") if isinstance(code, int) else "unknown"
    if LIMITER in description:
        killer = "memory-limiter"
    elif code == LOW_MEMORY and subreason == OOM_KILL:
        killer = "kernel-oom"
    return killer, _exit_reason(record.fields, description)


def _exit_reason(fields: dict[str, Any], description: str) -> str:
    if fields.get("reason") == SIGNALED:
        return f"signal {fields.get('status')}"
    words = [str(fields.get("reason_name") or NO_REASON)]
    if fields.get("subreason"):
        words.append(str(fields.get("subreason_name") or fields["subreason"]))
    return ", ".join([*words, *([description] if description else [])])


def _doubts(group: Group, killer: Killer) -> Iterator[str]:
    claims, exit_info = _claims(group), _exit_info(group)
    if group.record("lmkd_kill_failed"):
        yield "lmkd logged the kill and then that it failed"
    for other in claims:
        if other != killer and not (other == "framework" and killer in MORE_SPECIFIC):
            yield f"{other} also reports this kill: {claims[other]}"
    if exit_info is None or (exit_info[0] == killer and killer in claims):
        return
    if exit_info[0] == killer and killer in {"lmkd", "kernel-oom"}:
        yield f"only exit-info reports this: the log has no record from {killer} itself"
    elif exit_info[0] not in {killer, "unknown"} and not (killer == "kernel-oom" and _is_sigkill(group)):
        yield _disagreement(group, killer, exit_info[1])


def _disagreement(group: Group, killer: Killer, reason: str) -> str:
    if _is_sigkill(group) and killer == "lmkd":
        return f"exit-info reports {reason}: lmkd's kills are not reported to it on this device, or came late"
    return f"exit-info reports {reason}"


def _is_sigkill(group: Group) -> bool:
    """Returns whether exit-info reports a SIGKILL without a sender: with most kernels it learns no more."""
    record = group.record("exit_info")
    return record is not None and (record.fields.get("reason"), record.fields.get("status")) == (SIGNALED, 9)
