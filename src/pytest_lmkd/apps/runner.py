"""Observes a device's own lmkd, block by block, and stores each observation as it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.base.progress import Progress
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.plan import derived_seed
from lmkd_core.records.wire import ObservationRecord
from lmkd_core.records.wire import SkipRecord
from lmkd_core.scenarios.apps import ARM
from lmkd_core.scenarios.apps import SUITE
from lmkd_core.scenarios.apps import AppsScenario
from pytest_lmkd.apps.android import Android
from pytest_lmkd.apps.kill_watch import KillWatch
from pytest_lmkd.apps.observation import Observer
from pytest_lmkd.apps.plan import AppsPlan
from pytest_lmkd.apps.plan import NoWorkloads
from pytest_lmkd.apps.plan import plan_apps
from pytest_lmkd.apps.workloads import Workloads
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.readiness import read_boot_id
from pytest_lmkd.devices.state import state_around
from pytest_lmkd.devices.suite_needs import why_not
from pytest_lmkd.experiment.rules import Rules

MAX_LINK_LOSSES = 3
"""Broken links that one observation survives."""

KILL_TIMEOUT_MS = 100
"""AOSP's default of ro.lmk.kill_timeout_ms."""

OnBlock = Callable[[str, AppsScenario, int], None]


@dataclass(slots=True)
class AppsOutcome:
    """What became of one scenario on one device."""

    scenario: AppsScenario
    complete_blocks: int = 0
    invalid: list[str] = field(default_factory=list)
    skipped: str = ""

    def explain(self) -> str:
        """The invalid observations, a line each."""
        return "\n".join(self.invalid) or "nothing was observed"


class AppsRunner:
    """``named``: components of the user's apps, in place of ``workloads`` in the background."""

    def __init__(
        self,
        device: Device,
        store: ResultStore,
        rules: Rules,
        named: tuple[str, ...],
        workloads: Workloads,
        on_block: OnBlock,
        progress: Progress,
    ) -> None:
        self._device = device
        self._store = store
        self._rules = rules
        self._named = named
        self._workloads = workloads
        self._on_block = on_block
        self._progress = progress
        self._lmkd_refuses = False
        self._stored = {(one.scenario, one.block): one for one in store.observations(device.name)}

    def observe(self, scenario: AppsScenario) -> AppsOutcome:
        """Runs the scenario's blocks; skips it, with the reason, where the device cannot.

        Raises:
            DeviceUnusable: the device broke down.
        """
        outcome = AppsOutcome(scenario, skipped=why_not(SUITE, self._device.facts, confined=False))
        if not outcome.skipped:
            outcome.skipped = self._run(scenario, outcome)
        if outcome.skipped:
            self._note_skip(scenario, outcome.skipped)
        return outcome

    def _run(self, scenario: AppsScenario, outcome: AppsOutcome) -> str:
        try:
            self._workloads.install()
            for block in range(self._rules.blocks):
                record = self._stored.get((scenario.scenario, block)) or self._block(scenario, block)
                outcome.complete_blocks += record.valid
                outcome.invalid += [] if record.valid else [f"block {block}: {record.invalid_reason}"]
                self._on_block(self._device.name, scenario, block)
        except NoWorkloads as none:
            return str(none)
        return ""

    def _block(self, scenario: AppsScenario, block: int) -> ObservationRecord:
        seed = derived_seed(self._rules.seed, self._device.name, SUITE, str(scenario), block)
        for _ in range(MAX_LINK_LOSSES):
            try:
                record = self._observation(scenario, block, seed)
            except TransportLost as lost:
                self._device.recover(lost)
            else:
                self._store.append(record)
                return record
        raise DeviceUnusable(f"{self._device.name}: the link broke {MAX_LINK_LOSSES} times in one block")

    def _observation(self, scenario: AppsScenario, block: int, seed: int) -> ObservationRecord:
        plan = self._plan(scenario, seed)
        boot_id = self._device.boot_id
        observer = Observer(
            self._device.transport, self._android(), self._kill_timeout_ms(), self._watch_kills
        )
        try:
            with state_around(self._device, self._store, SUITE, scenario.scenario, block, arm=ARM):
                seen, reason = observer.observe(plan, scenario.hold_s), ""
        except TrialInvalid as invalid:
            seen, reason = {}, str(invalid)
        if read_boot_id(self._device.transport) != boot_id:
            reason = "the device restarted meanwhile"
        return ObservationRecord(
            device=self._device.name,
            suite=SUITE,
            scenario=scenario.scenario,
            regime="natural",
            arm=ARM,
            block=block,
            order=0,
            seed=seed,
            boot_id=boot_id,
            **seen,
            valid=not reason,
            invalid_reason=reason,
        )

    def _plan(self, scenario: AppsScenario, seed: int) -> AppsPlan:
        installed = sorted(self._android().installed())
        return plan_apps(scenario, installed, self._named, self._device.mem_total_kb, seed)

    def _android(self) -> Android:
        return Android(self._device.transport, self._device.name)

    def _kill_timeout_ms(self) -> int:
        fact = self._device.facts.get("lmkd_kill_timeout_ms")
        return fact.value if fact is not None and isinstance(fact.value, int) else KILL_TIMEOUT_MS

    def _watch_kills(self) -> KillWatch | None:
        """None, and told once, where lmkd cannot be listened to: on most phones it takes root."""
        if self._lmkd_refuses:
            return None
        device = self._device
        try:
            return KillWatch(device.transport, device.folder, self._progress)
        except DeviceUnusable as unusable:
            self._progress(f"what lmkd itself tells of its kills is left out: {unusable}")
            self._lmkd_refuses = True
            return None

    def _note_skip(self, scenario: AppsScenario, reason: str) -> None:
        self._store.append(
            SkipRecord(
                device=self._device.name, what="scenario", name=str(scenario), suite=SUITE, reason=reason
            )
        )
