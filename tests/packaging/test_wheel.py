"""Tests the wheel in a fresh environment and an empty folder: it has all suites, agents and commands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.packages


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(checkout),
    ]
    subprocess.run(words, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of an environment with only the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    words = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(words, check=True, capture_output=True)
    return folder / "bin"


def run(program: Path, *words: str, cwd: Path) -> str:
    done = subprocess.run([str(program), *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_suites_are_collected_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    words = ["--pyargs", "lmkd_suites", "--lmkd-device", "virtual:stock", "--collect-only", "-q"]
    assert "test_memory_comes_back[virtual-stock-held-by-vm-readv-64MB-16t]" in run(
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
