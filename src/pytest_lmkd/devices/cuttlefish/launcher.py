"""The two launchers' command lines: ``cvd`` of the package cuttlefish-base, ``launch_cvd`` of older builds.

Read from google/android-cuttlefish, host/commands/cvd/cli (commands/create.cpp, start.cpp, stop.cpp,
remove.cpp, selector/), host/commands/start and stop, assemble_cvd/flags. Both return once Android has
booted or failed to: 0 for good, ``cvd`` 255 and ``launch_cvd`` run_cvd's RunnerExitCodes for bad.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Protocol

from lmkd_core.base.cache import user_cache_root
from lmkd_core.base.errors import DeviceUnusable
from pytest_lmkd.devices.cuttlefish.host import INSTALL
from pytest_lmkd.devices.cuttlefish.host import has_tools
from pytest_lmkd.devices.cuttlefish.host import images_folder
from pytest_lmkd.devices.cuttlefish.settings import Settings


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments, and the environment variables that differ from ours."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """What to type."""
        variables = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        return " ".join([*variables, shlex.join(self.words)])


class Launcher(Protocol):
    """The commands of one instance's life."""

    ends_failed_starts: bool
    """Whether nothing runs any more when ``start`` has failed by itself."""

    def start(self, settings: Settings) -> Command: ...

    def stop(self) -> Command: ...

    def clear_away(self) -> Command:
        """Deletes what a stopped instance leaves: logs, and disks that the next one must not go on with."""


class Cvd:
    """``cvd``, which keeps instances in groups: ours has a name that nobody else's has."""

    ends_failed_starts = True  # CvdResetGroup in its start.cpp

    def __init__(self, program: Path, number: int) -> None:
        self._cvd = [str(program), f"--group_name=lmkd_{number}_{os.getpid()}"]
        self._number = number

    def start(self, settings: Settings) -> Command:
        words = [*self._cvd, "create", f"--product_path={images_folder(settings)}"]
        if settings.images is not None and has_tools(settings.images):
            words.append(f"--host_path={settings.images}")
        return Command([*words, *_instance_words(self._number, settings)])

    def stop(self) -> Command:
        return Command([*self._cvd, "stop"])

    def clear_away(self) -> Command:
        return Command([*self._cvd, "remove"])


class LaunchCvd:
    """``launch_cvd``, which knows an instance by ``HOME``, where it keeps all of it: ours is a new one."""

    ends_failed_starts = False  # "Device has been left running for debug" in run_cvd/boot_state_machine.cc

    def __init__(self, program: Path, number: int) -> None:
        self._program = program
        self._number = number
        self._home = user_cache_root() / "cuttlefish" / f"{number}-{os.getpid()}"

    def start(self, settings: Settings) -> Command:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        variables = {**self._variables(), "ANDROID_PRODUCT_OUT": str(images_folder(settings))}
        return Command([str(self._program), "--daemon", *_instance_words(self._number, settings)], variables)

    def stop(self) -> Command:
        return Command([str(self._program.with_name("stop_cvd"))], self._variables())

    def clear_away(self) -> Command:
        return Command(["rm", "-rf", str(self._home)])

    def _variables(self) -> dict[str, str]:
        return {
            "HOME": str(self._home),
            "ANDROID_HOST_OUT": str(self._program.parent.parent),
            "CUTTLEFISH_INSTANCE": str(self._number),
        }


def find_launcher(number: int, settings: Settings) -> Launcher:
    """The launcher that ``settings`` name, else ``cvd``, else ``launch_cvd``.

    Raises:
        DeviceUnusable: there is none, or it may not be run.
    """
    program = settings.launcher or _on_path()
    if program is None:
        raise DeviceUnusable(f"there is neither cvd nor launch_cvd on PATH: {INSTALL}, or give launcher=FILE")
    if not os.access(program, os.X_OK):
        raise DeviceUnusable(f"{program} may not be run: `chmod +x` it, or name another with launcher=FILE")
    return (LaunchCvd if program.name == "launch_cvd" else Cvd)(program, number)


def _on_path() -> Path | None:
    found = shutil.which("cvd") or shutil.which("launch_cvd")
    return Path(found) if found else None


def _instance_words(number: int, settings: Settings) -> list[str]:
    """What both launchers take. The question about usage statistics would wait for an answer in old ones."""
    given = {
        "base_instance_num": number,
        "num_instances": 1,
        "report_anonymous_usage_stats": "n",
        "kernel_path": settings.kernel,
        "initramfs_path": settings.initramfs,
        "memory_mb": settings.memory_mb,
        "cpus": settings.cpus,
    }
    return [f"--{name}={value}" for name, value in given.items() if value is not None] + [*settings.extra]
