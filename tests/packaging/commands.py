"""Runs a command of an environment in a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path


def run(program: Path, *words: str, cwd: Path) -> str:
    """Returns the output of the command; if it fails, the test fails with that output."""
    done = subprocess.run([str(program), *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
