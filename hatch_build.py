"""Build hook that adds to the wheel what a user without a checkout needs: programs, sources, suites.

An editable install gets none of this: it uses the checkout.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = "pytest_lmkd/_bundle"
OTHER_TREES = ("virtual_device/kernel", "virtual_device/guest", "apk-workloads/native")
"""Trees to add besides those that programs are built from; the guest's includes its adb daemon's."""


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own examples leave it bare
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or self.target_name != "wheel":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))  # the packages are not installed while the wheel is being built
        from lmkd_core.base import toolchain  # noqa: PLC0415 - needs the line above

        include = build_data["force_include"]
        include[str(root / "suites")] = "lmkd_suites"
        program_trees = {tree for trees in toolchain.SOURCES.values() for tree in trees}
        for tree in (*OTHER_TREES, *sorted(program_trees)):
            if not tree.startswith(tuple(f"{other}/" for other in OTHER_TREES)):
                include[str(root / tree)] = f"{BUNDLE}/{tree}"
        for program in toolchain.SOURCES:
            for abi in toolchain.abis_of(program):
                trees = [root / tree for tree in toolchain.SOURCES[program]]
                binary = toolchain.build_static(program, trees, abi, self.app.display_info)
                include[str(binary)] = f"{BUNDLE}/programs/{abi}/{program}"
