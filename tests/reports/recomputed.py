"""Recomputes the numbers of a report from exported CSV files with the csv module and plain Python alone.

It imports none of our code on purpose, so that it finds the same as a reader with a spreadsheet.
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
    *("device", "suite", "scenario", "stall", "hold_ms", "regime"),
    *("victim_kb", "threads", "shape", "dirty_pct", "compress_pct"),
)
SITUATION = ("device", "scenario", "profile", "regime", "demand", "stall", "stall_ms")
EPISODE = ("run_id", "suite", *SITUATION, "arm", "block")

Line = dict[str, str]
Key = tuple[str, ...]
Ends = tuple[float, float]
"""The least and the greatest possible value of a number."""


def lines(folder: Path, table: str) -> list[Line]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def key(line: Line, *columns: str) -> Key:
    return tuple(line[column] for column in columns)


def counted(table: Iterable[Line]) -> list[Line]:
    return [line for line in table if (line["valid"], line["warmup"]) == ("true", "false")]


def stalled(episodes: Iterable[Line]) -> list[Line]:
    """Returns all but the unstalled episodes, which are no part of an arm's means."""
    return [line for line in episodes if not line["without_stall"]]


def grouped(table: Iterable[Line], *columns: str) -> dict[Key, list[Line]]:
    groups: dict[Key, list[Line]] = defaultdict(list)
    for line in table:
        groups[key(line, *columns)].append(line)
    return dict(groups)


def reclaim_90(line: Line) -> Ends:
    """Returns the bounds in ns; an empty cell means any time above the timeout.

    A time seen after a gap of more than a tenth of it lies within the gap.
    """
    text = line["reclaim_90_ns"]
    latest, high = (float(text), float(text)) if text else (float(line["timeout_ns"]), math.inf)
    after = float(line["reclaim_90_after_ns"] or latest)
    return (after if latest - after > latest / 10 else latest), high


def median_reclaim_90(trials: Iterable[Line]) -> dict[Key, Ends]:
    """Returns the bounds of the median of ``reclaim_90_ns`` by stratum and arm."""
    medians = {}
    for name, arm in grouped(counted(trials), *STRATUM, "arm").items():
        times = [reclaim_90(line) for line in arm]
        medians[name] = median(low for low, _ in times), median(high for _, high in times)
    return medians


def esrch(trials: Iterable[Line]) -> dict[Key, tuple[int, int]]:
    """Returns the numbers of lost and of all calls of process_mrelease by stratum and arm."""
    races = {}
    for name, arm in grouped(counted(trials), *STRATUM, "arm").items():
        called = [line for line in arm if line["kill_to_mrelease_ns"]]
        if called:
            races[name] = sum(line["mrelease_errno"] == "ESRCH" for line in called), len(called)
    return races


def esrch_of_calls(calls: Iterable[Line]) -> dict[Key, int]:
    """Returns the number of lost calls by stratum and arm, from the table of calls, of all trials."""
    lost = [line for line in calls if (line["name"], line["errno"]) == ("process_mrelease", "ESRCH")]
    return {name: len(arm) for name, arm in grouped(lost, *STRATUM, "arm").items()}


def paired_ratios(trials: Iterable[Line], candidate: str, baseline: str) -> dict[Key, tuple[int, Ends]]:
    """Returns, by stratum, the number of blocks in which both arms count and the bounds of the median ratio.

    The median is taken on a log scale.
    """
    ratios = {}
    for stratum, stratum_lines in grouped(counted(trials), *STRATUM).items():
        times_by_arm = {
            arm: {line["block"]: reclaim_90(line) for line in stratum_lines if line["arm"] == arm}
            for arm in (candidate, baseline)
        }
        both = times_by_arm[candidate].keys() & times_by_arm[baseline].keys()
        if both:
            pairs = [(times_by_arm[candidate][block], times_by_arm[baseline][block]) for block in both]
            low = median(log_ratio(first[0], second[1]) for first, second in pairs)
            high = median(log_ratio(first[1], second[0]) for first, second in pairs)
            ratios[stratum] = len(both), (math.exp(low), math.exp(high))
    return ratios


def log_ratio(numerator: float, denominator: float) -> float:
    if math.isinf(denominator):
        return -math.inf
    return math.log(numerator / denominator)


def kill_means(episodes: Iterable[Line]) -> dict[Key, tuple[int, float, float, float]]:
    """Returns, by situation and arm, the valid episodes and their mean total, needed and extra kills."""
    means_by_arm = {}
    for name, arm in grouped(stalled(counted(episodes)), *SITUATION, "arm").items():
        means = [fmean(float(line[f"kills_{kind}"]) for line in arm) for kind in ("total", "needed", "extra")]
        means_by_arm[name] = (len(arm), means[0], means[1], means[2])
    return means_by_arm


def extra_means(episodes: Iterable[Line]) -> dict[Key, float]:
    """Returns, by situation and arm, the mean kills beyond those of the block's unstalled episode."""
    lines = counted(episodes)
    unstalled = {
        (*key(line, *SITUATION[:-2]), line["without_stall"], line["without_stall_ms"], line["block"]): line
        for line in lines
        if line["without_stall"]
    }
    extras = {}
    for name, arm in grouped(stalled(lines), *SITUATION, "arm").items():
        pairs = [(line, unstalled.get((*name[:-1], line["block"]))) for line in arm]
        differences = [
            float(line["kills_total"]) - float(other["kills_total"]) for line, other in pairs if other
        ]
        if differences:
            extras[name] = fmean(differences)
    return extras


def kill_counts(kills: Iterable[Line]) -> dict[Key, tuple[int, int]]:
    """Returns the numbers of all and of extra kills by episode."""
    return {
        name: (len(kill_lines), sum(line["extra"] == "true" for line in kill_lines))
        for name, kill_lines in grouped(kills, *EPISODE).items()
    }


def premature_means(episodes: Iterable[Line], kills: Iterable[Line]) -> dict[Key, dict[str, float]]:
    """Returns, by situation and arm, the premature kills per valid episode by class."""
    by_episode = grouped((line for line in kills if line["premature"] == "true"), *EPISODE)
    means = {}
    for name, arm in grouped(stalled(counted(episodes)), *SITUATION, "arm").items():
        keys = [key(episode, *EPISODE) for episode in arm]
        classes = [
            line["premature_class"] for episode_key in keys for line in by_episode.get(episode_key, ())
        ]
        means[name] = {class_: classes.count(class_) / len(arm) for class_ in sorted(set(classes))}
    return means
