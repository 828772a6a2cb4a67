"""Arms, stalls and shapes register themselves: each build's probe lists those of all sources, by name."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.compiler

FOLDERS = {"arm": "lib/arms", "stall": "reclaim/stalls", "shape": "lib/shapes"}
NAME = re.compile(r'(?:\.name = |^HOLDER\(\w+, )"([^"]+)"', re.MULTILINE)


@pytest.mark.parametrize("kind", FOLDERS)
def test_the_probe_lists_every_entry(kind: str, agent: Path, checkout: Path) -> None:
    folder = checkout / "device_agent" / FOLDERS[kind]
    in_sources = sorted(name for path in folder.glob("*.c") for name in NAME.findall(path.read_text()))
    done = subprocess.run([agent, "probe"], capture_output=True, text=True, check=True)
    facts = json.loads(done.stdout)["facts"]
    assert [fact.partition(":")[2] for fact in facts if fact.startswith(f"{kind}:")] == in_sources
    assert in_sources
