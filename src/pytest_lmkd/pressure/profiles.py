"""Profiles: named mixes of background apps.

Sizes are shares of the device's memory, so that a profile means the same on a phone with 12 GB and on the
virtual device with 1 GB. The seed draws each app's size and threads. adj values are AOSP's (frameworks/base
ProcessList.java): 200 perceptible, 500 service, 600 home, 700 previous, 900 to 999 cached.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AppKind:
    """``count`` similar apps, each with ``share`` of the memory, ± a tenth; adj rises by ``adj_step``."""

    count: int
    share: float
    adj: int
    adj_step: int = 0
    shape: str = "private-anon"
    threads: tuple[int, int] = (4, 24)
    touch_ms: int = 0
    compress_pct: int = 50


@dataclass(frozen=True, slots=True)
class Profile:
    """``demand_share``: the demand as a share of the memory; ``settings``: deviations from AOSP's."""

    name: str
    title: str
    kinds: tuple[AppKind, ...]
    demand_share: float
    settings: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class App:
    """One background app, drawn from an AppKind."""

    adj: int
    size_kb: int
    shape: str
    compress_pct: int
    threads: int
    touch_ms: int


MIN_APP_KB = 4096

CACHED_ADJ = 900
"""AOSP ProcessList.CACHED_APP_MIN_ADJ."""

LOW_RAM = {"psi_partial_stall_ms": 200, "thrashing_limit": 30, "thrashing_limit_decay": 50}
"""AOSP's defaults where ``ro.config.low_ram`` is true."""

PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "12-cached",
            "twelve cached apps of similar size, and a camera that opens",
            (AppKind(12, 0.058, adj=900, adj_step=5),),
            demand_share=0.50,
            settings={},
        ),
        Profile(
            "messenger+camera",
            "an audible messenger, home, a service, previous and cached apps, and a camera that opens",
            (
                AppKind(1, 0.06, adj=200, touch_ms=200),
                AppKind(1, 0.08, adj=700, shape="app-mix"),
                AppKind(1, 0.05, adj=600, touch_ms=1000),
                AppKind(1, 0.03, adj=500, touch_ms=500),
                AppKind(8, 0.05, adj=900, adj_step=10),
            ),
            demand_share=0.50,
            settings={},
        ),
        Profile(
            "low-ram",
            "a low-RAM device with five small cached apps",
            (AppKind(1, 0.08, adj=200, touch_ms=200), AppKind(5, 0.09, adj=900, adj_step=15)),
            demand_share=0.60,
            settings=LOW_RAM,
        ),
    )
}


def draw_apps(profile: Profile, mem_total_kb: int, seed: int) -> Sequence[App]:
    """The profile's apps on a device with that memory, in starting order. The seed determines them."""
    rng = random.Random(seed)  # noqa: S311 - a design needs a seed, not secrecy
    return [_draw(kind, index, mem_total_kb, rng) for kind in profile.kinds for index in range(kind.count)]


def _draw(kind: AppKind, index: int, mem_total_kb: int, rng: random.Random) -> App:
    size_kb = round(mem_total_kb * kind.share * rng.uniform(0.9, 1.1)) // 4 * 4
    return App(
        adj=kind.adj + index * kind.adj_step,
        size_kb=max(size_kb, MIN_APP_KB),
        shape=kind.shape,
        compress_pct=kind.compress_pct,
        threads=rng.randint(*kind.threads),
        touch_ms=kind.touch_ms,
    )
