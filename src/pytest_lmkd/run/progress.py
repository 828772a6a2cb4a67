"""How far one process of a run is: the work left of its devices, told to a listener."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from lmkd_core.timing import guesses
from lmkd_core.timing.costs import Group
from lmkd_core.timing.schedule import Schedule
from lmkd_core.timing.schedule import Work
from pytest_lmkd.experiment.blocks import Ran
from pytest_lmkd.experiment.blocks import Watcher
from pytest_lmkd.run.messages import DevicePlan
from pytest_lmkd.run.messages import Listener
from pytest_lmkd.run.messages import Plan
from pytest_lmkd.run.messages import Update
from pytest_lmkd.run.workload import WantedTest
from pytest_lmkd.run.workload import Workload
from pytest_lmkd.run.workload import blocks_part
from pytest_lmkd.run.workload import start_part

COUNTED = ("trials", "episodes")


@dataclass(slots=True)
class RunProgress(Watcher):
    """Hears what is done, and tells the listener what is left.

    ``process`` is this one's number in the run; processes of one ``lane`` take turns.
    """

    workload: Workload
    listener: Listener
    process: int = 0
    lane: int = 0
    _schedule: Schedule = field(default_factory=Schedule)
    _counted_left: Counter[tuple[str, Hashable, Group]] = field(default_factory=Counter)

    def begin(self, tests: Sequence[WantedTest]) -> None:
        """Tells the plan of these tests."""
        works = list(self.workload.works(tests))
        self._schedule.add(works)
        for work in works:
            self._counted_left[work.device, work.part, work.kind.group] += work.counted
        devices = dict.fromkeys(work.device for work in works)
        plans = [_device_plan(name, [work for work in works if work.device == name]) for name in devices]
        self.listener.show(Plan(self.process, self.lane, self._schedule.left_s(), tuple(plans)))

    def attached(self, device: str, took_s: float) -> None:
        """The device was attached."""
        self._schedule.done(Work(device, start_part(0), guesses.ATTACH, 1), took_s)

    def restarts(self, device: str, boot: int) -> None:
        """The device is being restarted for that boot of the plan."""
        self._update(device, f"restarting for boot {boot + 1}")

    def restarted(self, device: str, boot: int, took_s: float) -> None:
        """The device was restarted for that boot of the plan."""
        self._schedule.done(Work(device, start_part(boot), guesses.RESTART, 1), took_s)

    def ran(self, ran: Ran) -> None:
        """As of ``experiment.blocks.Watcher``."""
        kind = self.workload.kind(ran.stratum)
        self._schedule.done(Work(ran.device, blocks_part(kind, ran.boot), kind, ran.share), ran.took_s)

    def block_done(self, device: str, stratum: Any, boot: int, block: int, blocks: int) -> None:  # noqa: ANN401 - of any suite
        """As of ``experiment.blocks.Watcher``."""
        kind = self.workload.kind(stratum)
        part = device, blocks_part(kind, boot), kind.group
        self._counted_left[part] = max(0, self._counted_left[part] - self.workload.block_size(stratum))
        self._update(device, f"{stratum}  block {block + 1}/{blocks}")

    def ended(self, test: WantedTest, took_s: float) -> None:
        """The test is over, whatever it did; what it did not do is not left any more."""
        for work in self.workload.of_test(test):
            if work.kind.group == "cases":
                self._schedule.done(work, took_s)
            self._schedule.end(work.device, work.part)
            self._counted_left.pop((work.device, work.part, work.kind.group), None)
        self._schedule.end(test.device, start_part(test.boot))
        if not self.workload.strata(test):
            self._update(test.device, test.name)

    def _update(self, device: str, where: str) -> None:
        left_s, trials, episodes = self._schedule.left_s(), self._left("trials"), self._left("episodes")
        self.listener.show(Update(self.process, self.lane, left_s, device, where, trials, episodes))

    def _left(self, group: Group) -> int:
        return sum(count for (_, _, own), count in self._counted_left.items() if own == group)


def _device_plan(device: str, works: Sequence[Work]) -> DevicePlan:
    counts: Counter[str] = Counter()
    for work in works:
        counts[work.kind.group] += work.counted if work.kind.group in COUNTED else 1
    boots = counts["attachments"] + counts["boots"]
    others = counts["cases"] + counts["observations"]
    return DevicePlan(device, counts["trials"], counts["episodes"], others, boots)
