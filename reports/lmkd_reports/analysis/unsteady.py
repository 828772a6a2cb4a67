"""Changes of a device's state during measurements, from Android's reports before and after each block."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.records.device import StateRecord

HOT = 2
"""PowerManager.THERMAL_STATUS_MODERATE: from here on clocks are lowered."""

CLOCK_SLACK_S, CLOCK_SLACK_SHARE = 2, 0.01
"""Both clocks are told in whole seconds, and an NTP client slews by less than this share."""

Place = tuple[str, str, int, str]
"""Suite, scenario, block and arm between the two states of a pair."""


@dataclass(frozen=True, slots=True)
class Unsteady:
    """``change`` happened in ``times`` of ``known`` blocks or episodes, first in ``first``."""

    change: str
    times: int
    known: int
    first: Place


def unsteady_of(states: Sequence[StateRecord]) -> tuple[Unsteady, ...]:
    """The changes that happened, in a fixed order."""
    pairs = _pairs(states)
    changes = (_change(text, check, pairs) for text, check in CHECKS.items())
    return tuple(change for change in changes if change is not None)


def _pairs(states: Sequence[StateRecord]) -> Mapping[Place, tuple[StateRecord, StateRecord]]:
    """Before and after of the same boot; of a block that was measured again the last."""
    before: dict[Place, StateRecord] = {}
    pairs: dict[Place, tuple[StateRecord, StateRecord]] = {}
    for state in states:
        place = (state.suite, state.scenario, state.block, state.arm)
        if state.when == "before":
            before[place] = state
        elif place in before and before[place].boot_id == state.boot_id:
            pairs[place] = (before.pop(place), state)
    return pairs


Check = Callable[[StateRecord, StateRecord], bool | None]
"""None: the device does not report it."""


def _change(
    text: str, check: Check, pairs: Mapping[Place, tuple[StateRecord, StateRecord]]
) -> Unsteady | None:
    answers = {place: answer for place, pair in pairs.items() if (answer := check(*pair)) is not None}
    places = [place for place, answer in answers.items() if answer]
    return Unsteady(text, len(places), len(answers), places[0]) if places else None


def _changed(name: str) -> Check:
    def check(before: StateRecord, after: StateRecord) -> bool | None:
        values = getattr(before, name), getattr(after, name)
        return None if None in values else values[0] != values[1]

    return check


def _is_hot(before: StateRecord, after: StateRecord) -> bool | None:
    statuses = [state.thermal_status for state in (before, after) if state.thermal_status is not None]
    return max(statuses) >= HOT if statuses else None


def _clock_was_set(before: StateRecord, after: StateRecord) -> bool | None:
    if None in (before.clock_s, after.clock_s, before.uptime_s, after.uptime_s):
        return None
    passed_s = (after.uptime_s or 0) - (before.uptime_s or 0)
    differs_s = abs((after.clock_s or 0) - (before.clock_s or 0) - passed_s)
    return differs_s > CLOCK_SLACK_S + CLOCK_SLACK_SHARE * passed_s


CHECKS: Mapping[str, Check] = {
    "the screen went on or off": _changed("screen"),
    "the charger was plugged in or pulled": _changed("on_power"),
    "the device was hot (thermal status 2 or more)": _is_hot,
    "another CPU frequency governor took over": _changed("governors"),
    "the clock was set": _clock_was_set,
}
"""The text for a block that fails, and the check."""
