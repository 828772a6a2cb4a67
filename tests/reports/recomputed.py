"""The numbers of a report, recomputed from exported CSV files by the csv module and plain Python alone.

On purpose nothing of ours is imported here: what this finds is what a stranger with a spreadsheet would.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from statistics import median

STRATUM = (
    "device",
    "suite",
    "scenario",
    "stall",
    "hold_ms",
    "regime",
    "victim_kb",
    "threads",
    "shape",
    "dirty_pct",
    "compress_pct",
)
SITUATION = ("device", "scenario", "profile", "regime", "demand", "stall", "stall_ms")
EPISODE = ("run_id", "suite", *SITUATION, "arm", "block")

Line = dict[str, str]
Key = tuple[str, ...]
Ends = tuple[float, float]
"""The least and the greatest that a number can be."""


def lines(folder: Path, table: str) -> list[Line]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def key(line: Line, *columns: str) -> Key:
    return tuple(line[column] for column in columns)


def counted(found: Iterable[Line]) -> list[Line]:
    return [line for line in found if (line["valid"], line["warmup"]) == ("true", "false")]


def grouped(found: Iterable[Line], *columns: str) -> dict[Key, list[Line]]:
    groups: dict[Key, list[Line]] = defaultdict(list)
    for line in found:
        groups[key(line, *columns)].append(line)
    return dict(groups)


def reclaim_90(line: Line) -> Ends:
    """In ns; an empty cell is any time above the timeout."""
    text = line["reclaim_90_ns"]
    return (float(text), float(text)) if text else (float(line["timeout_ns"]), math.inf)


def median_reclaim_90(trials: Iterable[Line]) -> dict[Key, Ends]:
    """By stratum and arm."""
    found = {}
    for name, arm in grouped(counted(trials), *STRATUM, "arm").items():
        times = [reclaim_90(line) for line in arm]
        found[name] = median(low for low, _ in times), median(high for _, high in times)
    return found


def esrch(trials: Iterable[Line]) -> dict[Key, tuple[int, int]]:
    """By stratum and arm: how many calls of process_mrelease were lost, and how many there were."""
    found = {}
    for name, arm in grouped(counted(trials), *STRATUM, "arm").items():
        called = [line for line in arm if line["kill_to_mrelease_ns"]]
        if called:
            found[name] = sum(line["mrelease_errno"] == "ESRCH" for line in called), len(called)
    return found


def esrch_of_calls(calls: Iterable[Line]) -> dict[Key, int]:
    """The same lost calls, counted in the table of all calls; whether its trial counts is not asked."""
    lost = [line for line in calls if (line["name"], line["errno"]) == ("process_mrelease", "ESRCH")]
    return {name: len(arm) for name, arm in grouped(lost, *STRATUM, "arm").items()}


def paired_ratios(trials: Iterable[Line], candidate: str, baseline: str) -> dict[Key, tuple[int, Ends]]:
    """By stratum: in how many blocks both arms count, and the median of the ratios (on a log scale)."""
    found = {}
    for stratum, of_stratum in grouped(counted(trials), *STRATUM).items():
        of_arm = {
            arm: {line["block"]: reclaim_90(line) for line in of_stratum if line["arm"] == arm}
            for arm in (candidate, baseline)
        }
        both = of_arm[candidate].keys() & of_arm[baseline].keys()
        if both:
            pairs = [(of_arm[candidate][block], of_arm[baseline][block]) for block in both]
            low = median(log_ratio(one[0], other[1]) for one, other in pairs)
            high = median(log_ratio(one[1], other[0]) for one, other in pairs)
            found[stratum] = len(both), (math.exp(low), math.exp(high))
    return found


def log_ratio(numerator: float, denominator: float) -> float:
    if math.isinf(denominator):
        return -math.inf
    return math.log(numerator / denominator)


def kill_means(episodes: Iterable[Line]) -> dict[Key, tuple[int, float, float, float]]:
    """By situation and arm: episodes that count, and the means of all, needed and extra kills of them."""
    found = {}
    for name, arm in grouped(counted(episodes), *SITUATION, "arm").items():
        means = [
            fmean(float(line[f"kills_{which}"]) for line in arm) for which in ("total", "needed", "extra")
        ]
        found[name] = (len(arm), means[0], means[1], means[2])
    return found


def kills_of(kills: Iterable[Line]) -> dict[Key, tuple[int, int]]:
    """By episode: its kills, and those of them that are marked as extra."""
    return {
        name: (len(found), sum(line["extra"] == "true" for line in found))
        for name, found in grouped(kills, *EPISODE).items()
    }


def premature_means(episodes: Iterable[Line], kills: Iterable[Line]) -> dict[Key, dict[str, float]]:
    """By situation and arm: premature kills an episode by class, of the episodes that count."""
    of_episode = grouped((line for line in kills if line["premature"] == "true"), *EPISODE)
    found = {}
    for name, arm in grouped(counted(episodes), *SITUATION, "arm").items():
        classes = [line["premature_class"] for one in arm for line in of_episode.get(key(one, *EPISODE), ())]
        found[name] = {one: classes.count(one) / len(arm) for one in sorted(set(classes))}
    return found
