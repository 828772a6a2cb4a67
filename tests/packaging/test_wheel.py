"""Tests the wheel in a fresh environment and an empty folder: it has all suites, agents and commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import run

pytestmark = pytest.mark.packages


def test_the_suites_are_collected_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    words = ["--pyargs", "lmkd_suites", "--lmkd-device", "virtual:stock", "--collect-only", "-q"]
    assert "test_memory_comes_back[virtual-stock-held-by-vm-readv-64MB-16t-boot01]" in run(
        installed / "pytest", *words, cwd=tmp_path
    )


def test_every_command_has_help(installed: Path, tmp_path: Path) -> None:
    for command in ("devices", "doctor", "report", "virtual"):
        assert command in run(installed / "pytest-lmkd", command, "--help", cwd=tmp_path)


def test_agents_for_every_abi_need_no_compiler(installed: Path, tmp_path: Path) -> None:
    script = (
        "from lmkd_core.base.toolchain import ZIG_TARGETS, static_program\n"
        "for abi in ZIG_TARGETS: print(static_program('lmkd-agent', abi, print))"
    )
    paths = run(installed / "python", "-c", script, cwd=tmp_path).split()
    assert len(paths) == 5
    assert all("site-packages/pytest_lmkd/_bundle" in path for path in paths)
