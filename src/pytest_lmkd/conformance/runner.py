"""Runs conformance cases on one device and records the answers."""

from __future__ import annotations

from lmkd_core.base.progress import Progress
from lmkd_core.records.case import CaseRecord
from lmkd_core.records.directory import ResultStore
from pytest_lmkd.conformance.answers import without_memory
from pytest_lmkd.conformance.program import Conformance
from pytest_lmkd.conformance.variant import Variant
from pytest_lmkd.conformance.variant import known_variant
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.per_attachment import PerAttachment

VARIANT = "mrelease_variant"


class CaseRunner:
    """Runs cases on ``device``. The first one installs the program.

    ``described`` is the variant of ``--lmkd-variant``, in place of the detected one.
    """

    def __init__(
        self, device: Device, store: ResultStore, progress: Progress, described: Variant | None = None
    ) -> None:
        self._device = device
        self._store = store
        self._progress = progress
        self._described = described
        self._program = PerAttachment(device, self._load)

    @property
    def variant(self) -> str:
        """The name of the described variant, or else of the detected one; empty: unknown."""
        return self._described.name if self._described else str(self._fact(VARIANT) or "")

    @property
    def reason_unknown(self) -> str:
        """The reason why the variant could not be detected."""
        fact = self._device.facts.get(VARIANT)
        return fact.reason if fact else "the agent did not report it"

    @property
    def is_disposable(self) -> bool:
        """Whether a case may crash the device, because it is one of our virtual devices."""
        return bool(self._fact("personality"))

    @property
    def is_root(self) -> bool:
        return bool(self._fact("root"))

    @property
    def has_flag(self) -> bool:
        """Whether the kernel knows ``PROCESS_MRELEASE_REAP_KILL``."""
        return bool(self._fact("arm:reap-kill"))

    @property
    def sees_memory(self) -> bool:
        """Whether the program sees which memory was freed: in a memory cgroup, as root."""
        return self.is_root and bool(self._fact("memcg"))

    def allowed(self, case: str, flags: int) -> tuple[str, ...]:
        """The answers that the variant may give here; none: the case is not asked of it."""
        variant = self._described or known_variant(self.variant)
        answers = variant.answers.get((case, flags), ())
        return answers if self.sees_memory else tuple(map(without_memory, answers))

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

    def _fact(self, name: str) -> str | int | bool | None:
        fact = self._device.facts.get(name)
        return fact.value if fact else None

    def _load(self) -> Conformance:
        return Conformance.load(self._device.transport, self._device.folder, self._progress)
