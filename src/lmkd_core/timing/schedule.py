"""The work that is left of a run, and the time that it takes.

Work is done in lanes: the devices of one lane take turns, and the lanes run side by side, so the slowest
lane decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field

from lmkd_core.timing.costs import CostModel
from lmkd_core.timing.costs import Kind


@dataclass(frozen=True, slots=True)
class Work:
    """``units`` of ``kind`` on ``device``. ``part``: what they belong to, such as a test; it ends as one.

    ``counted``: the trials or episodes among them that count.
    """

    device: str
    part: Hashable
    kind: Kind
    units: float
    counted: int = 0


@dataclass(slots=True)
class Schedule:
    """The work left of devices that take turns, each with costs of its own."""

    _models: defaultdict[str, CostModel] = field(default_factory=lambda: defaultdict(CostModel))
    _left: dict[tuple[str, Hashable], dict[Kind, float]] = field(default_factory=dict)

    def add(self, works: Iterable[Work]) -> None:
        for work in works:
            kinds = self._left.setdefault((work.device, work.part), {})
            kinds[work.kind] = kinds.get(work.kind, 0.0) + work.units

    def done(self, work: Work, took_s: float) -> None:
        """Learns from the work, and takes it off what is left."""
        self._models[work.device].learn(work.kind, work.units, took_s)
        kinds = self._left.get((work.device, work.part), {})
        if work.kind in kinds:
            kinds[work.kind] = max(0.0, kinds[work.kind] - work.units)

    def end(self, device: str, part: Hashable) -> None:
        """Drops what is left of the part: it ended early, or cannot be run."""
        self._left.pop((device, part), None)

    def left_s(self) -> float:
        """The expected seconds until everything is done."""
        return sum(
            units * self._models[device].unit_s(kind)
            for (device, _), kinds in self._left.items()
            for kind, units in kinds.items()
        )


def slowest_s(left: Iterable[tuple[Hashable, float]]) -> float:
    """The seconds until all lanes are done, from pairs of a lane and the seconds of one of its devices."""
    lanes: dict[Hashable, float] = {}
    for lane, seconds in left:
        lanes[lane] = lanes.get(lane, 0.0) + seconds
    return max(lanes.values(), default=0.0)
