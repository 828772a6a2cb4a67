"""Each process's death once, with who killed it: lmkd, the kernel, the framework, a signal, itself.

Pure: records in, deaths out. What joins the records is in ``joins``.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any
from typing import Literal

from lmkd_core.logs.joins import CLAIMS
from lmkd_core.logs.joins import LMKD_TOLD
from lmkd_core.logs.joins import NAMED_BY
from lmkd_core.logs.joins import Group
from lmkd_core.logs.joins import joined
from lmkd_core.logs.reading import Event

Killer = Literal[
    "lmkd",
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
    "kernel-oom": "the kernel's OOM killer",
    "framework": "ActivityManager, for a reason of its own",
    "memory-limiter": "the limit of one app's memory",
    "freezer": "ActivityManager, because of the freezer",
    "signal": "a signal that nobody else accounts for, such as a measurement's own kill",
    "crash": "crashed",
    "anr": "did not respond",
    "itself": "ended by itself",
    "unknown": "died; no log tells of what",
}
"""The words and what they mean, in the order in which they are shown."""

OF_EXIT_REASON: dict[int, Killer] = {
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

SIGNALED, LOW_MEMORY = 2, 3
OOM_KILL = 30
"""SUBREASON_OOM_KILL: of the reason LOW_MEMORY, but the kernel's doing."""

LIMITER = "MemoryLimiter"
"""In the description (``MemoryLimiter:AnonSwap``) of what Android 17 first told with the reason OTHER."""

MORE_CERTAIN: frozenset[Killer] = frozenset({"crash", "anr", "freezer", "memory-limiter"})
"""exit-info tells these apart; ActivityManager's am_kill comes with them and says less."""


@dataclass(frozen=True, slots=True)
class Death:
    """``sources`` are the types of its ``records``; ``doubts`` what in them does not agree."""

    killer: Killer
    reason: str
    pid: int
    process: str
    sources: tuple[str, ...]
    time: str
    doubts: tuple[str, ...]
    records: tuple[Event, ...]

    @property
    def first(self) -> Event:
        """The record that dates it: a claim to have killed before a notice of the death."""
        return self.records[0]

    def to_fields(self) -> dict[str, Any]:
        """As JSON: the records by their places."""
        return {
            "type": "death",
            "killer": self.killer,
            "reason": self.reason,
            "pid": self.pid,
            "process": self.process or None,
            "time": self.time or None,
            "sources": {record.type: record.place for record in self.records},
            "doubts": list(self.doubts),
        }


def deaths(records: Iterable[Event]) -> tuple[Death, ...]:
    """In the order in which the logs first tell of each."""
    return tuple(_death(group) for group in joined(records))


def with_names(records: Iterable[Event], found: Iterable[Death]) -> list[Event]:
    """The records, where killinfo without a name has its partner's, and ``process_from`` says whose."""
    names: dict[int, dict[str, str]] = {}
    for death in found:
        _, source = _name(death.records)
        for record in death.records:
            if record.type == "killinfo" and death.process and not record.fields.get("process"):
                names[id(record)] = {"process": death.process, "process_from": source}
    return [
        replace(record, fields=record.fields | names[id(record)]) if id(record) in names else record
        for record in records
    ]


def _death(group: Group) -> Death:
    records = tuple(sorted(group.records, key=lambda record: record.type not in CLAIMS))
    killer, reason = _judge(group)
    name, _ = _name(records)
    times = (record.fields.get("time") or record.fields.get("timestamp") for record in records)
    return Death(
        killer=killer,
        reason=reason,
        pid=records[0].fields["pid"],
        process=name,
        sources=tuple(record.type for record in records),
        time=str(next(filter(None, times), "")),
        doubts=tuple(_doubts(group, killer)),
        records=records,
    )


def _name(records: Sequence[Event]) -> tuple[str, str]:
    """The name, and the type of the record that told it."""
    for source in NAMED_BY:
        for record in records:
            if record.type == source and record.fields.get("process"):
                return str(record.fields["process"]), source
    return "", ""


