"""When 50, 90 and 99 % were back: the agent's C and the host's Python give the same times for the same curve,
and the same last moments at which they were not back yet.

The C code runs under ASan and UBSan. The Python function has no 99 %: 99 % of a size is 90 % of 11/10 of it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from sanitized import build_sanitized

from pytest_lmkd.apps.program import AppKill
from pytest_lmkd.apps.system_meter import returned

pytestmark = pytest.mark.compiler

MS = 1_000_000
KILLED_NS, TIMEOUT_NS = 500 * MS, 100 * MS
FREE_KB, CHARGED_KB = 2_000_000_000, 1_000_000_000
IDLE = [(KILLED_NS + ms * MS, 0) for ms in range(-10, 0)]
NEVER = None


@dataclass(frozen=True)
class Curve:
    """The kB that are back, by ns since the kill, of a memory of that size (a multiple of 10)."""

    size_kb: int
    back: tuple[tuple[int, int], ...]

    resumes_ns: int = TIMEOUT_NS
    """When the sampling goes on after the last of these points: later than the timeout after a pause."""

    def samples(self) -> list[tuple[int, int]]:
        """With absolute times, up to the timeout, and at least 10 samples after the kill."""
        last_kb = self.back[-1][1] if self.back else 0
        tail = [(self.resumes_ns + ns, last_kb) for ns in range(10)]
        return IDLE + [(KILLED_NS + ns, kb) for ns, kb in [*self.back, *tail]]


@pytest.fixture(scope="session")
def program(checkout: Path) -> Path:
    reclaim, lib = checkout / "device_agent" / "reclaim", checkout / "device_agent" / "lib"
    sources = [Path(__file__).with_name("curve_cases.c"), reclaim / "curve.c", lib / "sort.c"]
    return build_sanitized("curve_cases", sources, [reclaim, lib])


def c_figures(program: Path, curves: Sequence[Curve]) -> list[list[int]]:
    lines = []
    for curve in curves:
        samples = [(at_ns, CHARGED_KB - kb) for at_ns, kb in curve.samples()]
        numbers = [KILLED_NS, TIMEOUT_NS, CHARGED_KB, curve.size_kb, len(samples)]
        lines.append(" ".join(map(str, numbers + [number for sample in samples for number in sample])))
    done = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


Times = tuple[list[int | None], list[int]]
"""Of 50, 90 and 99 %: when it was back, and the last sample at which it was not."""


def c_times(program: Path, curve: Curve) -> Times:
    figures = c_figures(program, [curve])[0]
    return [ns if ns >= 0 else None for ns in figures[:3]], figures[3:6]


def python_times(curve: Curve) -> Times:
    samples = [(at_ns, FREE_KB + kb) for at_ns, kb in curve.samples()]
    kill = AppKill(
        pid=7,
        uid=0,
        killed_ns=KILLED_NS,
        exit_ns=None,
        rss_kb=None,
        anon_kb=None,
        swap_kb=None,
        private_dirty_kb=None,
        calls=(),
    )
    whole = returned(samples, kill, curve.size_kb, TIMEOUT_NS)
    larger = returned(samples, kill, curve.size_kb * 11 // 10, TIMEOUT_NS)
    after = [whole.reclaim_50_after_ns, whole.reclaim_90_after_ns, larger.reclaim_90_after_ns]
    return [whole.reclaim_50_ns, whole.reclaim_90_ns, larger.reclaim_90_ns], after


EDGES = {
    "nothing comes back": (Curve(1000, ((0, 0), (5, 10))), [NEVER, NEVER, NEVER]),
    "exactly the shares": (Curve(1000, ((1, 500), (2, 900), (3, 990))), [1, 2, 3]),
    "one kB below each": (Curve(1000, ((1, 499), (2, 899), (3, 989))), [2, 3, NEVER]),
    "shares that are no whole kB": (Curve(10, ((1, 4), (2, 5), (3, 9), (4, 10))), [2, 3, 4]),
    "at the kill itself": (Curve(1000, ((0, 1000),)), [0, 0, 0]),
    "at the timeout": (Curve(1000, ((TIMEOUT_NS - 1, 499), (TIMEOUT_NS, 1000))), [TIMEOUT_NS] * 3),
    "back, and gone again": (Curve(1000, ((1, 990), (2, 0))), [1, 1, 1]),
    "more than all": (Curve(1000, ((7, 1200),)), [7, 7, 7]),
    "less than before": (Curve(1000, ((1, -300), (2, 901))), [2, 2, NEVER]),
    "a terabyte": (Curve(10**9, ((1, 5 * 10**8 - 1), (2, 99 * 10**7 - 1), (3, 99 * 10**7))), [2, 2, 3]),
}


@pytest.mark.parametrize("edge", EDGES)
def test_both_languages_agree_at_the_edges(edge: str, program: Path) -> None:
    curve, expected = EDGES[edge]
    assert c_times(program, curve)[0] == expected
    assert python_times(curve)[0] == expected


LATE_NS = 4 * TIMEOUT_NS

AFTERS = {
    "one sample before each": (Curve(1000, ((1, 100), (2, 500), (5, 600), (9, 990))), [1, 5, 5]),
    "back with the first sample": (Curve(1000, ((7, 1000),)), [0, 0, 0]),
    "never: the last sample by the timeout": (Curve(1000, ((3, 100), (8, 200))), [TIMEOUT_NS] * 3),
    "a pause across the timeout": (Curve(1000, ((3, 100), (8, 600)), resumes_ns=LATE_NS), [3, 8, 8]),
    "a pause from the kill on": (Curve(1000, (), resumes_ns=LATE_NS), [0, 0, 0]),
}


@pytest.mark.parametrize("edge", AFTERS)
def test_both_languages_know_how_long_it_was_not_back(edge: str, program: Path) -> None:
    curve, expected = AFTERS[edge]
    assert c_times(program, curve)[1] == expected
    assert python_times(curve)[1] == expected


def test_a_pause_across_the_timeout_is_the_largest_gap(program: Path) -> None:
    """A device that stops for longer than the timeout must not look like one that was sampled to the end."""
    paused = Curve(1000, ((3, 100), (8, 600)), resumes_ns=LATE_NS)
    assert c_figures(program, [paused])[0][-1] == LATE_NS - 8


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    size_kb = draw(st.integers(1, 500_000)) * 10
    times_ns = sorted(draw(st.sets(st.integers(0, TIMEOUT_NS - 1), max_size=40)))
    near = [size_kb * percent // 100 + off for percent in (50, 90, 99) for off in (-1, 0, 1)]
    back_kb = st.one_of(st.integers(-size_kb, size_kb * 6 // 5), st.sampled_from(near))
    back = tuple((at_ns, min(draw(back_kb), size_kb * 6 // 5)) for at_ns in times_ns)
    return Curve(size_kb, back, resumes_ns=draw(st.sampled_from([TIMEOUT_NS, TIMEOUT_NS + 1, LATE_NS])))


@given(curves())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_both_languages_agree(program: Path, curve: Curve) -> None:
    assert c_times(program, curve) == python_times(curve)


@given(st.lists(curves(), min_size=1, max_size=8))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_gaps_are_those_up_to_the_last_share_or_across_the_timeout(
    program: Path, curves: list[Curve]
) -> None:
    for curve, figures in zip(curves, c_figures(program, curves), strict=True):
        back_99_ns, median_ns, max_ns = figures[2], *figures[6:]
        end_ns = KILLED_NS + (back_99_ns if back_99_ns >= 0 else TIMEOUT_NS)
        times_ns = [at_ns for at_ns, _ in curve.samples()]
        gaps_ns = sorted(b - a for a, b in pairwise(times_ns) if b >= KILLED_NS and a < end_ns)
        assert (median_ns, max_ns) == ((gaps_ns[len(gaps_ns) // 2], gaps_ns[-1]) if gaps_ns else (0, 0))
