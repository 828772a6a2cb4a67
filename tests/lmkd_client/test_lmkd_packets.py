"""The reader of lmkd's packets, fuzzed under ASan and UBSan against a reader in Python."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from sanitized import build_sanitized
from stand_in_lmkd import GETKILLCNT
from stand_in_lmkd import PROCKILL
from stand_in_lmkd import STAT_KILL_OCCURRED
from stand_in_lmkd import UPDATE_PROPS

pytestmark = pytest.mark.compiler

UNKNOWN, COUNT, UPDATED, KILLED, STAT = range(5)
NAME_BYTES = 127
STAT_BYTES = 84

KNOWN = [struct.pack(">i", kind) for kind in (GETKILLCNT, PROCKILL, UPDATE_PROPS, STAT_KILL_OCCURRED)]
BODIES = st.one_of(st.binary(max_size=20), st.binary(min_size=70, max_size=300))
PACKETS = st.lists(
    st.one_of(st.binary(max_size=300), st.builds(bytes.__add__, st.sampled_from(KNOWN), BODIES)), max_size=20
)


@pytest.fixture(scope="session")
def cases(checkout: Path) -> Path:
    tree = checkout / "device_agent" / "lmkd_client"
    sources = [Path(__file__).with_name("packet_cases.c"), tree / "packet.c"]
    return build_sanitized("packet_cases", sources, [tree])


def words(data: bytes) -> list[int]:
    return [value for (value,) in struct.iter_unpack(">i", data[: len(data) // 4 * 4])]


def name_of(data: bytes) -> str:
    if len(data) < 2:
        return ""
    (length,) = struct.unpack(">H", data[:2])
    return data[2 : 2 + min(length, NAME_BYTES)].partition(b"\0")[0].hex()


def expected(data: bytes) -> str:
    """The expected output of the program."""
    head = words(data)
    kind, reply, stat, name = UNKNOWN, [0] * 4, [0] * 14, ""
    if head[:1] in ([GETKILLCNT], [UPDATE_PROPS]) and len(head) >= 2:
        kind, reply = (COUNT if head[0] == GETKILLCNT else UPDATED), [head[1], 0, 0, 0]
    elif head[:1] == [PROCKILL] and len(head) >= 3:
        kind, reply = KILLED, [0, *head[1:3], *(head[3:4] or [-1])]
    elif head[:1] == [STAT_KILL_OCCURRED] and len(data) >= STAT_BYTES:
        kind, name = STAT, name_of(data[STAT_BYTES:])
        stat = list(struct.unpack(">6q8i", data[4:STAT_BYTES]))
    command = head[0] if head else -1
    return f"{kind} {command} {' '.join(map(str, reply))} {' '.join(map(str, stat))} {name}"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packets=PACKETS)
def test_no_packet_is_read_past_its_end_or_otherwise_than_as_it_is_laid_out(
    packets: list[bytes], cases: Path
) -> None:
    stream = b"".join(struct.pack(">H", len(data)) + data for data in packets)
    done = subprocess.run([cases], input=stream, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == [expected(data) for data in packets]