def _claimed(group: Group) -> dict[Killer, str]:
    """Who says that he killed, and why."""
    told: dict[Killer, str] = {}
    if any(map(group.of_type, ("lmkd_kill", "killinfo", LMKD_TOLD))):
        told["lmkd"] = _lmkd_reason(group)
    if oom := group.of_type("oom_kill"):
        told["kernel-oom"] = _oom_reason(oom.fields)
    if framework := group.of_type("am_kill"):
        told["framework"] = str(framework.fields.get("reason") or "no reason told")
    return told


def _lmkd_reason(group: Group) -> str:
    """The Kill line's words; else the name of killinfo's number, and the number where it has no name."""
    line, event = group.of_type("lmkd_kill"), group.of_type("killinfo")
    if line and line.fields.get("reason"):
        return str(line.fields["reason"])
    if event is None:
        return "no reason told"
    name = str(event.fields["reason_name"])
    return f"reason {event.fields['kill_reasons']}, which AOSP does not know" if name == "unknown" else name


def _oom_reason(fields: dict[str, Any]) -> str:
    where = {"memcg": "a memory cgroup's limit", "global": "out of memory"}
    words = [where.get(str(fields.get("scope")), str(fields.get("scope") or "out of memory"))]
    if fields.get("memcg") and fields.get("constraint") == "CONSTRAINT_MEMCG":
        words.append(f"in {fields['memcg']}")
    if fields.get("invoker"):
        words.append(f"invoked by {fields['invoker']}")
    return ", ".join(words)


def _judge(group: Group) -> tuple[Killer, str]:
    told = _claimed(group)
    by_exit = _of_exit_info(group)
    for killer in ("lmkd", "kernel-oom"):
        if killer in told:
            return killer, told[killer]
    if by_exit and (by_exit[0] in MORE_CERTAIN or not told):
        return by_exit
    if "framework" in told:
        return "framework", told["framework"]
    return "unknown", "no reason told"


def _of_exit_info(group: Group) -> tuple[Killer, str] | None:
    record = group.of_type("exit_info")
    if record is None:
        return None
    told = record.fields
    code, subreason = told.get("reason"), told.get("subreason")
    description = str(told.get("description") or "")
    killer = OF_EXIT_REASON.get(code, "unknown") if isinstance(code, int) else "unknown"
    if LIMITER in description:
        killer = "memory-limiter"
    elif code == LOW_MEMORY and subreason == OOM_KILL:
        killer = "kernel-oom"
    return killer, _exit_reason(told, description)


def _exit_reason(told: dict[str, Any], description: str) -> str:
    if told.get("reason") == SIGNALED:
        return f"signal {told.get('status')}"
    words = [str(told.get("reason_name") or "no reason told")]
    if told.get("subreason"):
        words.append(str(told.get("subreason_name") or told["subreason"]))
    return ", ".join([*words, *([description] if description else [])])


def _doubts(group: Group, killer: Killer) -> Iterator[str]:
    told, by_exit = _claimed(group), _of_exit_info(group)
    for other in told:
        if other != killer and not (other == "framework" and killer in MORE_CERTAIN):
            yield f"{other} tells that it killed this process too: {told[other]}"
    if by_exit is None or (by_exit[0] == killer and killer in told):
        return
    if by_exit[0] == killer and killer in {"lmkd", "kernel-oom"}:
        yield f"exit-info alone says so: no record of {killer} itself is in the log"
    elif by_exit[0] not in {killer, "unknown"} and not (killer == "kernel-oom" and _is_sigkill(group)):
        yield _disagrees(group, killer, by_exit[1])


def _disagrees(group: Group, killer: Killer, reason: str) -> str:
    if _is_sigkill(group) and killer == "lmkd":
        return f"exit-info says {reason}: lmkd's kills are not reported to it on this device, or came late"
    return f"exit-info says {reason}"


def _is_sigkill(group: Group) -> bool:
    """Whether exit-info tells of SIGKILL and not whose it was: that is all it learns from most kernels."""
    record = group.of_type("exit_info")
    return record is not None and (record.fields.get("reason"), record.fields.get("status")) == (SIGNALED, 9)
