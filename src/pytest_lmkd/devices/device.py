"""A device in use: its link, its agent, and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.progress import Progress
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.kernel import BUILD_ID
from lmkd_core.records.kernel import IMAGE
from lmkd_core.records.kernel import VERSION
from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.agent import Agent
from pytest_lmkd.devices.cooling import await_cool
from pytest_lmkd.devices.filter import DeviceFilter
from pytest_lmkd.devices.kernel_facts import CONFIG
from pytest_lmkd.devices.kernel_facts import read_config
from pytest_lmkd.devices.lock import DeviceLock
from pytest_lmkd.devices.readiness import read_boot_id
from pytest_lmkd.devices.shell_facts import FACTS
from pytest_lmkd.devices.shell_facts import read_shell_facts
from pytest_lmkd.devices.source import DeviceSource
from pytest_lmkd.lmkd.quiet import restore_leftover
from pytest_lmkd.transport import Transport

EVERY_DEVICE = DeviceFilter("", FACTS)

MAX_PRESSURE_KB = 1024 * 1024
"""Limit on a device with other users or apps: the memory of one large app."""


class Device:
    """An attached device with its agent and facts; a context manager that detaches it.

    Raises:
        DeviceUnusable: the device cannot be used, or ``wanted`` excludes it.
        TransportLost: the link broke.
    """

    def __init__(self, source: DeviceSource, progress: Progress, wanted: DeviceFilter = EVERY_DEVICE) -> None:
        self._source = source
        self._progress = progress
        self._wanted = wanted
        self._lock = DeviceLock(source.name)
        self.name = source.name
        self.attachments = 0
        """How often the device was attached: programs and settings of an earlier attachment may be gone."""
        try:
            self.reattach()
        except BaseException:
            self.close()
            raise

    def reattach(self) -> None:
        """Attaches again after the link broke: a reboot may have removed the agent or changed facts."""
        self.transport: Transport = self._source.attach(self._progress)
        if not self._source.is_shareable:
            self._lock.take(read_boot_id(self.transport))
        restore_leftover(self.transport, self._source.folder, self._progress)
        facts = self._read_facts()
        if not self._wanted.wants(facts):
            raise DeviceUnusable(f"{self.name} does not match --lmkd-filter {self._wanted.text!r}")
        self.agent = Agent.load(self.transport, self._source.folder, self._progress)
        self.facts: Mapping[str, Fact] = {**facts, **self.agent.probe()}
        self.attachments += 1

    def _read_facts(self) -> dict[str, Fact]:
        self.kernel_config, digest = read_config(self.transport)
        """The kernel's configuration as text; empty if it cannot be read."""
        return {**read_shell_facts(self.transport), CONFIG: digest, **self._source.host_facts()}

    def recover(self, lost: TransportLost) -> None:
        """Attaches again after ``lost``. The device may have rebooted.

        Raises:
            DeviceUnusable: the device did not come back, or not with the same kernel.
        """
        kernel = self._kernel
        try:
            self.reattach()
        except TransportLost as again:
            raise DeviceUnusable(f"{self.name} disconnected and did not return: {lost}; {again}") from lost
        self._require(kernel, "came back")

    def restart(self) -> None:
        """Restarts the device on purpose and attaches it again, with new facts.

        Raises:
            DeviceUnusable: the device did not come back, not in a new boot, or not with the same kernel.
        """
        boot_id, kernel = self.boot_id, self._kernel
        try:
            self._source.restart(self._progress)
            self.reattach()
        except TransportLost as lost:
            raise DeviceUnusable(f"{self.name} did not come back from its restart: {lost}") from lost
        if self.boot_id == boot_id:
            raise DeviceUnusable(
                f"{self.name} was restarted, but its boot_id is still {boot_id or 'unknown'}: "
                "restart it by hand, and continue this run with --lmkd-resume"
            )
        self._require(kernel, "came back from its restart")

    def _require(self, kernel: list[str], came_back: str) -> None:
        """Raises: DeviceUnusable: the device runs another kernel than ``kernel``."""
        for before, after in zip(kernel, self._kernel, strict=True):
            if before != after:
                raise DeviceUnusable(
                    f"{self.name} {came_back} with the kernel {after}, not {before} "
                    "(a pending update?): start a new run"
                )

    def __enter__(self) -> Device:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._source.detach()
        self._lock.release()

    @property
    def folder(self) -> str:
        """The folder of all our files on the device."""
        return self._source.folder

    @property
    def pressure_limit_kb(self) -> int:
        """Memory limit of a pressure episode in its own cgroup; 0: all of the device's memory."""
        return 0 if self._source.is_ours else min(MAX_PRESSURE_KB, self.mem_total_kb // 4)

    @property
    def boot_id(self) -> str:
        return self._text("boot_id")

    @property
    def mem_total_kb(self) -> int:
        return self._number("mem_total_kb")

    def await_cool(self) -> int:
        """Waits on Android until the device is cool; returns the waited seconds."""
        thermal = self.facts.get("thermal_status")
        if thermal is None or thermal.value is None:
            return 0
        return await_cool(self.transport, self.name, self._progress)

    @property
    def is_android(self) -> bool:
        fact = self.facts.get("android")
        return fact is not None and fact.value is not None

    @property
    def has_lmkd(self) -> bool:
        """Whether the device runs its own lmkd, which would kill as well."""
        fact = self.facts.get("lmkd_pid")
        return fact is not None and fact.value is not None

    def record(self) -> DeviceRecord:
        """The device's record for the results directory."""
        personality = self.facts.get("personality")
        return DeviceRecord(
            device=self.name,
            model=self._text("model") or "unknown",
            kernel_release=self._text("kernel_release"),
            personality=str(personality.value) if personality and personality.value else None,
            abi=self.agent.abi,
            page_size=self._number("page_size"),
            cpus=self._number("cpus"),
            mem_total_kb=self.mem_total_kb,
            swap_total_kb=self._number("swap_total_kb"),
            boot_id=self.boot_id,
            root=bool(self.facts["root"].value),
            agent_sha256=self.agent.sha256,
            facts=dict(self.facts),
        )

    @property
    def _kernel(self) -> list[str]:
        """Its release, then what tells it from others of that release, as far as known."""
        return [self._text(name) for name in ("kernel_release", VERSION, BUILD_ID, IMAGE)]

    def _text(self, name: str) -> str:
        fact = self.facts.get(name)
        return "" if fact is None or fact.value is None else str(fact.value)

    def _number(self, name: str) -> int:
        fact = self.facts.get(name)
        return fact.value if fact is not None and isinstance(fact.value, int) else 0
