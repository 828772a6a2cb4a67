"""The program of suites/apps, built for this host under ASan and UBSan; every user may run it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sanitized import sanitized_program

from pytest_lmkd.apps.program import PROGRAM


@pytest.fixture(scope="session")
def program(checkout: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lmkd-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield Path(shutil.copy(sanitized_program(PROGRAM, checkout), folder))
