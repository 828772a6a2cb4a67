"""What the kernel's OOM killer prints: whom it killed, its dump before that, and what the oom reaper did.

Source: Linux mm/oom_kill.c. The dump ("invoked oom-killer", a table of tasks, from 5.0 on
"oom-kill:constraint=") comes first, and may be left out (rate limit). Up to 5.2 two lines tell of the kill
("Kill process … score … or sacrifice child" of the chosen one, "Killed process …" of the victim), later one.
The table's columns: ``nr_ptes nr_pmds`` up to 4.14, ``pgtables_bytes`` from 4.15,
``rss_anon rss_file rss_shmem`` from 6.8. Names are the kernel's ``comm``: 15 characters at most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from typing import Any

SCOPES = {
    "Out of memory": "global",
    "Out of memory (oom_kill_allocating_task)": "allocating-task",
    "Memory cgroup out of memory": "memcg",
}
_SCOPE = "|".join(re.escape(text) for text in sorted(SCOPES, key=len, reverse=True))

KILLED = re.compile(
    rf"(?:(?P<scope>{_SCOPE}): )?Killed process (?P<pid>\d{{1,10}}) \((?P<process>.*?)\)"
    r"(?:, UID:? ?(?P<early_uid>\d{1,10}),)?(?P<sizes> total-vm:.*)$"
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
TARGET = re.compile(r",pid=(?P<pid>\d{1,10}),uid=\d{1,10}$")
MEMCG = re.compile(r"(?:^|,)task_memcg=(?P<memcg>.*),task=")
GROUP = re.compile(r"Tasks in .* are going to be killed due to memory\.oom\.group set")
HEADER = re.compile(r"\[ *pid *\] +(?P<columns>[\w ]+ name)$")
ROW = re.compile(r"\[ *(?P<pid>\d{1,10})\] (?P<rest>.*)$")
REAPED = re.compile(
    r"oom_reaper: reaped process :?(?P<pid>\d{1,10}) \((?P<process>.*?)\),? (?:now )?(?P<sizes>anon-rss:.*)$"
)
UNREAPED = re.compile(r"oom_reaper: unable to reap pid:\d{1,10} ")
OTHERS = ("Tasks state (memory values in pages):", "Out of memory and no killable processes")

MOST_ROWS = 50_000
SIGNS = ("oom", "Kill", "Tasks ", "out of memory", "Out of memory", " total_vm ")
"""One of these is in every line that tells something outside the table."""

CONTEXT = "oom-killer's dump"
"""What lines around a kill are counted as."""


@dataclass(slots=True)
class Dump:
    """What was told so far of the kill that is to come; ``fields`` become its.

    ``target`` is the victim's pid where a line named it; ``spent``: the kill has come.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: dict[int, dict[str, int]] = field(default_factory=dict)
    target: int | None = None
    whole_group: bool = False
    spent: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a line told: a record (``type`` and its fields), or, without a type, a part of a dump."""

    type: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


class OomReader:
    """Takes the texts of one kernel log after the other, and remembers the dump before a kill."""

    def __init__(self) -> None:
        self._dump = Dump()

    def forget(self) -> None:
        """Another log begins: a dump that was cut tells nothing of its kills."""
        self._dump = Dump()

    def take(self, text: str) -> Told | None:
        """None where the line tells nothing of the OOM killer.

        Raises:
            ValueError: it begins as a kill or a reaping and goes on as none.
        """
        if self._dump.columns and not self._dump.spent and (row := ROW.match(text)):
            return Told() if self._add_row(row) else None
        if not any(sign in text for sign in SIGNS):
            return None
        return self._kill(text) or _reaped(text) or self._part(text)

    def _kill(self, text: str) -> Told | None:
        found = KILLED.match(text)
        if found is None:
            if re.match(rf"(?:(?:{_SCOPE}): )?Killed process \d", text):
                raise ValueError("a kill of the OOM killer tells pid, name and sizes")
            return None
        told: dict[str, Any] = {"pid": int(found["pid"]), "process": found["process"]}
        told |= _sizes(found["sizes"])
        uid, adj = UID.search(found["sizes"]), ADJ.search(found["sizes"])
        if uid or found["early_uid"]:
            told["uid"] = int(uid["uid"] if uid else found["early_uid"])
        if adj:
            told["oom_score_adj"] = int(adj["adj"])
        if found["scope"]:
            told["scope"] = SCOPES[found["scope"]]
        return Told("oom_kill", self._with_dump(told))

    def _with_dump(self, told: dict[str, Any]) -> dict[str, Any]:
        """A dump is of one kill, or of all of a group; another kill may have none."""
        dump = self._dump
        is_other = dump.target not in {None, told["pid"]} and not dump.whole_group
        if dump.spent or is_other:
            return told
        dump.spent = not dump.whole_group
        row = dump.rows.get(told["pid"])
        if row and "pgtables_kb" in told and row.get("pgtables_bytes") == told["pgtables_kb"]:
            told["pgtables_kb"] = row["pgtables_bytes"] // 1024  # before 5.5: bytes that were called kB
        if dump.rows:
            told["tasks"] = len(dump.rows)
        if row:
            told["task"] = row
        return {**dump.fields, **told}

    def _part(self, text: str) -> Told | None:
        invoked, chosen, constraint = INVOKED.match(text), CHOSEN.match(text), CONSTRAINT.match(text)
        header = HEADER.match(text)
        if invoked:
            self._dump = Dump(_invoked(invoked))
        elif chosen:
            self._chosen(chosen)
        elif constraint:
            self._constrained(constraint)
        elif header:
            self._dump.columns = tuple(header["columns"].split())
        elif GROUP.match(text):
            self._dump.whole_group, self._dump.spent = True, False
        elif not (UNREAPED.match(text) or text.startswith(OTHERS)):
            return None
        return Told()

    def _chosen(self, found: re.Match[str]) -> None:
        """The victim may be a child of the chosen one, with another pid."""
        self._begin_another()
        self._dump.fields |= {"scope": SCOPES[found["scope"]], "score": int(found["score"])}

    def _constrained(self, found: re.Match[str]) -> None:
        self._begin_another()
        memcg, target = MEMCG.search(found["rest"]), TARGET.search(found["rest"])
        self._dump.fields["constraint"] = found["constraint"]
        if memcg:
            self._dump.fields["memcg"] = memcg["memcg"]
        self._dump.target = int(target["pid"]) if target else None

    def _begin_another(self) -> None:
        """A dump whose kill has come tells nothing of the next."""
        if self._dump.spent or self._dump.whole_group:
            self._dump = Dump()

    def _add_row(self, row: re.Match[str]) -> bool:
        columns = self._dump.columns
        values = row["rest"].split(None, len(columns) - 1)
        numbers = values[: len(columns) - 1]
        if len(values) < len(columns) - 1 or not all(map(_is_whole, numbers)):
            return False
        if len(self._dump.rows) < MOST_ROWS:
            self._dump.rows[int(row["pid"])] = dict(zip(columns, map(int, numbers), strict=False))
        return True


def _invoked(found: re.Match[str]) -> dict[str, Any]:
    told = {"invoker": found["invoker"], "gfp_mask": found["mask"], "order": int(found["order"])}
    if found["gfp"]:
        told["gfp"] = found["gfp"]
    if found["adj"]:
        told["invoker_oom_score_adj"] = int(found["adj"])
    return told


def _reaped(text: str) -> Told | None:
    found = REAPED.match(text)
    if found is None:
        if text.startswith("oom_reaper: reaped "):
            raise ValueError("the oom reaper tells pid, name and what is left")
        return None
    left = {"pid": int(found["pid"]), "process": found["process"], **_sizes(found["sizes"])}
    return Told("oom_reaped", left)


def _sizes(text: str) -> dict[str, int]:
    """``anon-rss:12kB`` is ``anon_rss_kb``."""
    return {f"{size['name'].replace('-', '_')}_kb": int(size["kb"]) for size in SIZE.finditer(text)}


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 20
