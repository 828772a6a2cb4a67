"""Runs conformance cases on one device and records what it answered."""

from __future__ import annotations

from lmkd_core.base.progress import Progress
from lmkd_core.records.case import CaseRecord
from lmkd_core.records.directory import ResultStore
from pytest_lmkd.conformance.program import Conformance
from pytest_lmkd.devices.device import Device

VARIANT = "mrelease_variant"


class CaseRunner:
    """Cases on ``device``; the program is brought there with the first one."""

    def __init__(self, device: Device, store: ResultStore, progress: Progress) -> None:
        self._device = device
        self._store = store
        self._progress = progress
        self._program: Conformance | None = None

    @property
    def variant(self) -> str:
        """``stock``, ``reap-kill-v2``, ``reap-kill-v3`` or ``exit-mm``, as found out; empty: unknown."""
        fact = self._device.facts.get(VARIANT)
        return str(fact.value) if fact and fact.value else ""

    @property
    def reason_unknown(self) -> str:
        """Why the variant could not be found out."""
        fact = self._device.facts.get(VARIANT)
        return fact.reason if fact else "the agent did not look"

    @property
    def is_disposable(self) -> bool:
        """Whether the whole device may be put at risk: it is a virtual one of ours."""
        personality = self._device.facts.get("personality")
        return bool(personality and personality.value)

    @property
    def is_root(self) -> bool:
        return bool(self._device.facts["root"].value)

    def run(self, suite: str, case: str, flags: int, expected: str = "") -> CaseRecord:
        """Brings the case about and stores what came of it; ``expected`` is empty where it is only counted.

        Raises:
            DeviceUnusable: the case could not be tried.
            TransportLost: the link broke, or the device died of it.
        """
        if self._program is None:
            self._program = Conformance.load(self._device.transport, self._device.folder, self._progress)
        answer = self._program.run(case, flags)
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
