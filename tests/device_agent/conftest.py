"""Builds the agent for this host: with gcc under ASan and UBSan, and statically as devices get it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from pytest_lmkd.agent.loader import PROGRAM
from pytest_lmkd.agent.loader import SOURCE_TREE
from pytest_lmkd.toolchain import C_FLAGS
from pytest_lmkd.toolchain import static_program

SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def build_sanitized(sources: Iterable[Path], include: Path, output: Path) -> Path:
    """Compiles with the product's warnings, and with the sanitizers."""
    warnings = [
        flag for flag in C_FLAGS if flag.startswith(("-W", "-std", "-D")) and not flag.startswith("-Wl")
    ]
    command = ["gcc", *warnings, *SANITIZED, f"-I{include}", "-pthread", "-o", str(output)]
    subprocess.run([*command, *map(str, sources)], check=True)
    return output


@pytest.fixture(scope="session")
def sanitized_agent(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = checkout / "device_agent" / "src"
    output = tmp_path_factory.mktemp("agent") / "lmkd-agent"
    return build_sanitized(sorted(source.rglob("*.c")), source, output)


@pytest.fixture(scope="session")
def static_agent() -> Path:
    return static_program(PROGRAM, SOURCE_TREE, "x86_64", print)


@pytest.fixture(params=["sanitized_agent", "static_agent"])
def agent(request: pytest.FixtureRequest) -> Path:
    """Each test runs with both builds."""
    path: Path = request.getfixturevalue(request.param)
    return path
