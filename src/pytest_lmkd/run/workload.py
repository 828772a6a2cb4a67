"""The work of a run: what its tests do on each device, in units whose time can be guessed."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from collections.abc import Set
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.stratum import Stratum
from lmkd_core.scenarios.apps import AppsScenario
from lmkd_core.timing import guesses
from lmkd_core.timing.costs import Kind
from lmkd_core.timing.schedule import Work
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.run.suites import Suites

Identity = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class WantedTest:
    """A test on a device: ``name`` without the device's, the ``values`` of its parameters, and its boot."""

    device: str
    name: str
    values: tuple[object, ...]
    boot: int = 0


@dataclass(frozen=True, slots=True)
class Workload:
    """Turns tests into work, by the run's suites, arms and rules.

    ``recorded``: by device, the identities of trials that a resumed run need not run again.
    """

    suites: Suites
    arms: Sequence[str]
    rules: RunRules
    recorded: Mapping[str, Set[Identity]] = field(default_factory=dict)

    def works(self, tests: Iterable[WantedTest]) -> Iterator[Work]:
        """The work of all tests, of starts and of warm-ups; a stratum of two tests is measured once."""
        planned: set[tuple[str, object]] = set()
        cold: set[tuple[str, object]] = set()
        for test in tests:
            start = Work(test.device, start_part(test.boot), _start_kind(test.boot), 1)
            if (start.device, start.part) not in planned:
                planned.add((start.device, start.part))
                cold.add((start.device, start.part))
                yield start
            for work in self.of_test(test):
                if (work.device, work.part) in planned or not work.units:
                    continue
                planned.add((work.device, work.part))
                yield work
                if work.kind.group == "trials" and (start.device, start.part) in cold:
                    cold.remove((start.device, start.part))
                    yield Work(work.device, work.part, work.kind, int(self.rules.trials.warmup_after_boot))

    def of_test(self, test: WantedTest) -> list[Work]:
        """The blocks of its strata in its boot; for a test without one, the test itself."""
        works = [self._blocks(test.device, stratum, test.boot) for stratum in self.strata(test)]
        return works or [Work(test.device, test.name, guesses.case_kind(test.name), 1)]

    def strata(self, test: WantedTest) -> list[Any]:
        """The parameters of the test that are measured in blocks."""
        return [v for v in test.values if isinstance(v, AppsScenario) or self.suites.plan_of(v) is not None]

    def kind(self, stratum: Any) -> Kind:  # noqa: ANN401 - of any suite
        """Blocks of the stratum, as a kind of work."""
        if isinstance(stratum, AppsScenario):
            return guesses.observation_kind(stratum)
        size = self.suites.block_length(stratum, self.arms, self.rules)
        if isinstance(stratum, EpisodeStratum):
            return guesses.episode_kind(stratum, size)
        if isinstance(stratum, Stratum):
            return guesses.trial_kind(stratum, size)
        return guesses.other_kind(str(stratum), size)

    def block_size(self, stratum: Any) -> int:  # noqa: ANN401 - as above
        """The trials or episodes that count in a block; 0 for observations, which are not planned."""
        return self.suites.block_size(stratum, self.arms, self.rules)

    def _blocks(self, device: str, stratum: Any, boot: int) -> Work:  # noqa: ANN401 - as above
        """The blocks of a stratum in a boot that have no records yet."""
        kind = self.kind(stratum)
        if isinstance(stratum, AppsScenario):
            return Work(device, blocks_part(kind, boot), kind, len(self.rules.episodes.blocks_of(boot)))
        recorded = self.recorded.get(device)
        if not recorded:
            return self._whole(device, stratum, boot, kind)
        planned = self.suites.planned(stratum, device, self.arms, self.rules, boot)
        left = [line for line in planned if line.identity not in recorded]
        counted = sum(not line.warmup for line in left)
        size = self.suites.block_length(stratum, self.arms, self.rules)
        return Work(device, blocks_part(kind, boot), kind, len(left) / max(size, 1), counted)

    def _whole(self, device: str, stratum: Any, boot: int, kind: Kind) -> Work:  # noqa: ANN401 - as above
        own = self.suites.rules_of(stratum, self.rules)
        blocks = len(own.blocks_of(boot))
        units = blocks + len(own.warmups_of(boot))
        return Work(device, blocks_part(kind, boot), kind, units, blocks * self.block_size(stratum))


def blocks_part(kind: Kind, boot: int) -> tuple[str, int]:
    """The blocks of a kind in a boot, as a part of the device's work."""
    return kind.name, boot


def start_part(boot: int) -> str:
    """The device's start for that boot, as a part of its work."""
    return f"start {boot}"


def _start_kind(boot: int) -> Kind:
    return guesses.RESTART if boot else guesses.ATTACH
