"""A stratum: one situation in which arms are compared, known by its fields in plans, records and reports."""

from __future__ import annotations

import msgspec

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.schema import Regime

NS_PER_MS = 1_000_000


class Stratum(msgspec.Struct, frozen=True):
    """One situation in which single kills are compared; strata are never pooled.

    The stall keeps the victim's memory for ``hold_ms`` after the kill (0: nothing holds it). A trial whose
    memory is not back after ``timeout_ns`` is censored there. ``shape`` names the kind of memory;
    ``dirty_pct`` of its file pages are written, and ``compress_pct`` of each page is zeros.
    """

    suite: str
    scenario: str
    stall: str
    regime: Regime
    victim_kb: int
    threads: int
    hold_ms: int = 0
    timeout_ns: int = 3000 * NS_PER_MS
    shape: str = "private-anon"
    dirty_pct: int = 100
    compress_pct: int = 0

    @property
    def is_control(self) -> bool:
        """Whether the flag cannot gain here, so that a gain would be an error of the measurement."""
        return self.regime == "control"

    def __str__(self) -> str:
        compress = f"-{self.compress_pct}%zeros" if self.compress_pct else ""
        return f"{self.scenario}-{self.victim_kb // 1024}MB-{self.threads}t{compress}"


class EpisodeStratum(msgspec.Struct, frozen=True):
    """One situation in which pressure episodes are compared, as far as records keep it.

    ``profile`` names the background apps, ``demand`` the course of the demand. Apps are stalled from their
    kill for ``stall_ms`` (0: to the end of the episode).
    """

    suite: str
    scenario: str
    regime: Regime
    profile: str
    demand: str
    stall: str
    stall_ms: int

    @property
    def is_control(self) -> bool:
        """As of a ``Stratum``."""
        return self.regime == "control"

    def __str__(self) -> str:
        return f"{self.scenario}-{self.profile}"


AnyStratum = Stratum | EpisodeStratum


LIMITS = {
    "victim_kb": (64, 4 * 1024 * 1024),
    "threads": (1, 1024),
    "hold_ms": (0, 12_000),
    "timeout_ns": (NS_PER_MS, 12_000 * NS_PER_MS),
    "dirty_pct": (1, 100),
    "compress_pct": (0, 100),
}
"""Least and greatest values that the agent takes (device_agent/reclaim/plan.c)."""


def check_stratum(stratum: msgspec.Struct) -> None:
    """Raises: UsageProblem: a field has a value that no record can hold, or that the agent refuses."""
    try:
        msgspec.convert(msgspec.structs.asdict(stratum), type(stratum))
    except msgspec.ValidationError as error:
        raise UsageProblem(f"the stratum {stratum!r} is wrong: {error}") from error
    for name, (least, greatest) in LIMITS.items() if isinstance(stratum, Stratum) else ():
        value = getattr(stratum, name)
        if not least <= value <= greatest:
            raise UsageProblem(f"the stratum {stratum} has {name} {value}: it must be {least} to {greatest}")


def stratum_key(record: msgspec.Struct, kind: type[msgspec.Struct] = Stratum) -> tuple[str | int, ...]:
    """The values of the record's stratum, in the order of the stratum's fields."""
    return tuple(getattr(record, name) for name in kind.__struct_fields__)
