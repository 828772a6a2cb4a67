"""A Perfetto trace in the making: tracks, slices on them, instants and counters.

Format: https://perfetto.dev/docs/reference/synthetic-track-event. Every track has slices that do not overlap,
so that each end closes the slice that began before it.
"""

from __future__ import annotations

import hashlib

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import CounterDescriptor
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TracePacket
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TrackDescriptor
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TrackEvent

Note = str | int | bool | None

ZERO_NS = 1_000_000_000
"""Where the moment 0 of a record lies in its trace: what came before it has a time too."""

SEQUENCE = 1
BYTES_A_KB = 1024


class TraceBuilder:
    """Collects what happened, in any order; times are ns since the record's moment 0."""

    def __init__(self) -> None:
        self._tracks: list[TracePacket] = []
        self._events: list[TracePacket] = []

    def track(self, name: str, parent: int | None = None) -> int:
        """A track for slices and instants; its id follows from its name and its parent's."""
        return int(self._add_track(name, parent).uuid)

    def counter_of_bytes(self, name: str, parent: int) -> int:
        descriptor = self._add_track(name, parent)
        descriptor.counter.unit = CounterDescriptor.UNIT_SIZE_BYTES
        return int(descriptor.uuid)

    def counter(self, name: str, parent: int, unit: str) -> int:
        descriptor = self._add_track(name, parent)
        descriptor.counter.unit_name = unit
        return int(descriptor.uuid)

    def slice(
        self, track: int, name: str, start_ns: int, end_ns: int, flow: int | None = None, **notes: Note
    ) -> None:
        """``flow``: of an instant that this follows from."""
        begin = self._event(track, TrackEvent.TYPE_SLICE_BEGIN, start_ns, notes)
        begin.name = name
        if flow is not None:
            begin.terminating_flow_ids.append(flow)
        self._event(track, TrackEvent.TYPE_SLICE_END, max(end_ns, start_ns), {})

    def instant(self, track: int, name: str, at_ns: int, flow: int | None = None, **notes: Note) -> None:
        """``flow``: names what follows from this."""
        event = self._event(track, TrackEvent.TYPE_INSTANT, at_ns, notes)
        event.name = name
        if flow is not None:
            event.flow_ids.append(flow)

    def count(self, counter: int, at_ns: int, value: int) -> None:
        self._event(counter, TrackEvent.TYPE_COUNTER, at_ns, {}).counter_value = value

    def serialised(self) -> bytes:
        """The trace: tracks first, then events in the order of their times."""
        events = sorted(self._events, key=lambda packet: packet.timestamp)  # equal ones as they were added
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

    def _event(self, track: int, kind: int, at_ns: int, notes: dict[str, Note]) -> TrackEvent:
        packet = TracePacket(timestamp=ZERO_NS + at_ns)
        packet.track_event.type = kind
        packet.track_event.track_uuid = track
        for name, note in notes.items():
            _annotate(packet.track_event, name, note)
        self._events.append(packet)
        return packet.track_event


def _annotate(event: TrackEvent, name: str, note: Note) -> None:
    """Text, number or truth; what is not known is not there."""
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
    """63 bits that are the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8], "big") >> 1
