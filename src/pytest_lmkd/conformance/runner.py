"""Runs conformance cases on one device and records the answers."""

from __future__ import annotations

from lmkd_core.base.progress import Progress
from lmkd_core.records.case import CaseRecord
from lmkd_core.records.directory import ResultStore
from pytest_lmkd.conformance.program import Conformance
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.per_attachment import PerAttachment

VARIANT = "mrelease_variant"


class CaseRunner:
    """Runs cases on ``device``. The first one installs the program."""

    def __init__(self, device: Device, store: ResultStore, progress: Progress) -> None:
        self._device = device
        self._store = store
        self._progress = progress
        self._program = PerAttachment(device, self._load)

    @property
    def variant(self) -> str:
        """The variant: ``stock``, ``reap-kill-v2``, ``reap-kill-v3`` or ``exit-mm``; empty: unknown."""
        fact = self._device.facts.get(VARIANT)
        return str(fact.value) if fact and fact.value else ""

    @property
    def reason_unknown(self) -> str:
        """The reason why the variant could not be detected."""
        fact = self._device.facts.get(VARIANT)
        return fact.reason if fact else "the agent did not report it"

    @property
    def is_disposable(self) -> bool:
        """Whether a case may crash the device, because it is one of our virtual devices."""
        personality = self._device.facts.get("personality")
        return bool(personality and personality.value)

    @property
    def is_root(self) -> bool:
        return bool(self._device.facts["root"].value)

    def run(self, suite: str, case: str, flags: int, expected: str = "") -> CaseRecord:
        """Runs the case and stores its answer; ``expected`` is empty if answers are only counted.

        Raises:
            DeviceUnusable: the case could not run.
            TransportLost: the link broke, or the case crashed the device.
        """
        answer = self._program.get().run(case, flags)
        record = CaseRecord(
            device=self._device.name,
            suite=suite,
            case=case,
            flags=flags,
            variant=self.variant,
            answer=answer,
            expected=expected,
            passed=not expected or answer == expected,
            boot_id=self._device.boot_id,
        )
        self._store.append(record)
        return record

    def _load(self) -> Conformance:
        return Conformance.load(self._device.transport, self._device.folder, self._progress)
