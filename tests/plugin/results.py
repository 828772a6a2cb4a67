"""How a run is started that a test may interrupt, and what it left in its results folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

INTERRUPTIBLE = ("env", "--default-signal=INT", sys.executable, "-m")
"""A shell's background jobs, and all that they start, ignore SIGINT: also where the tests are such a job."""


def records_of(folder: Path) -> list[dict]:
    return [json.loads(line) for path in (folder / "records").glob("*.jsonl") for line in path.open()]
