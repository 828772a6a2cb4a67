"""Builds a Perfetto trace of tracks, slices, instants and counters.

Format: https://perfetto.dev/docs/reference/synthetic-track-event. The slices of a track do not overlap, so
each end closes the slice that began before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import CounterDescriptor
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TracePacket
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TrackDescriptor
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TrackEvent

Note = str | int | bool | None
Notes = Mapping[str, Note]
NONE: Notes = MappingProxyType({})

ZERO_NS = 1_000_000_000
"""The timestamp of a record's moment 0 in its trace; earlier events need timestamps too."""

SEQUENCE = 1
BYTES_A_KB = 1024


class TraceBuilder:
    """Collects events in any order; times are in ns since the record's moment 0."""

    def __init__(self) -> None:
        self._tracks: list[TracePacket] = []
        self._events: list[TracePacket] = []

    def track(self, name: str, parent: int | None = None) -> int:
        """Adds a track for slices and instants; returns its id, a digest of its name, parent and position."""
        return int(self._add_track(name, parent).uuid)

    def byte_counter(self, name: str, parent: int) -> int:
        descriptor = self._add_track(name, parent)
        descriptor.counter.unit = CounterDescriptor.UNIT_SIZE_BYTES
        return int(descriptor.uuid)

    def counter(self, name: str, parent: int, unit: str) -> int:
        descriptor = self._add_track(name, parent)
        descriptor.counter.unit_name = unit
        return int(descriptor.uuid)

    def slice(
        self, track: int, name: str, start_ns: int, end_ns: int, notes: Notes = NONE, flow: int | None = None
    ) -> None:
        """Adds a slice; ``flow`` is that of the instant which caused it."""
        begin = self._event(track, TrackEvent.TYPE_SLICE_BEGIN, start_ns, notes)
        begin.name = name
        if flow is not None:
            begin.terminating_flow_ids.append(flow)
        self._event(track, TrackEvent.TYPE_SLICE_END, max(end_ns, start_ns), NONE)

    def instant(
        self, track: int, name: str, at_ns: int, notes: Notes = NONE, flow: int | None = None
    ) -> None:
        """Adds an instant; ``flow`` identifies the slices that it causes."""
        event = self._event(track, TrackEvent.TYPE_INSTANT, at_ns, notes)
        event.name = name
        if flow is not None:
            event.flow_ids.append(flow)

    def count(self, counter: int, at_ns: int, value: int) -> None:
        self._event(counter, TrackEvent.TYPE_COUNTER, at_ns, NONE).counter_value = value

    def serialised(self) -> bytes:
        """Returns the trace: tracks first, then events in the order of their times."""
        events = sorted(
            self._events, key=lambda packet: packet.timestamp
        )  # stable: equal times keep their order
        trace = Trace(packet=[*self._tracks, *events])
        for packet in trace.packet:
            packet.trusted_packet_sequence_id = SEQUENCE
        if trace.packet:
            trace.packet[0].sequence_flags = TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
        content: bytes = trace.SerializeToString(deterministic=True)
        return content

    def _add_track(self, name: str, parent: int | None) -> TrackDescriptor:
        packet = TracePacket()
        descriptor = packet.track_descriptor
        descriptor.uuid = _number(f"{parent} {name} {len(self._tracks)}")
        descriptor.name = name
        if parent is not None:
            descriptor.parent_uuid = parent
        self._tracks.append(packet)
        return descriptor

    def _event(self, track: int, kind: int, at_ns: int, notes: Notes) -> TrackEvent:
        packet = TracePacket(timestamp=ZERO_NS + at_ns)
        packet.track_event.type = kind
        packet.track_event.track_uuid = track
        for name, note in notes.items():
            _annotate(packet.track_event, name, note)
        self._events.append(packet)
        return packet.track_event


def _annotate(event: TrackEvent, name: str, note: Note) -> None:
    """Adds a text, an integer or a boolean; an unknown value is left out."""
    if note is None:
        return
    annotation = event.debug_annotations.add(name=name)
    if isinstance(note, bool):
        annotation.bool_value = note
    elif isinstance(note, int):
        annotation.int_value = note
    else:
        annotation.string_value = note


def _number(text: str) -> int:
    """Returns 63 bits of a digest of ``text``: the same text gives the same id."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8], "big") >> 1
