"""One device of a run, as the experiments see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Literal

from lmkd_core.base.progress import Progress
from lmkd_core.records.arms import missing
from lmkd_core.records.arms import needs_of_arm
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.trial import TrialRecord
from pytest_lmkd.devices.device import Device
from pytest_lmkd.experiment.rules import RunRules


@dataclass(frozen=True, slots=True)
class DeviceContext:
    """``arms`` are those of the ``asked_arms`` that the device can run; the first asked one is the baseline.

    ``run_id`` names the run's folder on the device. ``warm_boots`` are the boots in which a trial was counted
    or a warm-up block ran; all experiments share them.
    """

    device: Device
    store: ResultStore
    run_id: str
    asked_arms: tuple[str, ...]
    arms: tuple[str, ...]
    rules: RunRules
    progress: Progress
    warm_boots: set[str] = field(default_factory=set)
    _noted: set[SkipRecord] = field(default_factory=set)

    def note_skip(
        self, what: Literal["suite", "scenario", "stall", "arm"], name: str, reason: str, suite: str = ""
    ) -> None:
        """Records that this device cannot run something, and why; once, since each boot asks again."""
        skip = SkipRecord(device=self.device.name, what=what, name=name, suite=suite, reason=reason)
        if skip not in self._noted:
            self._noted.add(skip)
            self.store.append(skip)


def open_context(
    device: Device,
    store: ResultStore,
    run_id: str,
    asked_arms: Sequence[str],
    rules: RunRules,
    progress: Progress,
) -> DeviceContext:
    """The context of an attached device; records the asked arms that it cannot run."""
    reasons = {arm: missing(needs_of_arm(arm), device.facts) for arm in asked_arms}
    arms = tuple(arm for arm, reason in reasons.items() if not reason)
    counted = [trial for trial in store.records(device.name, TrialRecord) if not trial.warmup]
    warm_boots = {trial.boot_id for trial in counted}
    context = DeviceContext(device, store, run_id, tuple(asked_arms), arms, rules, progress, warm_boots)
    for arm, reason in reasons.items():
        if reason:
            context.note_skip("arm", arm, reason)
    return context
