"""The frames that a fleet is judged by: a row an episode, and a row a trial, with a few columns each."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lmkd_reports.format.strata import EPISODE_STRATUM
from lmkd_reports.format.strata import STRATUM

CLASSES = {
    "Z": "premature_z",
    "D": "premature_d",
    "in-flight": "premature_in_flight",
    "other": "premature_other",
}
"""Class of premature kills to the column that counts them."""

COUNTS = ("kills_total", "kills_needed", "kills_extra", *CLASSES.values())
"""The counts of an episode."""

RUN = ("run_id", "device")
EPISODE_KEY = (*RUN, *EPISODE_STRATUM, "arm", "block")
TRIAL_KEY = (*RUN, *STRATUM, "arm", "block")

EPISODES = (*EPISODE_KEY, "boot_id", "valid", *COUNTS)
"""Columns of the frame of episodes."""

TRIALS = (*TRIAL_KEY, "boot_id", "valid", "reclaim_90_ns", "timeout_ns", "reclaim_90_after_ns")
"""Columns of the frame of trials; ``reclaim_90_ns`` is NaN where it took longer than the timeout."""

MEASURED = dict.fromkeys(("reclaim_90_ns", "reclaim_90_after_ns"), "float64")


def episode_frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Of rows in the order of ``EPISODES``; the last of an episode that was recorded twice counts.

    So an invalid record replaces a valid one, as on a device's own page.
    """
    frame = pd.DataFrame(rows, columns=list(EPISODES)).astype({"valid": bool})
    return frame.drop_duplicates(list(EPISODE_KEY), keep="last", ignore_index=True)


def trial_frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Of rows in the order of ``TRIALS``, as ``episode_frame``."""
    frame = pd.DataFrame(rows, columns=list(TRIALS)).astype({**MEASURED, "valid": bool})
    return frame.drop_duplicates(list(TRIAL_KEY), keep="last", ignore_index=True)
