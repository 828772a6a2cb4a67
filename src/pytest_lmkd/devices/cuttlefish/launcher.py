"""The commands of both launchers: ``cvd`` of the package cuttlefish-base, ``launch_cvd`` of older builds.

Source: google/android-cuttlefish, host/commands/cvd/cli (commands/create.cpp, start.cpp, stop.cpp,
restart.cpp, remove.cpp, selector/), host/commands/start, restart_cvd and stop, assemble_cvd/flags. Start and
restart return once Android has booted or failed to boot. Success is 0; failure is 255 for ``cvd``,
run_cvd's RunnerExitCodes for ``launch_cvd``.
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
    """A program, its arguments, and the environment variables that differ from ours."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """The command as a user would type it."""
        variables = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        return " ".join([*variables, shlex.join(self.words)])


class Launcher(Protocol):
    """The commands that start, stop and delete one instance."""

    ends_failed_starts: bool
    """Whether a failed ``start`` leaves nothing running."""

    def start(self, settings: Settings) -> Command: ...

    def restart(self) -> Command:
        """Restarts Android with its disks as they are; returns once it has booted."""

    def stop(self) -> Command: ...

    def delete(self) -> Command:
        """Deletes the logs and disks of a stopped instance, so that the next one starts anew."""


class Cvd:
    """``cvd``, which keeps instances in groups; ours has a unique name."""

    ends_failed_starts = True  # CvdResetGroup in its start.cpp

    def __init__(self, program: Path, number: int) -> None:
        self._cvd = [str(program), f"--group_name=lmkd_{number}_{os.getpid()}"]
        self._number = number

    def start(self, settings: Settings) -> Command:
        words = [*self._cvd, "create", f"--product_path={images_folder(settings)}"]
        if settings.images is not None and has_tools(settings.images):
            words.append(f"--host_path={settings.images}")
        return Command([*words, *_instance_words(self._number, settings)])

    def restart(self) -> Command:
        return Command([*self._cvd, "restart"])

    def stop(self) -> Command:
        return Command([*self._cvd, "stop"])

    def delete(self) -> Command:
        return Command([*self._cvd, "remove"])


class LaunchCvd:
    """``launch_cvd``, which keeps an instance in ``HOME`` and identifies it by that; ours is a new folder."""

    ends_failed_starts = False  # "Device has been left running for debug" in run_cvd/boot_state_machine.cc

    def __init__(self, program: Path, number: int) -> None:
        self._program = program
        self._number = number
        self._home = user_cache_root() / "cuttlefish" / f"{number}-{os.getpid()}"

    def start(self, settings: Settings) -> Command:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        variables = {**self._variables(), "ANDROID_PRODUCT_OUT": str(images_folder(settings))}
        return Command([str(self._program), "--daemon", *_instance_words(self._number, settings)], variables)

    def restart(self) -> Command:
        return Command([str(self._program.with_name("restart_cvd"))], self._variables())

    def stop(self) -> Command:
        return Command([str(self._program.with_name("stop_cvd"))], self._variables())

    def delete(self) -> Command:
        return Command(["rm", "-rf", str(self._home)])

    def _variables(self) -> dict[str, str]:
        return {
            "HOME": str(self._home),
            "ANDROID_HOST_OUT": str(self._program.parent.parent),
            "CUTTLEFISH_INSTANCE": str(self._number),
        }


def find_launcher(number: int, settings: Settings) -> Launcher:
    """The launcher named in ``settings``, else ``cvd``, else ``launch_cvd``.

    Raises:
        DeviceUnusable: there is no launcher, or it is not executable.
    """
    program = settings.launcher or _on_path()
    if program is None:
        raise DeviceUnusable(f"neither cvd nor launch_cvd is on PATH: {INSTALL}, or set launcher=FILE")
    if not os.access(program, os.X_OK):
        raise DeviceUnusable(f"{program} is not executable: run `chmod +x {program}`, or set launcher=FILE")
    return (LaunchCvd if program.name == "launch_cvd" else Cvd)(program, number)


def _on_path() -> Path | None:
    path = shutil.which("cvd") or shutil.which("launch_cvd")
    return Path(path) if path else None


def _instance_words(number: int, settings: Settings) -> list[str]:
    """The options of both launchers. Old ones would otherwise ask about usage statistics and wait."""
    options = {
        "base_instance_num": number,
        "num_instances": 1,
        "report_anonymous_usage_stats": "n",
        "kernel_path": settings.kernel,
        "initramfs_path": settings.initramfs,
        "memory_mb": settings.memory_mb,
        "cpus": settings.cpus,
    }
    return [f"--{name}={value}" for name, value in options.items() if value is not None] + [*settings.extra]
