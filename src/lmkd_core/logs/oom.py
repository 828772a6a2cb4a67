"""Parser of the lines of the kernel's OOM killer: the dump before a kill, the kill, and the OOM reaper.

Source: Linux mm/oom_kill.c. The dump ("invoked oom-killer", a table of tasks, from 5.0 on
"oom-kill:constraint=") comes first, or is omitted by the rate limit. Up to 5.2 two lines report a kill
("Kill process … score … or sacrifice child" for the chosen task, "Killed process …" for the victim), later
one. The table has the columns ``nr_ptes nr_pmds`` up to 4.14, ``pgtables_bytes`` from 4.15, and
``rss_anon rss_file rss_shmem`` from 6.8. Names are the kernel's ``comm``: 15 characters at most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from lmkd_core.logs.numbers import is_integer

SCOPES = {
    "Out of memory": "global",
    "Out of memory (oom_kill_allocating_task)": "allocating-task",
    "Memory cgroup out of memory": "memcg",
}
_SCOPE = "|".join(re.escape(text) for text in sorted(SCOPES, key=len, reverse=True))

KILLED = re.compile(
    rf"(?:(?P<scope>{_SCOPE}): )?Killed process (?P<pid>\d{{1,10}}) \((?P<process>.*?)\)"
    r"(?:, UID:? ?(?P<early_uid>\d{1,10}),)?(?P<sizes> total-vm:.*|[\s,.]*)$"
)
SIZE = re.compile(r"\b(?P<name>[a-z]+(?:-[a-z]+)?):(?P<kb>\d{1,15})(?:kB)?(?=,|\s|$)")
UID = re.compile(r"\bUID:(?P<uid>\d{1,10})")
ADJ = re.compile(r"\boom_score_adj:(?P<adj>-?\d{1,5})")
CHOSEN = re.compile(
    rf"(?P<scope>{_SCOPE}): Kill process (?P<pid>\d{{1,10}}) \(.*\) score (?P<score>-?\d{{1,10}})"
)
INVOKED = re.compile(
    r"(?P<invoker>.{1,64}?) invoked oom-killer: gfp_mask=(?P<mask>0x[0-9a-f]{1,16})(?:\((?P<gfp>[^)]*)\))?"
    r".*?\border=(?P<order>-?\d{1,3})(?:.*?\boom_(?:score_)?adj=(?P<adj>-?\d{1,5}))?"
)
CONSTRAINT = re.compile(r"oom-kill: ?constraint=(?P<constraint>\w{1,40}),(?P<rest>.*)$")
TARGET = re.compile(r",task=(?P<process>.{1,64}?),pid=(?P<pid>\d{1,10}),uid=(?P<uid>\d{1,10})")
MEMCG = re.compile(r"(?:^|,)task_memcg=(?P<memcg>.*),task=")
GROUP = re.compile(r"Tasks in .* are going to be killed due to memory\.oom\.group set")
HEADER = re.compile(r"\[ *pid *\] +(?P<columns>[\w ]+ name)$")
ROW = re.compile(r"\[ *(?P<pid>\d{1,10})\] (?P<rest>.*)$")
REAPED = re.compile(
    r"oom_reaper: reaped process :?(?P<pid>\d{1,10}) \((?P<process>.*?)\)"
    r"(?:,? (?:now )?(?P<sizes>anon-rss:.*)|(?P<no_sizes>))$"
)
UNREAPED = re.compile(r"oom_reaper: unable to reap pid:\d{1,10} ")


def is_cut(text: str) -> bool:
    """Returns whether a line of ``START`` goes on in the next one: people break it."""
    if text.startswith("oom-kill:"):
        return TARGET.search(text) is None
    return "Killed process" in text and ("total-vm:" not in text or text.endswith(","))


def check_whole(text: str) -> dict[str, Any]:
    """Raises ValueError for a line that must go on; ``OomReader`` parses it."""
    if is_cut(text):
        raise ValueError("a line of the OOM killer is cut")
    return {}


OTHERS = ("Tasks state (memory values in pages):", "Out of memory and no killable processes")

MAX_ROWS = 50_000
MOST_LINES_WITHOUT = 500
"""Lines of a dump in a row that are of the memory's state, not of the OOM killer."""

KEYWORDS = ("oom", "Kill", "Tasks ", "out of memory", "Out of memory", " total_vm ")
"""Every line of the OOM killer outside the table contains one of these."""

START = re.compile(
    rf"(?:(?:{_SCOPE}): )?Kill(?:ed)? process \d|oom-kill: ?constraint=|oom_reaper: "
    r"|.{1,64}? invoked oom-killer: "
)
"""Starts of the lines that report or explain a kill."""

CONTEXT = "oom-killer's dump"
"""The count to which the lines around a kill are added."""


