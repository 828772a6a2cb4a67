"""The agent's binary for an ABI: from the wheel, or built from the checkout's sources and cached."""

from __future__ import annotations

from pathlib import Path

from pytest_lmkd import resources
from pytest_lmkd.errors import DeviceUnusable
from pytest_lmkd.toolchain import ZIG_TARGETS
from pytest_lmkd.toolchain import Progress
from pytest_lmkd.toolchain import build_static

PROGRAM = "lmkd-agent"


def agent_binary(abi: str, progress: Progress) -> Path:
    """The agent for ``abi``, an Android ABI name.

    Raises:
        DeviceUnusable: there is no agent for that ABI, or it cannot be built here.
    """
    if abi not in ZIG_TARGETS:
        raise DeviceUnusable(f"no agent exists for the ABI {abi!r}: the ABIs are {', '.join(ZIG_TARGETS)}")
    prebuilt = resources.prebuilt(f"agents/{abi}/{PROGRAM}")
    return prebuilt or build_static(PROGRAM, resources.tree("device_agent/src"), abi, progress)
