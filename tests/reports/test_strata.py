"""Reports take a stratum's fields from its struct, and never pool trials of different strata."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pandas as pd
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_trial

from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.stratum import Stratum
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports.format.strata import EPISODE_STRATUM
from lmkd_reports.format.strata import LIMITS
from lmkd_reports.format.strata import STRATUM
from lmkd_reports.format.strata import stratum_from
from lmkd_reports.format.strata import stratum_of


def test_the_fields_are_those_of_the_records() -> None:
    assert {*STRATUM} == {*Stratum.__struct_fields__} - LIMITS
    assert {*EPISODE_STRATUM} == {*EpisodeStratum.__struct_fields__}


def test_the_timeout_sets_no_strata_apart() -> None:
    trials = [synthetic_trial(timeout_ns=timeout_ns) for timeout_ns in (10**9, 2 * 10**9)]
    assert stratum_of(trials[0]) == stratum_of(trials[1])


def test_a_stratum_from_a_frame_holds_numbers_of_python() -> None:
    trial = synthetic_trial()
    row = next(pd.DataFrame([msgspec.structs.asdict(trial)])[list(STRATUM)].iterrows())[1]
    assert stratum_from(dict(row)) == stratum_of(trial)
    assert msgspec.json.encode(stratum_from(dict(row))) == msgspec.json.encode(stratum_of(trial))


def test_the_table_of_trials_begins_with_the_place_in_the_plan(tmp_path: Path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)], [synthetic_trial()])
    table = next(csv.reader(io.StringIO(analyse(load_run(run.write(tmp_path))).trials_csv)))
    assert table[:10] == [
        *("run_id", "device", "suite", "scenario", "stall", "regime", "arm", "block", "order", "seed")
    ]
    assert table[10:14] == ["victim_kb", "threads", "hold_ms", "timeout_ns"]
