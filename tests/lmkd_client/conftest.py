"""The client of lmkd's socket, built for this host under ASan and UBSan, and a stand-in for lmkd."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sanitized import sanitized_program
from stand_in_lmkd import StandInLmkd

from pytest_lmkd.lmkd.client import PROGRAM


@pytest.fixture(scope="session")
def client_program(checkout: Path) -> Path:
    return sanitized_program(PROGRAM, checkout)


@pytest.fixture
def lmkd(client_program: Path) -> Iterator[StandInLmkd]:
    with tempfile.TemporaryDirectory(prefix="lmkd-") as name:  # short enough for a socket
        stand_in = StandInLmkd(client_program, Path(name))
        stand_in.listen()
        yield stand_in
        stand_in.close()
