"""An observation: real apps, one demand, and the kills of the device's own lmkd, as recorded."""

from __future__ import annotations

import msgspec

from lmkd_core.records.schema import SCHEMA
from lmkd_core.records.schema import Regime


class ObservedApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app in the background at the start of the demand; ``size_kb`` is 0 for a user's own app."""

    package: str
    pid: int
    oom_score_adj: int
    size_kb: int = 0


class ObservedDeath(msgspec.Struct, frozen=True, kw_only=True):
    """A process that died during an observation, according to the device's logs (lmkd_core.logs.deaths).

    ``deaths`` defines ``killer`` and ``reason``. ``sources`` lists the types of the log records about it,
    ``doubts`` the contradictions between them. ``after_ms`` counts from the start of the demand; null where
    the log has no time. ``ours``: it was one of the observed apps.
    """

    pid: int
    process: str
    killer: str
    reason: str
    oom_score_adj: int | None = None
    rss_kb: int | None = None
    after_ms: int | None = None
    sources: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    ours: bool


class ObservationRecord(msgspec.Struct, frozen=True, tag="observation", kw_only=True):
    """Real apps in the background, a demand in the foreground, and the device's own lmkd between them.

    The memory that kills had to free, and so which were extra, cannot be observed from outside.
    ``kills_total`` counts lmkd's kills of any process. ``kill_count`` is lmkd's own number of them, and
    ``kills_told`` the number that it reported one by one; both are null where its socket refused.
    ``cascades``: kills within kill_timeout_ms of another, or because of pressure after a kill.
    ``mrelease_failures``: by errno name. ``psi_*_us``: memory stall time.
    """

    schema: int = SCHEMA
    device: str
    suite: str
    scenario: str
    regime: Regime
    arm: str
    block: int
    order: int
    seed: int
    warmup: bool = False
    boot_id: str
    apps: tuple[ObservedApp, ...] = ()
    demand_package: str = ""
    demand_kb: int = 0
    demand_met: bool = False
    deaths: tuple[ObservedDeath, ...] = ()
    kills_total: int = 0
    kill_count: int | None = None
    kills_told: int | None = None
    cascades: int = 0
    mrelease_failures: dict[str, int] = msgspec.field(default_factory=dict)
    apps_started: int = 0
    apps_alive: int = 0
    psi_some_us: int | None = None
    psi_full_us: int | None = None
    flags: tuple[str, ...] = ()
    valid: bool
    invalid_reason: str = ""

    @property
    def identity(self) -> tuple[str | int, ...]:
        """The values that set this observation apart from all others of its device."""
        return (self.suite, self.scenario, self.warmup, self.block, self.arm)
