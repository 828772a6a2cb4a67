"""A run as Perfetto traces: one a trial, one an episode, for https://ui.perfetto.dev and trace_processor."""

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
"""What could mean something to a file system or a shell; the digest tells apart what then reads the same."""


@dataclass(frozen=True, slots=True)
class Traces:
    """The files that were written, and what of the run could not be used."""

    paths: tuple[Path, ...]
    problems: tuple[Problem, ...]


def write_traces(run_dir: Path, to: Path, reading: Reading = EVERYTHING) -> Traces:
    """Writes ``device=…/SUITE-SCENARIO-…-ARM-bBLOCK-….perfetto-trace`` below ``to``.

    A record that no trace can hold is a problem, and the others are written.

    Raises:
        UsageProblem: there is no run in ``run_dir``, no device that is wanted, or nothing can be written.
    """
    problems: list[Problem] = []
    run = run_name(run_dir, problems, reading)
    paths: list[Path] = []
    try:
        for found, file in wanted_devices(run_dir, run, problems, reading):
            paths += _write_device(found, to, file.name, problems)
    except OSError as error:
        raise UsageProblem(
            f"the export to {to} failed ({error_text(error)}): name a folder that can be written with --to"
        ) from error
    return Traces(tuple(paths), tuple(problems))


def _write_device(found: DeviceRecords, to: Path, source: str, problems: list[Problem]) -> list[Path]:
    folder = to / f"device={safe_name(found.device)}"
    paths = []
    for name, content_of in _named_traces(found):
        try:
            content = content_of()
        except ValueError as error:  # a time or a size that the format's 64 bits cannot hold
            problems.append(Problem(f"records/{source}", 0, f"no trace of {name} ({error_text(error)})"))
            continue
        path = folder / f"{name}.perfetto-trace"
        with replaced(path) as part:
            part.write_bytes(content)
        paths.append(path)
    return paths


def _named_traces(found: DeviceRecords) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Names of files without their ending, and what makes the content."""
    for trial in found.trials:
        yield _trial_name(trial, found.run), partial(trial_trace, trial)
    for episode in found.episodes:
        yield _episode_name(episode, found.run), partial(episode_trace, episode)


def _trial_name(trial: TrialRecord, run: RunName) -> str:
    size = f"{trial.victim_kb // 1024}MB-{trial.threads}t"
    return _name(trial, size, f"{run.run_id} {trial_key(trial)}")


def _episode_name(episode: EpisodeRecord, run: RunName) -> str:
    return _name(episode, episode.profile, f"{run.run_id} {episode_key(episode)}")


def _name(record: TrialRecord | EpisodeRecord, what: str, key: str) -> str:
    """What a reader looks for, and a digest of all that makes it the one it is."""
    warmup = ("warmup",) if record.warmup else ()
    words = (record.suite, record.scenario, what, record.arm, *warmup, f"b{record.block}")
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:DIGEST_LETTERS]
    return f"{UNSAFE.sub('_', '-'.join(words))[:LONGEST_NAME]}-{digest}"
