"""The host accepts answers of the conformance program only in its own format."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkd_core.base.errors import AgentBug
from pytest_lmkd.conformance.program import parse_answer


def test_lines_become_one() -> None:
    assert parse_answer("live", b"ret=0\ntarget=SIGKILL\nfreed=yes\n") == "ret=0 target=SIGKILL freed=yes"
    assert parse_answer("zombie", b"target=exit 0\n") == "target=exit 0"


@pytest.mark.parametrize(
    "output",
    [b"", b"\n", b"ret\n", b"=0\n", b"ret=\n", b"ret=\x1b[31m\n", b"ret=0\n\xff\n", b"ret=" + b"x" * 99],
)
def test_anything_else_is_the_programs_bug(output: bytes) -> None:
    with pytest.raises(AgentBug, match="the case live answered"):
        parse_answer("live", output)


@given(st.binary(max_size=100))
def test_no_output_raises_anything_else(output: bytes) -> None:
    with suppress(AgentBug):
        parse_answer("live", output)
