"""``dumpsys activity exit-info``: why a process ended, four lines each.

Source: AOSP frameworks/base ApplicationExitInfo.dump(). Values run to the next name that is known, because
descriptions hold spaces and equal signs.
"""

from __future__ import annotations

import re
from typing import Any

HEADER = re.compile(r"\s*ApplicationExitInfo #\d+:\s*$")
NAMES = (
    "timestamp",
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
FIELD = re.compile(rf"(?:^|\s)({'|'.join(NAMES)})=")
CODED = re.compile(r"(?P<code>\d{1,6}) \((?P<name>.*)\)$")
SIZE = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,6})?)(?P<unit>[KMGT]?)B?$")
KB = {"": 1 / 1024, "K": 1, "M": 1024, "G": 1024**2, "T": 1024**3}
MOST_LINES = 3


def is_header(line: str) -> bool:
    return HEADER.match(line) is not None


def is_field_line(line: str) -> bool:
    """Whether the line can go on with the record whose header came before."""
    return line.startswith(" ") and FIELD.search(line) is not None


def parse_exit_info(lines: list[str]) -> dict[str, Any]:
    """Of the lines after the header. ``uid`` is the real one. Raises: ValueError: there is no pid."""
    text = " ".join(line.strip() for line in lines)
    places = list(FIELD.finditer(text))
    ends = [place.start() for place in places[1:]] + [len(text)]
    values = {place[1]: text[place.end() : end].strip() for place, end in zip(places, ends, strict=True)}
    if not values.get("pid", "").isdigit():
        raise ValueError("a record of exit-info tells a pid")
    told: dict[str, Any] = {"pid": int(values.pop("pid"))}
    told["uid"] = _whole(values.pop("realUid", ""))
    for name, value in values.items():
        told |= _field(name, value)
    return told


def _field(name: str, value: str) -> dict[str, Any]:
    coded = CODED.match(value) if name in {"reason", "subreason"} else None
    if coded:
        return {name: int(coded["code"]), f"{name}_name": coded["name"]}
    if name in {"pss", "rss"}:
        return {f"{name}_kb": _size_kb(value)}
    if name in {"packageUid", "definingUid", "user", "status", "importance"}:
        return {name: _whole(value)}
    return {name: None if value == "null" else value}


def _whole(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None


def _size_kb(text: str) -> int | None:
    """Android writes ``131MB``, ``2.5GB`` and, for nothing, ``0.00``."""
    found = SIZE.match(text)
    return round(float(found["number"]) * KB[found["unit"]]) if found else None
