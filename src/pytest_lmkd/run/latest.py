"""``results/latest``: a link to the newest run of the default results folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

RESULTS = Path("results")
"""The folder of runs that name none."""

LATEST = "latest"


def link_latest(run: Path) -> None:
    """Points ``results/latest`` to the run, if that lies in ``results`` of the current folder.

    No other folder gets a link, a file of that name is left alone, and so is a file system without links.
    """
    folder, link = run.resolve(), RESULTS / LATEST
    if (
        folder.parent != RESULTS.resolve()
        or folder.name == LATEST
        or (link.exists() and not link.is_symlink())
    ):
        return
    new = RESULTS / f".{LATEST}.{os.getpid()}"
    with suppress(OSError):
        new.symlink_to(folder.name)
        new.replace(link)
