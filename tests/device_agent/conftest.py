"""Builds the agent for this host: with gcc under ASan and UBSan, and statically as for devices."""

from __future__ import annotations

from pathlib import Path

import pytest
from sanitized import sanitized_program

from lmkd_core.base.toolchain import static_program
from pytest_lmkd.devices.agent import PROGRAM


@pytest.fixture(scope="session")
def sanitized_agent(checkout: Path) -> Path:
    return sanitized_program(PROGRAM, checkout)


@pytest.fixture(scope="session")
def static_agent() -> Path:
    return static_program(PROGRAM, "x86_64", print)


@pytest.fixture(params=["sanitized_agent", "static_agent"])
def agent(request: pytest.FixtureRequest) -> Path:
    """Every test runs with both builds."""
    path: Path = request.getfixturevalue(request.param)
    return path
