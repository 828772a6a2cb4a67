"""Writes a Perfetto trace per trial and per episode, for https://ui.perfetto.dev and trace_processor."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import Reading
from lmkd_core.records.trial import TrialRecord
from lmkd_reports.export.files import LONGEST_NAME
from lmkd_reports.export.files import replaced
from lmkd_reports.export.files import safe_name
from lmkd_reports.export.perfetto_episode import episode_trace
from lmkd_reports.export.perfetto_trial import trial_trace
from lmkd_reports.export.reading import DeviceRecords
from lmkd_reports.export.reading import RunName
from lmkd_reports.export.reading import episode_key
from lmkd_reports.export.reading import run_name
from lmkd_reports.export.reading import trial_key
from lmkd_reports.export.reading import wanted_devices

DIGEST_LETTERS = 8
UNSAFE = re.compile(r"[^A-Za-z0-9._+@-]")
"""Characters with a meaning to a file system or a shell; the digest keeps shortened names distinct."""


@dataclass(frozen=True, slots=True)
class Traces:
    """The written files, and the unusable parts of the run."""

    paths: tuple[Path, ...]
    problems: tuple[Problem, ...]


def write_traces(run_dir: Path, to: Path, reading: Reading = EVERYTHING) -> Traces:
    """Writes ``device=…/SUITE-SCENARIO-…-ARM-bBLOCK-….perfetto-trace`` below ``to``.

    A record that no trace can hold becomes a problem; all others are written.

    Raises:
        UsageProblem: ``run_dir`` has no run, the run has no wanted device, or nothing can be written.
    """
    problems: list[Problem] = []
    run = run_name(run_dir, problems, reading)
    paths: list[Path] = []
    try:
        for records, file in wanted_devices(run_dir, run, problems, reading):
            paths += _write_device(records, to, file.name, problems)
    except OSError as error:
        raise UsageProblem(
            f"the export to {to} failed ({error_text(error)}): name a folder that can be written with --to"
        ) from error
    return Traces(tuple(paths), tuple(problems))


def _write_device(records: DeviceRecords, to: Path, source: str, problems: list[Problem]) -> list[Path]:
    folder = to / f"device={safe_name(records.device)}"
    paths = []
    for name, serialise in _named_traces(records):
        try:
            content = serialise()
        except ValueError as error:  # the 64 bits of the format cannot hold a time or a size
            problems.append(Problem(f"records/{source}", 0, f"no trace of {name} ({error_text(error)})"))
            continue
        path = folder / f"{name}.perfetto-trace"
        with replaced(path) as part:
            part.write_bytes(content)
        paths.append(path)
    return paths


def _named_traces(records: DeviceRecords) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yields the name of each file without its suffix, and a function that makes its content."""
    for trial in records.trials:
        yield _trial_name(trial, records.run), partial(trial_trace, trial)
    for episode in records.episodes:
        yield _episode_name(episode, records.run), partial(episode_trace, episode)


def _trial_name(trial: TrialRecord, run: RunName) -> str:
    size = f"{trial.victim_kb // 1024}MB-{trial.threads}t"
    return _name(trial, size, f"{run.run_id} {trial_key(trial)}")


def _episode_name(episode: EpisodeRecord, run: RunName) -> str:
    return _name(episode, episode.profile, f"{run.run_id} {episode_key(episode)}")


def _name(record: TrialRecord | EpisodeRecord, detail: str, key: str) -> str:
    """Returns the words that a reader looks for, and a digest of the full key."""
    warmup = (("lead-in" if record.order < 0 else "warmup"),) if record.warmup else ()
    words = (record.suite, record.scenario, detail, record.arm, *warmup, f"b{record.block}")
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:DIGEST_LETTERS]
    return f"{UNSAFE.sub('_', '-'.join(words))[:LONGEST_NAME]}-{digest}"
