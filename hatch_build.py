"""Puts into the wheel what a user without a checkout needs: agents for every ABI, sources, suites.

An editable install gets none of it: there, everything is found in the checkout.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = "pytest_lmkd/_bundle"
TREES = (
    "device_agent/src",
    "device_agent/agent",
    "device_agent/pressure",
    "device_agent/conformance",
    "device_agent/lmkd_client",
    "virtual_device/kernel",
    "virtual_device/guest",
    "virtual_device/host",
    "apk-workloads/native",
)
DEVICE_PROGRAMS = ("lmkd-agent", "lmkd-pressure", "lmkd-conformance", "lmkd-client", "lmkd-apps")
VIRTUAL_DEVICE_PROGRAMS = ("lmkd-adbd", "tsc_khz")


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own examples leave it bare
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or self.target_name != "wheel":
            return
        root = Path(self.root)
        include = build_data["force_include"]
        include[str(root / "suites")] = "lmkd_suites"
        for tree in TREES:
            include[str(root / tree)] = f"{BUNDLE}/{tree}"
        include.update(self._programs(root))

    def _programs(self, root: Path) -> dict[str, str]:
        sys.path.insert(0, str(root / "src"))  # the package is not installed while it is being built
        from pytest_lmkd.toolchain import SOURCES  # noqa: PLC0415 - needs the line above
        from pytest_lmkd.toolchain import ZIG_TARGETS  # noqa: PLC0415 - needs the line above
        from pytest_lmkd.toolchain import build_static  # noqa: PLC0415

        wanted = [(program, abi) for program in DEVICE_PROGRAMS for abi in ZIG_TARGETS]
        wanted += [(program, "x86_64") for program in VIRTUAL_DEVICE_PROGRAMS]
        return {
            str(
                build_static(program, [root / tree for tree in SOURCES[program]], abi, self.app.display_info)
            ): f"{BUNDLE}/programs/{abi}/{program}"
            for program, abi in wanted
        }
