"""The names of strata, in all pages and texts."""

from __future__ import annotations

from lmkd_core.records.stratum import AnyStratum
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.stratum import Stratum
from lmkd_reports.format import units
from lmkd_reports.format.meanings import meaning
from lmkd_reports.format.plain import plain
from lmkd_reports.format.strata import unusual


def stall_name(stratum: Stratum) -> str:
    """The stall and its duration, unless the scenario's name implies them; may be empty."""
    is_usual = stratum.stall in {"none", meaning(stratum.scenario).stall}
    hold = f"{stratum.hold_ms} ms" if stratum.hold_ms else ""
    return hold if is_usual else f"{stratum.stall} {hold}".strip()


def stratum_details(stratum: Stratum) -> str:
    """The name without the scenario, for example ``300 ms, 64 MB, 16 threads``."""
    usual = meaning(stratum.scenario)
    parts = (
        stall_name(stratum),
        units.size(stratum.victim_kb),
        units.count(stratum.threads, "thread"),
        stratum.shape if stratum.shape != usual.shape else "",
        f"{stratum.dirty_pct} % dirty" if stratum.dirty_pct != usual.dirty_pct else "",
        f"{stratum.compress_pct} % compressible" if stratum.compress_pct else "",
        *unusual(stratum),
    )
    return ", ".join(part for part in parts if part)


def stratum_name(stratum: Stratum) -> str:
    """For example ``held-by-vm-readv, 300 ms, 64 MB, 16 threads``."""
    return f"{stratum.scenario}, {stratum_details(stratum)}"


def stratum_origin(stratum: Stratum) -> str:
    """The suite and the regime, which the name omits: ``reclaim, natural``."""
    return f"{stratum.suite}, {stratum.regime}"


def situation_name(situation: EpisodeStratum) -> str:
    """For example ``held-beyond-burst, 12-cached``."""
    return f"{situation.scenario}, {situation.profile}"


def situation_details(situation: EpisodeStratum) -> str:
    """For example ``injected, burst, holder for 150 ms``."""
    held = f" for {situation.stall_ms} ms" if situation.stall_ms else ""
    stall = f", {situation.stall}{held}" if situation.stall != "none" else ""
    return ", ".join([f"{situation.regime}, {situation.demand}{stall}", *unusual(situation)])


def place_name(place: AnyStratum) -> str:
    """For example ``held-by-vm-readv, 300 ms, 64 MB, 1 thread (reclaim, injected)``, in printable ASCII."""
    if isinstance(place, Stratum):
        return plain(f"{stratum_name(place)} ({stratum_origin(place)})")
    return plain(f"{situation_name(place)} ({situation_details(place)})")
