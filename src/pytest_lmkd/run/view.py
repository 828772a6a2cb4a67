"""The run as a whole, from what its processes tell: its plan in one line, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from lmkd_core.timing.schedule import slowest_s
from lmkd_core.timing.words import duration_text
from pytest_lmkd.run.messages import DevicePlan
from pytest_lmkd.run.messages import Plan
from pytest_lmkd.run.messages import Update


@dataclass(slots=True)
class RunView:
    """``processes``: how many take part. Times are seconds of one clock, given by the caller."""

    processes: int = 1
    _plans: dict[int, Plan] = field(default_factory=dict)
    _left: dict[int, tuple[int, float]] = field(default_factory=dict)
    _begun_s: float | None = None
    _heard_s: float = 0.0
    _last: Update | None = None

    def hear(self, message: Plan | Update, now_s: float) -> str:
        """Takes in a message; returns the line about the whole plan once its last part is there."""
        self._left[message.process] = message.lane, message.left_s
        self._heard_s = now_s
        self._begun_s = now_s if self._begun_s is None else self._begun_s
        if isinstance(message, Update):
            self._last = message
            return ""
        is_new = message.process not in self._plans
        self._plans[message.process] = message
        return self._plan_line() if is_new and len(self._plans) == self.processes else ""

    def left_s(self, now_s: float) -> float:
        """The expected seconds until the slowest lane is done."""
        return max(0.0, slowest_s(self._left.values()) - (now_s - self._heard_s))

    def share_done(self, now_s: float) -> float:
        """The share of the run's time that is over, from 0 to 1."""
        total_s = self.total_s(now_s)
        return self._so_far_s(now_s) / total_s if total_s else 0.0

    def total_s(self, now_s: float) -> float:
        """The expected seconds of the whole run."""
        return self._so_far_s(now_s) + self.left_s(now_s)

    def _so_far_s(self, now_s: float) -> float:
        return now_s - self._begun_s if self._begun_s is not None else 0.0

    @property
    def where(self) -> str:
        """What was last heard, with the device if there are several."""
        if self._last is None:
            return "starting"
        is_only = sum(len(plan.devices) for plan in self._plans.values()) == 1
        return self._last.where if is_only else f"{self._last.device}  {self._last.where}"

    def line(self, now_s: float) -> str:
        """For example ``virtual-stock  undisturbed-64MB-1t  block 3/10  4 min left: 81 trials``."""
        device = f"{self._last.device}  {self._last.where}  " if self._last else ""
        return f"{device}{self.rest(now_s)}"

    def rest(self, now_s: float) -> str:
        """For example ``4 min left: 81 trials and 12 episodes``."""
        time_text = f"{duration_text(self.left_s(now_s))} left"
        if self._last is None or not (self._last.trials_left or self._last.episodes_left):
            return time_text
        counts = {"trial": self._last.trials_left, "episode": self._last.episodes_left}
        return f"{time_text}: {_counts_text(counts)}"

    def _plan_line(self) -> str:
        """For example ``plan: 96 trials and 12 episodes in 12 boots: about 6 min``."""
        devices = [device for plan in self._plans.values() for device in plan.devices]
        if not devices:
            return ""
        each = list(dict.fromkeys(map(_device_text, devices)))
        if len(devices) == 1:
            text = each[0]
        elif len(each) == 1:
            text = f"{each[0]} on each of {len(devices)} devices, {_count_text(devices)} in all"
        else:
            named = "; ".join(f"{device.device}: {_device_text(device)}" for device in devices)
            text = f"{named}; {_count_text(devices)} in all"
        return f"plan: {text}: about {duration_text(slowest_s(self._left.values()))}"


def _device_text(plan: DevicePlan) -> str:
    boots = f" in {_number(plan.boots, 'boot')}" if plan.boots > 1 else ""
    return _count_text([plan]) + boots


def _count_text(plans: list[DevicePlan]) -> str:
    """For example ``96 trials, 12 episodes and 4 other tests``."""
    counts = {
        "trial": sum(plan.trials for plan in plans),
        "episode": sum(plan.episodes for plan in plans),
        "other test": sum(plan.others for plan in plans),
    }
    return _counts_text(counts) if any(counts.values()) else "nothing left to measure"


def _counts_text(counts: Mapping[str, int]) -> str:
    """The counts that are not zero, of which there is one at least."""
    *others, last = [_number(count, what) for what, count in counts.items() if count]
    return f"{', '.join(others)} and {last}" if others else last


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
