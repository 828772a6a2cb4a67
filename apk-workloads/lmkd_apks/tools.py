"""Runs the host programs that make an APK, and says which Debian package brings one that is missing."""

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
"""What is needed, and the Debian package that has it."""


def require_tools() -> None:
    """Raises:
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
    """What the program wrote to stdout.

    Raises:
        DeviceUnusable: it could not be started or failed.
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
