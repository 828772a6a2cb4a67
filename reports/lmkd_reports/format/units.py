"""Numbers as readers see them: three significant digits, bounds with their sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lmkd_reports.format.plain import DASH

if TYPE_CHECKING:  # these load numpy and scipy, which take a third of a second
    from lmkd_core.statistics.bounds import Bounds
    from lmkd_core.statistics.shares import Share

NS_PER_MS = 1_000_000
KB_PER_MB = 1024
NOTHING = DASH
SMALLEST_P = 0.001


def significant(value: float, digits: int = 3) -> str:
    """``digits`` significant digits without an exponent, all digits before the point: 0.123, 12.3, 1234."""
    if value == 0:
        return "0"
    exponent = int(f"{value:.{digits - 1}e}".rpartition("e")[2])
    return f"{value:.{max(0, digits - 1 - exponent)}f}"


def ms(bounds: Bounds | None) -> str:
    """A time in ms; ``> 3000`` when it is only known to be longer, ``7.1 to 8.3`` when samples were lost."""
    if bounds is None:
        return NOTHING
    text = significant(bounds.low / NS_PER_MS)
    if math.isinf(bounds.high):
        return f"> {text}"
    greatest = significant(bounds.high / NS_PER_MS)
    return text if text == greatest else f"{text} to {greatest}"


def mb(bounds: Bounds | None) -> str:
    if bounds is None:
        return NOTHING
    size_mb = bounds.low / KB_PER_MB
    return f"{size_mb:.1f}" if size_mb < 100 else f"{size_mb:.0f}"


def size(kb: int) -> str:
    """A size of memory: 64 MB, 1.5 GB."""
    if kb < KB_PER_MB:
        return f"{kb} kB"
    unit, value = ("MB", kb / KB_PER_MB) if kb < KB_PER_MB**2 else ("GB", kb / KB_PER_MB**2)
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def factor(value: float) -> str:
    """A ratio with two digits after the point, or two that count below a tenth: 0.034, 0.12, 1.05, 12.3."""
    if value < 0.1:
        return significant(value, 2)
    return f"{value:.2f}" if value < 10 else significant(value)


def span(low: str, high: str) -> str:
    """``1.5 to 2.8``; one number if both ends read the same."""
    return low if low == high else f"{low} to {high}"


def ratio(bounds: Bounds) -> str:
    """``0.12x``, or its bounds: ``< 0.12x``, ``> 8.6x``, ``0.10x to 0.12x``, ``unknown``."""
    if bounds.exact:
        return f"{factor(bounds.low)}x"
    if not bounds.known:
        return "unknown"
    if math.isinf(bounds.high):
        return f"> {factor(bounds.low)}x"
    if bounds.low == 0:
        return f"< {factor(bounds.high)}x"
    return span(f"{factor(bounds.low)}x", f"{factor(bounds.high)}x")


def interval(bounds: Bounds | None) -> str:
    """``0.10 to 0.15``; an end that censoring leaves open is named as such."""
    if bounds is None:
        return NOTHING
    if not bounds.known:
        return "open on both sides"
    if bounds.low == 0:
        return f"below {end(bounds.high)}"
    if math.isinf(bounds.high):
        return f"above {end(bounds.low)}"
    return f"{end(bounds.low)} to {end(bounds.high)}"


def end(value: float) -> str:
    """An interval's end: never rounded to 1.00, on which the verdict hangs, unless it is 1."""
    shown, decimals = factor(value), 2
    while float(shown) == 1 and value != 1 and decimals < 6:
        decimals += 1
        shown = f"{value:.{decimals}f}"
    return shown


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def share_interval(share: Share) -> str:
    return f"{100 * share.low:.0f} to {100 * share.high:.0f} %"


def count(number: int, thing: str) -> str:
    """``1 thread``, ``16 threads``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def shares(counts: Sequence[tuple[str, int]]) -> str:
    """``stall 60 %, victim 40 %``, the most frequent first."""
    total = sum(number for _, number in counts)
    ordered = sorted(counts, key=lambda count: -count[1])
    return ", ".join(f"{name} {percent(number / total)}" for name, number in ordered)


def signed(value: float) -> str:
    """With its sign: two decimals at most, none from ten on."""
    text = f"{value:+.0f}" if abs(value) >= 10 else f"{value:+.2f}".rstrip("0").rstrip(".")
    return "0" if float(text) == 0 else text


def signed_ms(ns: float) -> str:
    """A difference of times in ms with its sign and three significant digits: -303, +0.412."""
    text = significant(ns / NS_PER_MS)
    return text if float(text) <= 0 else f"+{text}"


def p_value(p: float) -> str:
    """Three decimals, ``< 0.001`` for less."""
    return f"< {SMALLEST_P}" if p < SMALLEST_P else f"{p:.3f}"


def points(share: float) -> str:
    """Percentage points with their sign; a decimal below ten."""
    percent = round(100 * share, 1)
    return signed(percent) if abs(percent) < 10 else f"{percent:+.0f}"
