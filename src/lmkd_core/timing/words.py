"""Durations in words, and from words: ``1 h 12 min``, ``--lmkd-budget 1h30m``."""

from __future__ import annotations

import re

from lmkd_core.base.errors import UsageProblem

BUDGET = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", re.ASCII)

STEP_S = 5
"""Shorter durations than two minutes are rounded to this."""


def duration_text(seconds: float) -> str:
    """For example ``35 s``, ``6 min`` or ``1 h 12 min``."""
    if seconds < 117.5:
        return f"{max(STEP_S, round(seconds / STEP_S) * STEP_S)} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def parse_duration(option: str, text: str) -> int:
    """The seconds of ``90s``, ``10m``, ``2h`` or ``1h30m``. Raises: UsageProblem, naming the option."""
    match = BUDGET.fullmatch(text.strip().lower())
    parts = match.groups() if match else ()
    seconds = sum(int(part or 0) * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    if not seconds:
        raise UsageProblem(f"{option} takes a time such as 90s, 10m or 1h30m, not {text!r}")
    return seconds
