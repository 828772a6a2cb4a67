"""What differs between the kernels, emulators and hosts of two runs, by as little as shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from lmkd_core.records import kernel_config
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.kernel import IMAGE
from lmkd_core.records.kernel import VERSION
from lmkd_core.records.kernel import fact_text
from lmkd_reports.format import units
from lmkd_reports.format.identity import COMMAND_LINE
from lmkd_reports.format.identity import COMPILER
from lmkd_reports.format.identity import CONFIG
from lmkd_reports.format.identity import LABELS
from lmkd_reports.format.identity import PATCHES
from lmkd_reports.format.identity import identity_text
from lmkd_reports.gate.runs import DevicePair
from lmkd_reports.gate.runs import LoadedRun

MEASURED = re.compile(r"(?<!\S)tsc_early_khz=\d+")
"""The virtual device passes the host's clock rate on, measured anew at each start."""

SEPARATORS = {COMMAND_LINE: " ", PATCHES: ", "}
"""Facts that are lists: only the entries that differ are told."""

MOST_OPTIONS = 12
"""Kernel options that are named."""

Row = tuple[str, str, str]
"""What differs, of the base and of the candidate."""


def identity_differences(base: LoadedRun, candidate: LoadedRun, pair: DevicePair) -> Iterator[Row]:
    """The facts of the identity in which the two differ, and the kernel options.

    Not the image: it is in the kernel's name, which differs too (``properties``).
    """
    ours, theirs = _records(base, pair.base), _records(candidate, pair.candidate)
    for name, label in LABELS.items():
        before, after = _values(ours, name), _values(theirs, name)
        if before != after and name != IMAGE:
            yield label, _told(before, after, name), _told(after, before, name)
    yield from _options(_config(base, ours), _config(candidate, theirs))


def _records(loaded: LoadedRun, device: str) -> list[DeviceRecord]:
    return [record for record in loaded.run.devices if record.device == device]


def _values(records: Iterable[DeviceRecord], name: str) -> list[str]:
    """Each known value once: usually one."""
    texts = dict.fromkeys(_comparable(record, name) for record in records)
    return [text for text in texts if text]


def _comparable(record: DeviceRecord, name: str) -> str:
    text = identity_text(record, name)
    if name == VERSION:  # the compiler is a fact of its own
        return text.replace(f" ({fact_text(record, COMPILER)})", "")
    return MEASURED.sub("tsc_early_khz=<measured>", text) if name == COMMAND_LINE else text


def _told(values: Sequence[str], others: Sequence[str], name: str) -> str:
    """The values; of a list only the entries that the other side lacks."""
    if name in SEPARATORS and len(values) == len(others) == 1:
        separator = SEPARATORS[name]
        entries = others[0].split(separator)
        return separator.join(entry for entry in values[0].split(separator) if entry not in entries) or (
            units.NOTHING
        )
    return ", then ".join(values) or units.NOTHING


def _config(loaded: LoadedRun, records: Sequence[DeviceRecord]) -> dict[str, str] | None:
    """The options of the last record's kernel; None if the results directory does not keep them."""
    digest = fact_text(records[-1], CONFIG) if records else ""
    texts = (kernel_config.read(folder, digest) for folder in loaded.folders)
    return next((kernel_config.options(text) for text in texts if text is not None), None)


def _options(base: dict[str, str] | None, candidate: dict[str, str] | None) -> Iterator[Row]:
    if base is None or candidate is None:
        return
    names = [name for name in sorted({*base, *candidate}) if base.get(name) != candidate.get(name)]
    if names:
        yield "kernel options", _listed(names, base), _listed(names, candidate)


def _listed(names: Sequence[str], options: dict[str, str]) -> str:
    """``HZ=250, SWAP=n and 3 more``."""
    shown = ", ".join(f"{name}={options.get(name, 'n')}" for name in names[:MOST_OPTIONS])
    more = len(names) - MOST_OPTIONS
    return f"{shown} and {more} more" if more > 0 else shown
