"""The memory cgroups of one agent on this machine, without those of other agents."""

from __future__ import annotations

from pathlib import Path

from pytest_lmkd.devices.local_group import MOUNTS
from pytest_lmkd.devices.local_group import find_mount


def groups_of(pid: int) -> list[Path]:
    """The root of the agent and all groups below it, as named by device_agent/lib/group.c."""
    mount = find_mount("memory", MOUNTS.read_text())
    if mount is None:
        return []
    root = mount.folder / f"lmkd-agent-{pid}.0"
    return [root, *(path for path in root.rglob("*") if path.is_dir())] if root.exists() else []
