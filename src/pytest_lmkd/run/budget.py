"""Plans a run into the time of ``--lmkd-budget``: the guessed costs of its tests, and the sizes that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.base.errors import UsageProblem
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.timing import guesses
from lmkd_core.timing.budget import fit
from lmkd_core.timing.budget import least
from lmkd_core.timing.costs import Kind
from lmkd_core.timing.size import Given
from lmkd_core.timing.size import Size
from lmkd_core.timing.words import duration_text
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.suites import Suites
from pytest_lmkd.run.workload import WantedTest
from pytest_lmkd.run.workload import Workload


@dataclass(frozen=True, slots=True)
class Costs:
    """The seconds of a run on a device: fixed, and for a block of each of its strata.

    ``warmup_s``: after a boot. ``warmup_blocks``: of every stratum in each boot. ``rounds``: devices
    that take turns.
    """

    fixed_s: float
    trial_block_s: float
    episode_block_s: float
    warmup_s: float = 0.0
    warmup_blocks: int = 0
    rounds: int = 1

    def total_s(self, size: Size) -> float:
        """The expected seconds of a run of that size."""
        blocks_s = size.blocks * self.trial_block_s + size.pressure_blocks * self.episode_block_s
        warmup_s = self.warmup_s + self.warmup_blocks * (self.trial_block_s + self.episode_block_s)
        boots_s = size.boots * warmup_s + (size.boots - 1) * guesses.RESTART.unit_s
        return self.rounds * (self.fixed_s + blocks_s + boots_s) + guesses.REPORT.unit_s

    def used(self, size: Size) -> Size:
        """``size`` with equal numbers of blocks where the run has no strata of one of the two."""
        blocks = size.blocks if self.trial_block_s else size.pressure_blocks
        return Size(blocks, size.pressure_blocks if self.episode_block_s else blocks, size.boots)


def choose_size(
    options: Options, suites: Suites, tests: Sequence[WantedTest], rounds: int
) -> tuple[Size, list[str]]:
    """The size of the run by its budget, and lines for the user; ``tests``: of one device and boot.

    Raises:
        UsageProblem: not even a block of each stratum fits.
    """
    budget_s, usual_boots = options.budget_s or 0, options.boots
    costs = costs_of(tests, Workload(suites, options.arms, options.run_rules), rounds)
    size = fitted(budget_s, costs, usual_boots, options.given)
    return size, budget_lines(budget_s, costs, usual_boots, size)


def costs_of(tests: Sequence[WantedTest], workload: Workload, rounds: int) -> Costs:
    """The guessed costs of one device's tests of one boot."""
    kinds: dict[object, Kind] = {work.part: work.kind for test in tests for work in workload.of_test(test)}
    trials = [kind.unit_s for kind in kinds.values() if kind.group == "trials"]
    episodes = [kind.unit_s for kind in kinds.values() if kind.group in {"episodes", "observations"}]
    cases = [kind.unit_s for kind in kinds.values() if kind.group == "cases"]
    rules = workload.rules.trials
    return Costs(
        fixed_s=guesses.ATTACH.unit_s + sum(cases),
        trial_block_s=sum(trials),
        episode_block_s=sum(episodes),
        warmup_s=trials[0] if trials and rules.warmup_after_boot else 0.0,
        warmup_blocks=rules.warmup_blocks,
        rounds=rounds,
    )


def fitted(budget_s: int, costs: Costs, usual_boots: int, given: Given) -> Size:
    """The size of the run that fits.

    Raises:
        UsageProblem: not even a block of each stratum fits; the message says how long that takes.
    """
    if not costs.trial_block_s + costs.episode_block_s:
        return least(given)
    size = fit(budget_s, costs.total_s, usual_boots, given)
    if size is None:
        smallest = least(given)
        raise UsageProblem(
            f"--lmkd-budget {duration_text(budget_s)} is too short: {_size_text(costs, smallest)} would take "
            f"about {duration_text(costs.total_s(smallest))}; select fewer tests, or allow more time"
        )
    return costs.used(size)


def budget_lines(budget_s: int, costs: Costs, usual_boots: int, size: Size) -> list[str]:
    """What was chosen, and which claims the time is too short for."""
    lines = [f"--lmkd-budget {duration_text(budget_s)}: {_size_text(costs, size)}"]
    if size.boots < MIN_BLOCKS <= usual_boots:
        enough = Size(max(size.blocks, MIN_BLOCKS), max(size.pressure_blocks, MIN_BLOCKS), MIN_BLOCKS)
        lines.append(
            f"too short for {MIN_BLOCKS} boots, about {duration_text(costs.total_s(enough))}: verdicts will "
            "hold for this boot only"
        )
    if min(size.blocks, size.pressure_blocks) < MIN_BLOCKS:
        enough = Size(max(size.blocks, MIN_BLOCKS), max(size.pressure_blocks, MIN_BLOCKS), size.boots)
        lines.append(
            f"a claim needs {MIN_BLOCKS} blocks, about {duration_text(costs.total_s(enough))}: "
            f"{'none' if max(size.blocks, size.pressure_blocks) < MIN_BLOCKS else 'not all strata'} "
            "will have enough data"
        )
    return lines


def _size_text(costs: Costs, size: Size) -> str:
    """For example ``12 blocks of single kills and 6 blocks of pressure in 6 boots``."""
    parts = [
        f"{count} {'block' if count == 1 else 'blocks'} of {what}"
        for count, what, block_s in (
            (size.blocks, "single kills", costs.trial_block_s),
            (size.pressure_blocks, "pressure", costs.episode_block_s),
        )
        if block_s
    ]
    boots = f" in {size.boots} boots" if size.boots > 1 else ""
    return (" and ".join(parts) or "no blocks") + boots
