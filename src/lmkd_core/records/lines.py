"""Records as JSON lines.

Unknown fields are ignored, so that newer writers stay readable; wrong types are errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from lmkd_core.records.case import CaseRecord
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.device import StateRecord
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.run import RunInfo
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord

Record = (
    DeviceRecord | TrialRecord | SkipRecord | CaseRecord | EpisodeRecord | ObservationRecord | StateRecord
)
"""A line of ``records/<device>.jsonl``."""

Planned = PlannedTrial | PlannedEpisode
"""A line of ``plan.jsonl``."""

_record_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_planned_decoder: msgspec.json.Decoder[Planned] = msgspec.json.Decoder(Planned)
_run_decoder: msgspec.json.Decoder[RunInfo] = msgspec.json.Decoder(RunInfo)
_encoder = msgspec.json.Encoder()


def decode_record(line: bytes | str) -> Record:
    """One line of ``records/*.jsonl``.

    Raises:
        ValueError: the line is not a record; the message says what is wrong with it.
    """
    try:
        return _record_decoder.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def decode_planned(line: bytes | str) -> Planned:
    """One line of ``plan.jsonl``. Raises: ValueError, as ``decode_record``."""
    try:
        return _planned_decoder.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def decode_run(text: bytes) -> RunInfo:
    """The content of ``run.json``. Raises: ValueError, as ``decode_record``."""
    try:
        return _run_decoder.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error


def encode_line(message: object) -> bytes:
    """``message`` as one JSON line, newline included."""
    return _encoder.encode(message) + b"\n"


def encode_lines(messages: Sequence[object]) -> bytes:
    return b"".join(map(encode_line, messages))


def to_dict(message: msgspec.Struct) -> dict[str, Any]:
    """The message as plain builtins, its tag included under ``type``."""
    result: dict[str, Any] = msgspec.to_builtins(message)
    return result