@dataclass(slots=True)
class Dump:
    """The dump read so far of a kill that follows; ``fields`` become fields of the kill.

    ``target``: the victim's pid, if a line named it. ``whole_group``: the kill is of a whole memory cgroup
    (memory.oom.group). ``used``: the kill has followed.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: dict[int, dict[str, int]] = field(default_factory=dict)
    target: int | None = None
    whole_group: bool = False
    used: bool = False


@dataclass(frozen=True, slots=True)
class OomLine:
    """A line of the OOM killer: a record (``type`` and its fields) or, without a type, part of a dump."""

    type: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


class OomReader:
    """Parses the lines of kernel logs one after the other, and remembers the dump before a kill."""

    def __init__(self) -> None:
        self._dump = Dump()
        self._lines_since = 0

    def reset(self) -> None:
        """Forgets the dump: at the start of another log, it has no kill."""
        self._dump = Dump()

    @property
    def is_in_dump(self) -> bool:
        """Whether the next lines may be of a dump, whose kill has not come yet."""
        return bool(self._dump.fields) and not self._dump.used and self._lines_since < MOST_LINES_WITHOUT

    def read(self, text: str) -> OomLine | None:
        """Returns the parsed line; None if it is not of the OOM killer.

        Raises:
            ValueError: the line starts as a kill or a reaping, but its rest is of neither.
        """
        parsed = self._parsed(text)
        self._lines_since = 0 if parsed else self._lines_since + 1
        return parsed

    def _parsed(self, text: str) -> OomLine | None:
        if self._dump.columns and not self._dump.used and (row := ROW.match(text)):
            return OomLine() if self._add_row(row) else None
        if not any(keyword in text for keyword in KEYWORDS):
            return None
        return self._kill(text) or _reaped(text) or self._dump_part(text)

    def _kill(self, text: str) -> OomLine | None:
        kill = KILLED.match(text)
        if kill is None:
            if re.match(rf"(?:(?:{_SCOPE}): )?Killed process \d", text):
                raise ValueError("an OOM kill has pid and name")
            return None
        fields: dict[str, Any] = {"pid": int(kill["pid"]), "process": kill["process"]}
        fields |= _sizes(kill["sizes"])
        uid, adj = UID.search(kill["sizes"]), ADJ.search(kill["sizes"])
        if uid or kill["early_uid"]:
            fields["uid"] = int(uid["uid"] if uid else kill["early_uid"])
        if adj:
            fields["oom_score_adj"] = int(adj["adj"])
        if kill["scope"]:
            fields["scope"] = SCOPES[kill["scope"]]
        return OomLine("oom_kill", self._with_dump(fields))

    def _with_dump(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Adds the dump's fields to a kill's. A dump is of one kill or of a group's; a kill may have none."""
        dump = self._dump
        is_other_kill = dump.target not in {None, fields["pid"]} and not dump.whole_group
        if dump.used or is_other_kill:
            return fields
        dump.used = not dump.whole_group
        row = dump.rows.get(fields["pid"])
        if row and "pgtables_kb" in fields and row.get("pgtables_bytes") == fields["pgtables_kb"]:
            fields["pgtables_kb"] = row["pgtables_bytes"] // 1024  # before 5.5 bytes were labelled kB
        if dump.rows:
            fields["tasks"] = len(dump.rows)
        if row:
            fields["task"] = row
        return {**dump.fields, **fields}

    def _dump_part(self, text: str) -> OomLine | None:
        invoked, chosen, constraint = INVOKED.match(text), CHOSEN.match(text), CONSTRAINT.match(text)
        header = HEADER.match(text)
        if invoked:
            self._dump = Dump(_invoked(invoked))
        elif chosen:
            self._add_chosen(chosen)
        elif constraint:
            return self._add_constraint(constraint)
        elif header:
            self._dump.columns = tuple(header["columns"].split())
        elif GROUP.match(text):
            self._dump.whole_group, self._dump.used = True, False
        elif not (UNREAPED.match(text) or text.startswith(OTHERS)):
            return None
        return OomLine()

    def _add_chosen(self, chosen: re.Match[str]) -> None:
        """Adds scope and score, but no pid: the victim may be a child of the chosen task."""
        self._replace_used_dump()
        self._dump.fields |= {"scope": SCOPES[chosen["scope"]], "score": int(chosen["score"])}

    def _add_constraint(self, constraint: re.Match[str]) -> OomLine:
        """Returns the choice of a victim: where the log lacks the kill itself, it reports the death alone."""
        self._replace_used_dump()
        memcg, target = MEMCG.search(constraint["rest"]), TARGET.search(constraint["rest"])
        self._dump.fields["constraint"] = constraint["constraint"]
        if memcg:
            self._dump.fields["memcg"] = memcg["memcg"]
        if target is None:
            self._dump.target = None
            return OomLine()
        self._dump.target = int(target["pid"])
        fields = {"pid": int(target["pid"]), "process": target["process"], "uid": int(target["uid"])}
        return OomLine("oom_chosen", {**fields, **self._dump.fields})

    def _replace_used_dump(self) -> None:
        """Begins a new dump if the last one already had its kill."""
        if self._dump.used or self._dump.whole_group:
            self._dump = Dump()

    def _add_row(self, row: re.Match[str]) -> bool:
        columns = self._dump.columns
        values = row["rest"].split(None, len(columns) - 1)
        numbers = values[: len(columns) - 1]
        if len(values) < len(columns) - 1 or not all(map(is_integer, numbers)):
            return False
        if len(self._dump.rows) < MAX_ROWS:
            self._dump.rows[int(row["pid"])] = dict(zip(columns, map(int, numbers), strict=False))
        return True


def _invoked(invoked: re.Match[str]) -> dict[str, Any]:
    fields = {"invoker": invoked["invoker"], "gfp_mask": invoked["mask"], "order": int(invoked["order"])}
    if invoked["gfp"]:
        fields["gfp"] = invoked["gfp"]
    if invoked["adj"]:
        fields["invoker_oom_score_adj"] = int(invoked["adj"])
    return fields


def _reaped(text: str) -> OomLine | None:
    reaped = REAPED.match(text)
    if reaped is None:
        if text.startswith("oom_reaper: reaped "):
            raise ValueError("a reaping by the OOM reaper has pid, name and sizes")
        return None
    fields = {"pid": int(reaped["pid"]), "process": reaped["process"], **_sizes(reaped["sizes"] or "")}
    return OomLine("oom_reaped", fields)


def _sizes(text: str) -> dict[str, int]:
    """Returns the sizes in kB: ``anon-rss:12kB`` becomes ``anon_rss_kb``."""
    return {f"{size['name'].replace('-', '_')}_kb": int(size["kb"]) for size in SIZE.finditer(text)}
