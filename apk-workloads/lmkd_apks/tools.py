"""Runs the host programs that build an APK, and names the Debian packages of missing ones."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lmkd_core.base.errors import DeviceUnusable

FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")
PACKAGES = {
    "aapt": "aapt",
    "apksigner": "apksigner",
    "keytool": "default-jre-headless",
    str(FRAMEWORK): "android-framework-res",
}
"""The required programs and files, each with its Debian package."""


def require_tools() -> None:
    """Checks that all of ``PACKAGES`` are installed.

    Raises:
        DeviceUnusable: some are missing; the message names their Debian packages.
    """
    missing = [name for name in PACKAGES if shutil.which(name) is None and not Path(name).is_file()]
    if missing:
        packages = " ".join(sorted({PACKAGES[name] for name in missing}))
        raise DeviceUnusable(
            f"workload apps cannot be built here without {', '.join(missing)}: "
            f"run `apt-get install {packages}`"
        )


def run_tool(*words: str, environment: Mapping[str, str] | None = None) -> str:
    """Runs a program, with ``environment`` added to ours, and returns its standard output.

    Raises:
        DeviceUnusable: the program could not be started, or failed.
    """
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})}
        )
    except OSError as error:
        raise DeviceUnusable(f"{words[0]} cannot be run here: {error}") from error
    if done.returncode != 0:
        raise DeviceUnusable(f"{words[0]} failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout
