"""Parser of ``dumpsys activity exit-info``: why a process ended, in some lines or in one.

Source: AOSP frameworks/base ApplicationExitInfo.dump(). A value extends to the next known name, because
descriptions contain spaces and equal signs.
"""

from __future__ import annotations

import re
from typing import Any

HEADER = re.compile(r"\s*+ApplicationExitInfo #\d{1,6}:\s*$")
IN_ONE_LINE = re.compile(r"\bApplicationExitInfo\((?P<fields>timestamp=.*)\)?", re.DOTALL)
"""``ApplicationExitInfo.toString()``."""
NAMES = (
    "timestamp",
    "recentTaskInfo",
    "adj",
    "procState",
    "swapPss",
    "pid",
    "realUid",
    "packageUid",
    "definingUid",
    "user",
    "process",
    "reason",
    "subreason",
    "status",
    "importance",
    "pss",
    "rss",
    "description",
    "state",
    "trace",
)
FIELD = re.compile(rf"(?<![\w.])({'|'.join(NAMES)})=")
CODED = re.compile(r"(?P<code>\d{1,6}) \((?P<name>.*?)\)(?=\s|$)")
INTEGER = re.compile(r"-?\d{1,18}(?=\s|$)")
SIZE = re.compile(r"(?P<number>\d{1,12}(?:[.,]\d{1,6})?) ?(?P<unit>[KMGT]?)B?(?=\s|$)")
KB = {"": 1 / 1024, "K": 1, "M": 1024, "G": 1024**2, "T": 1024**3}
CLOSING = "`\"',)}"
"""Ends of quotes behind the last value."""

MAX_FIELD_LINES = 24
"""Lines after the header of a record: AOSP prints three or four, some tools one per field."""


def is_header(line: str) -> bool:
    return HEADER.match(line) is not None


def is_field_line(line: str) -> bool:
    """Returns whether the line may continue the record whose header came before it."""
    return FIELD.search(line) is not None


def parse_exit_info_text(message: str) -> dict[str, Any]:
    """Returns the fields of a record that is printed in one line.

    Raises:
        ValueError: the text contains no record with a pid.
    """
    record = IN_ONE_LINE.search(message)
    if record is None:
        raise ValueError("an exit-info record has a timestamp")
    return parse_exit_info([record["fields"].removesuffix(")")])


def parse_exit_info(lines: list[str]) -> dict[str, Any]:
    """Returns the fields of a record from the lines after its header; ``uid`` is the real uid.

    Raises:
        ValueError: the lines contain no pid.
    """
    text = " ".join(line.strip() for line in lines)
    names = list(FIELD.finditer(text))
    ends = [name.start() for name in names[1:]] + [len(text)]
    values = {name[1]: text[name.end() : end].strip() for name, end in zip(names, ends, strict=True)}
    pid = _integer(values.pop("pid", ""))
    if pid is None or pid < 0:
        raise ValueError("an exit-info record has a pid")
    fields: dict[str, Any] = {"pid": pid, "uid": _integer(values.pop("realUid", ""))}
    for name, value in values.items():
        fields |= _field(name, value)
    return fields


def _field(name: str, value: str) -> dict[str, Any]:
    coded = CODED.match(value) if name in {"reason", "subreason"} else None
    if coded:
        return {name: int(coded["code"]), f"{name}_name": coded["name"]}
    if name == "adj":
        return {"oom_score_adj": _integer(value)}
    if name in {"pss", "rss", "swapPss"}:
        return {f"{name}_kb": _size_kb(value)}
    if name in {"packageUid", "definingUid", "user", "status", "importance"}:
        return {name: _integer(value)}
    return {name: None if value.rstrip(CLOSING) == "null" else value}


def _integer(text: str) -> int | None:
    """Returns the integer before what a vendor may have added."""
    match = INTEGER.match(text)
    return int(match[0]) if match else None


def _size_kb(text: str) -> int | None:
    """Converts ``131MB``, ``2.5GB``, ``2,5GB`` or, for nothing, ``0.00``; returns None for other texts."""
    match = SIZE.match(text)
    return round(float(match["number"].replace(",", ".")) * KB[match["unit"]]) if match else None
