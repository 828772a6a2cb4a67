"""Runs a command of an environment in a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path


def run(program: Path, *words: str, cwd: Path) -> str:
    """The command's output; fails the test with all of it where the command fails."""
    done = subprocess.run([str(program), *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
