"""What a run left in its results folder."""

from __future__ import annotations

import json
from pathlib import Path


def records_of(folder: Path) -> list[dict]:
    return [json.loads(line) for path in (folder / "records").glob("*.jsonl") for line in path.open()]
