"""Shorter paths and ticks for the figures: the same drawing to a tenth of a unit, in half of the bytes.

A point on the straight line between its neighbours is left out, and every other one is written relative to
the one before it. Positions are rounded before they are subtracted, so errors do not add up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

Point = tuple[int, int]
"""A position in tenths of a unit."""

_STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_TRANSLATION = re.compile(r"translate\((-?[\d.]+),(-?[\d.]+)\)")


def short_path(data: str) -> str:
    """``data`` (absolute ``M``, ``L`` and ``Z``) in relative steps; as it is if it has other commands."""
    lines: list[tuple[list[Point], bool]] = []
    for command, text in _STEP.findall(data):
        numbers = [_tenths(number) for number in _NUMBER.findall(text)]
        points = list(zip(numbers[::2], numbers[1::2], strict=False))
        if command == "M":
            lines.append((points, False))
        elif command == "L" and lines:
            lines[-1][0].extend(points)
        elif command == "Z" and lines:
            lines[-1] = (lines[-1][0], True)
        else:
            return data
    return "".join(_relative(_bends(points)) + "z" * is_closed for points, is_closed in lines)


def tick_path(ticks: Sequence[tuple[str, str, str]]) -> str | None:
    """One path for ticks given as ``transform``, ``x2`` and ``y2``; None if one is not only moved."""
    parts = []
    for transform, x2, y2 in ticks:
        start = translation(transform)
        if start is None:
            return None
        x, y = map(_tenths, start)
        parts.append(_relative([(x, y), (x + _tenths(x2), y + _tenths(y2))]))
    return "".join(parts)


def translation(transform: str) -> tuple[str, str] | None:
    """The two numbers of ``translate(…)``, zeros for no transform; None for another one."""
    if not transform:
        return "0", "0"
    match = _TRANSLATION.fullmatch(transform)
    return (match[1], match[2]) if match else None


def short_number(text: str) -> str:
    """Rounded to a tenth: ``39.2``, ``39``, ``-.5``."""
    return _text(_tenths(text))


def _tenths(number: str) -> int:
    return round(10 * float(number))


def _bends(points: Sequence[Point]) -> list[Point]:
    """The points without repeated ones, and without those on the way from one neighbour to the other."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point and len(points) > 2:
            continue
        if len(kept) > 1 and _is_on_the_way(kept[-2], kept[-1], point):
            kept[-1] = point
        else:
            kept.append(point)
    return kept


def _is_on_the_way(first: Point, middle: Point, last: Point) -> bool:
    (ax, ay), (bx, by) = (
        (end[0] - start[0], end[1] - start[1]) for start, end in ((first, middle), (middle, last))
    )
    return ax * by == ay * bx and ax * bx + ay * by >= 0


def _relative(points: Sequence[Point]) -> str:
    """``M0 0h3.8l3.8 3.7``: straight steps by ``h`` and ``v``, a command is not repeated."""
    text, before = f"M{_pair(*points[0])}", "M"
    for (x, y), (next_x, next_y) in pairwise(points):
        right, down = next_x - x, next_y - y
        command = "h" if not down else ("v" if not right else "l")
        numbers = _pair(right, down) if command == "l" else _text(right or down)
        joint = command if command != before else ("" if numbers.startswith("-") else " ")
        text, before = text + joint + numbers, command
    return text


def _pair(x: int, y: int) -> str:
    return f"{_text(x)}{'' if y < 0 else ' '}{_text(y)}"


def _text(tenths: int) -> str:
    whole, rest = divmod(abs(tenths), 10)
    sign = "-" if tenths < 0 else ""
    return f"{sign}{whole or ''}.{rest}" if rest else f"{sign}{whole}"
