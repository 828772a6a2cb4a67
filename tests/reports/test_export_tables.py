"""Tests ``pytest-lmkd export``: the tables have every record once, with its values."""

from __future__ import annotations

import csv
import datetime
import errno
import re
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
import recomputed
from synthetic import NS_PER_MS
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import SyntheticRun
from synthetic import synthetic_conformance
from synthetic import synthetic_death
from synthetic import synthetic_device
from synthetic import synthetic_episode
from synthetic import synthetic_info
from synthetic import synthetic_observation
from synthetic import synthetic_observations
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from synthetic import synthetic_states
from synthetic import synthetic_trial

from lmkd_core.records.case import CaseRecord
from lmkd_core.records.device import Conditions
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.device import StateRecord
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import KillRecord
from lmkd_core.records.lines import encode_line
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.observation import ObservedApp
from lmkd_core.records.observation import ObservedDeath
from lmkd_core.records.schema import Fact
from lmkd_core.records.trial import Call
from lmkd_core.records.trial import TrialRecord
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports.analysis.frames import EPISODE
from lmkd_reports.analysis.frames import TRIAL
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.export import tables
from lmkd_reports.export.parquet import open_table
from lmkd_reports.export.reading import DeviceRecords
from lmkd_reports.export.rows import table_rows
from lmkd_reports.export.tables import TABLES
from lmkd_reports.export.tables import Table
from pytest_lmkd.cli import main

HOSTILE = "../../../x"
Stratum = tuple[str, ...]


class Export:
    """The run of a test, and the commands that export it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.run_dir, self.to = folder / "run", folder / "new" / "to"
        self._capsys = capsys

    def __call__(self, form: str, *words: str) -> tuple[int, str]:
        """Exports in the format ``form``; returns the exit code and the text on stderr."""
        code = main(["export", str(self.run_dir), f"--{form}", "--to", str(self.to), *words])
        return code, self._capsys.readouterr().err

    def csv(self, table: str) -> list[dict[str, str]]:
        assert self("csv")[0] == 0
        return recomputed.lines(self.to, table)

    def parquet(self, table: Table) -> list[dict[str, object]]:
        assert self("parquet")[0] == 0
        return self.rows(table)

    def rows(self, table: Table) -> list[dict[str, object]]:
        """All rows in the folder, exported now or before."""
        if not (self.to / table.name).exists():
            return []
        rows: list[dict[str, object]] = open_table(self.to, table).to_table().to_pylist()
        return rows

    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.to.rglob("*") if path.is_file())
        return {str(path.relative_to(self.to)): path.read_bytes() for path in paths}

    def twice(self, form: str) -> dict[str, bytes]:
        """Exports the same run two times, which must give equal files; returns them."""
        self(form)
        first = self.files()
        self(form)
        assert self.files() == first
        return first


@pytest.fixture
def export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Export:
    return Export(tmp_path, capsys)


def single_device_run(name: str = PATCHED, run_id: str = "synthetic-run") -> SyntheticRun:
    """A run of one device: two trials, an episode with two kills, and one record of every other kind."""
    info = msgspec.structs.replace(synthetic_info([name]), run_id=run_id)
    run = SyntheticRun(info, [synthetic_device(name)])
    run.trials = [synthetic_trial(device=name, block=block, curve=((0, 9), (5, 0))) for block in range(2)]
    run.episodes = [synthetic_episode(1, 1, device=name)]
    run.cases = [msgspec.structs.replace(case, device=name) for case in synthetic_conformance().cases[:1]]
    run.skips = [SkipRecord(device=name, what="arm", name="reap-kill", reason="no such flag")]
    return run


# The numbers of the report, from the CSV alone


def damaged(run: SyntheticRun) -> SyntheticRun:
    """Adds invalid and censored trials (half of those with 16 threads), and records some trials twice."""
    for number, trial in enumerate(run.trials):
        late = number % 5 == 0 or (trial.threads == 16 and trial.block % 2 == 0)
        changes: dict[str, object] = {"reclaim_90_ns": None, "reclaim_99_ns": None} if late else {}
        changes |= {} if number % 7 else {"valid": False, "invalid_reason": "too hot"}
        run.trials[number] = msgspec.structs.replace(trial, **changes)
    again = [trial for trial in run.trials[::11] if trial.reclaim_90_ns]
    run.trials += [msgspec.structs.replace(trial, reclaim_90_ns=trial.reclaim_90_ns * 3) for trial in again]
    run.episodes.append(msgspec.structs.replace(run.episodes[0], kills_total=50, kills_extra=45))
    return run


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Analysis, Path]:
    """The analysis of a run, and the folder of its tables as CSV."""
    run = synthetic_run(blocks=9)
    run.episodes = synthetic_pressure().episodes
    folder = damaged(run).write(tmp_path_factory.mktemp("reported"))
    assert main(["export", str(folder), "--csv"]) == 0
    return analyse(load_run(folder)), folder / "export" / "csv"


def stratum_keys(analysis: Analysis) -> dict[Stratum, object]:
    """The result of each stratum by its key in the CSV."""
    return {
        (device.name, *(str(getattr(result.stratum, name)) for name in recomputed.STRATUM[1:])): result
        for device in analysis.devices
        for result in device.strata
    }


def test_medians_are_those_of_the_report(reported: tuple[Analysis, Path]) -> None:
    analysis, folder = reported
    reported_medians = {
        (*key, arm.arm): (arm.reclaim_90_ns.median.low, arm.reclaim_90_ns.median.high)
        for key, stratum in stratum_keys(analysis).items()
        for arm in stratum.arms
        if arm.reclaim_90_ns
    }
    medians = recomputed.median_reclaim_90(recomputed.lines(folder, "trials"))
    assert medians == reported_medians
    assert len(medians) == 8 * (3 + 2)
    assert any(low < high for low, high in medians.values())


def test_lost_races_are_those_of_the_report(reported: tuple[Analysis, Path]) -> None:
    analysis, folder = reported
    reported_races = {
        (*key, arm.arm): (arm.esrch.count, arm.esrch.total)
        for key, stratum in stratum_keys(analysis).items()
        for arm in stratum.arms
        if arm.esrch
    }
    races = recomputed.esrch(recomputed.lines(folder, "trials"))
    assert races == reported_races
    assert any(0 < lost < total for lost, total in races.values())


def test_ratios_are_those_of_the_report(reported: tuple[Analysis, Path]) -> None:
    analysis, folder = reported
    trials = recomputed.lines(folder, "trials")
    compared = 0
    for candidate, baseline in analysis.pairs:
        ratios = recomputed.paired_ratios(trials, candidate, baseline)
        for key, stratum in stratum_keys(analysis).items():
            (comparison,) = (
                x for x in stratum.comparisons if (x.candidate, x.baseline) == (candidate, baseline)
            )
            expected = comparison.ratio and (
                comparison.ratio.blocks,
                pytest.approx((comparison.ratio.estimate.low, comparison.ratio.estimate.high)),
            )
            assert ratios.get(key) == expected
            compared += expected is not None
    assert compared == 8 * 3 + 8


def test_kills_are_those_of_the_report(reported: tuple[Analysis, Path]) -> None:
    analysis, folder = reported
    totals, premature, extra = {}, {}, {}
    for device in analysis.devices:
        for result in device.pressure:
            situation = (str(getattr(result.situation, name)) for name in recomputed.SITUATION[1:])
            key = (device.name, *situation)
            arms = [arm for arm in result.arms if arm.valid]
            totals |= {
                (*key, arm.arm): (arm.valid, arm.total, arm.replay.needed, arm.replay.most_extra)
                for arm in arms
                if arm.replay
            }
            extra |= {(*key, arm.arm): pytest.approx(arm.extra.mean) for arm in arms if arm.extra}
            premature |= {(*key, arm.arm): dict(arm.premature) for arm in arms}
    episodes, kills = recomputed.lines(folder, "episodes"), recomputed.lines(folder, "kills")
    assert recomputed.kill_means(episodes) == totals
    assert recomputed.premature_means(episodes, kills) == premature
    assert recomputed.extra_means(episodes) == extra
    assert len(extra) == 3
    assert max(total for _, total, _, _ in totals.values()) > 6


def test_kills_by_themselves_give_the_counts_of_their_episodes(export: Export) -> None:
    synthetic_pressure().write(export.run_dir)
    episode_counts = {
        recomputed.key(line, *recomputed.EPISODE): (int(line["kills_total"]), int(line["kills_extra"]))
        for line in export.csv("episodes")
    }
    kill_counts = recomputed.kill_counts(recomputed.lines(export.to, "kills"))
    assert kill_counts == {key: counts for key, counts in episode_counts.items() if counts[0]}


def test_calls_by_themselves_give_the_lost_races(export: Export) -> None:
    synthetic_run([PATCHED]).write(export.run_dir)
    lost = {key: count for key, (count, _) in recomputed.esrch(export.csv("trials")).items() if count}
    assert recomputed.esrch_of_calls(recomputed.lines(export.to, "calls")) == lost


# Every field has its column


STRUCTS = [
    (tables.TRIALS.columns, TrialRecord, {"schema", "calls", "curve", "before", "after"}),
    (tables.STATE, Conditions, set()),
    (tables.CALLS.fields, Call, set()),
    (tables.EPISODES.columns, EpisodeRecord, {"schema", "kills", "curve"}),
    (tables.KILL, KillRecord, {"stall"}),
    (tables.OBSERVATIONS.columns, ObservationRecord, {"schema", "apps", "deaths"}),
    (tables.OBSERVED_APPS.fields, ObservedApp, set()),
    (tables.OBSERVED_DEATHS.fields, ObservedDeath, set()),
    (tables.DEVICES.columns, DeviceRecord, {"schema", "facts"}),
    (tables.SKIPS.columns, SkipRecord, {"schema"}),
    (tables.STATES.columns, StateRecord, {"schema"}),
    (tables.CASES.columns, CaseRecord, {"schema"}),
]
NOT_OF_THE_RECORD = {"run_id", "call"}


@pytest.mark.parametrize(
    ("columns", "struct", "elsewhere"), STRUCTS, ids=lambda case: getattr(case, "__name__", "")
)
def test_each_field_of_a_record_has_a_column_of_its_type(
    columns: tables.Columns, struct: type[msgspec.Struct], elsewhere: set[str]
) -> None:
    """A new field of a record needs a column (and a line in docs/records.md), or an entry above."""
    fields = {field.name: field.type for field in msgspec.inspect.type_info(struct).fields}
    columns_by_name = {
        column.name: column for column in columns if column.name not in NOT_OF_THE_RECORD | state_columns()
    }
    assert columns_by_name.keys() == fields.keys() - elsewhere
    for name, column in columns_by_name.items():
        assert (column.kind, column.nullable) == expected_column_type(fields[name]), name


def state_columns() -> set[str]:
    return {prefix + column.name for column in tables.STATE for prefix in ("before_", "after_")}


def expected_column_type(type_: msgspec.inspect.Type) -> tuple[str, bool]:
    kinds = {msgspec.inspect.IntType: "integer", msgspec.inspect.BoolType: "boolean"}
    nullable = isinstance(type_, msgspec.inspect.UnionType)
    inner = type_.types[0] if nullable else type_
    return kinds.get(type(inner), "text"), nullable


def test_keys_are_those_of_the_analysis() -> None:
    """The analysis drops warm-ups, lead-ins among them; an export keeps them."""
    assert tuple(column.name for column in tables.TRIAL_KEY) == ("run_id", *TRIAL, "warmup", "order")
    episode_key = tuple(column.name for column in (*tables.EPISODE_KEY, *tables.UNSTALLED))
    assert sorted(episode_key) == sorted(("run_id", *EPISODE, "warmup"))


def documented(checkout: Path) -> dict[str, list[tuple[str, str]]]:
    """The columns and types in docs/records.md, by heading."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for section in (checkout / "docs" / "records.md").read_text().split("\n### ")[1:]:
        rows = re.findall(r"^\| (`.*?) \| (\w[\w ]*) \|", section, re.MULTILINE)
        named = [(name, kind) for names, kind in rows for name in re.findall(r"`(\w+)`", names)]
        sections[section.partition("\n")[0]] = named
    return sections


def as_documented(columns: tables.Columns) -> list[tuple[str, str]]:
    return [(column.name, column.kind + (" or null" if column.nullable else "")) for column in columns]


def test_the_documentation_lists_every_column(checkout: Path) -> None:
    sections = documented(checkout)
    keys = {
        "device key": tables.DEVICE_KEY,
        "trial key": tables.TRIAL_KEY,
        "episode key": tables.EPISODE_KEY,
        "observation key": tables.OBSERVATION_KEY,
    }
    inner = {name: columns[2:] if name != "device key" else columns for name, columns in keys.items()}
    for name, columns in inner.items():
        assert sections.pop(name) == as_documented(columns)
    for table in TABLES:
        table_key = max(
            (columns for columns in keys.values() if table.columns[: len(columns)] == columns), key=len
        )
        assert sorted(sections.get(table.name, ())) == sorted(
            as_documented(table.columns[len(table_key) :])
        ), table.name
    assert {table.name for table in TABLES} <= sections.keys()


# CSV


def test_a_csv_file_follows_rfc_4180(export: Export) -> None:
    run = single_device_run()
    texts = ['comma, "quotes"', "two\r\nlines", "lone\rreturn", "ünï€ 漢", "NUL\0", ""]
    run.skips = [SkipRecord(device=PATCHED, what="stall", name=text, reason=text) for text in texts]
    run.write(export.run_dir)
    skips = export.csv("skips")
    assert [(line["name"], line["reason"]) for line in skips] == list(zip(texts, texts, strict=True))
    content = (export.to / "skips.csv").read_bytes()
    assert content.startswith(b"run_id,device,what,name,suite,reason\r\n")
    assert b'"comma, ""quotes"""' in content
    assert content.endswith(b",\r\n")


def test_nulls_are_empty_and_booleans_are_words(export: Export) -> None:
    run = single_device_run()
    run.trials = [synthetic_trial(reclaim_90_ns=None, warmup=True, before=Conditions(hottest_mc=-5000))]
    run.write(export.run_dir)
    (line,) = export.csv("trials")
    assert (line["reclaim_90_ns"], line["valid"], line["warmup"]) == ("", "true", "true")
    assert (line["before_hottest_mc"], line["before_cooling"], line["after_hottest_mc"]) == ("-5000", "", "")
    facts = {line["fact"]: (line["value"], line["reason"]) for line in recomputed.lines(export.to, "facts")}
    assert facts["root"] == ("true", "")
    assert facts["psi"] == ("", "ENOENT")
    assert facts["clock_step_ns"] == ("41", "")


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "=", "-", "-1e5", "-1,5"])
def test_a_text_is_never_a_formula(export: Export, text: str) -> None:
    run = single_device_run(text)
    run.devices[0] = msgspec.structs.replace(run.devices[0], model=text, facts={text: Fact(text, text, text)})
    run.episodes[0] = msgspec.structs.replace(run.episodes[0], scenario=text)
    app = ObservedApp(package=text, pid=1, oom_score_adj=900)
    run.observations = [
        synthetic_observation(
            0, device=text, scenario=text, deaths=(synthetic_death(1, reason=text),), apps=(app,)
        )
    ]
    run.trials[0] = msgspec.structs.replace(run.trials[0], calls=(Call(text, -9, 1, text, None),))
    run.states = synthetic_states(0, device=text, screen=text)
    run.write(export.run_dir)
    assert export("csv")[0] == 0
    for path in export.to.iterdir():
        with path.open(encoding="utf-8", newline="") as stream:
            cells = [cell for line in csv.reader(stream) for cell in line]
        assert text not in cells
        assert f"'{text}" in cells


@pytest.mark.parametrize("text", ["-17", "+4", "-0.5"])
def test_a_number_is_no_formula(export: Export, text: str) -> None:
    run = single_device_run()
    run.devices[0] = msgspec.structs.replace(run.devices[0], model=text)
    run.write(export.run_dir)
    assert export.csv("devices")[0]["model"] == text


def test_a_csv_export_replaces_the_one_before(export: Export) -> None:
    synthetic_run().write(export.run_dir)
    before = export.twice("csv")
    assert sorted(before) == sorted(f"{table.name}.csv" for table in TABLES)
    single_device_run().write(export.run_dir)
    assert len(export.csv("trials")) == 2 + len(synthetic_run([STOCK]).trials)


def test_a_failed_csv_export_leaves_the_one_before(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    single_device_run().write(export.run_dir)
    export("csv")
    before = export.files()
    synthetic_run().write(export.run_dir)

    def full_after_the_trials(table: Table, records: DeviceRecords) -> Iterator[tables.Row]:
        if table is not tables.TRIALS:
            raise OSError(errno.ENOSPC, "No space left on device")
        return table_rows(table, records)

    monkeypatch.setattr("lmkd_reports.export.csv.table_rows", full_after_the_trials)
    code, stderr_text = export("csv")
    assert (code, "No space left on device): name a folder that can be written with --to" in stderr_text) == (
        2,
        True,
    )
    assert export.files() == before


# Parquet


def test_parquet_gives_back_every_value(export: Export) -> None:
    run = single_device_run()
    run.trials = [
        synthetic_trial(flags=("hot", "slow"), seed=2**63 - 1, calls=(Call("kill", -9, 3, "", None),)),
        synthetic_trial(block=1, reclaim_90_ns=None, before=Conditions(cooling=2), curve=((0, 9), (5, 0))),
    ]
    run.write(export.run_dir)
    first, second = export.parquet(tables.TRIALS)
    assert first == second | {
        "block": 0,
        "seed": 2**63 - 1,
        "flags": "hot slow",
        "reclaim_90_ns": 12 * NS_PER_MS,
        "before_cooling": None,
    }
    assert (second["reclaim_90_ns"], second["before_cooling"], second["flags"]) == (None, 2, "")
    assert (first["run_id"], first["device"], first["date"]) == ("synthetic-run", PATCHED, "2026-01-01")
    (call,) = export.rows(tables.CALLS)
    assert [call[name] for name in ("block", "call", "name", "start_ns", "errno", "charged_kb")] == [
        *(0, 0, "kill", -9, "", None)
    ]
    curve = [(point["block"], point["t_us"], point["charged_kb"]) for point in export.rows(tables.CURVES)]
    assert curve == [(1, 0, 9), (1, 5, 0)]
    needed, extra = export.rows(tables.KILLS)
    assert (needed["kill"], needed["extra"], needed["freed_ns"]) == (0, False, 1050 * NS_PER_MS)
    assert (extra["kill"], extra["extra"], extra["freed_ns"]) == (1, True, None)
    assert (extra["stall"], extra["victim_stall"]) == ("holder", "none")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_parquet_and_csv_have_equal_rows(export: Export, table: Table) -> None:
    run = synthetic_run(blocks=2)
    run.episodes = synthetic_pressure(blocks=1).episodes
    run.cases = synthetic_conformance().cases
    run.observations = synthetic_observations((3, 0)).observations
    run.states = synthetic_states(0, screen=None)
    run.write(export.run_dir)
    words = {None: "", True: "true", False: "false"}
    rows = [
        {
            name: words[value] if value is None or isinstance(value, bool) else str(value)
            for name, value in row.items()
        }
        for row in export.parquet(table)
    ]
    assert {row.pop("date") for row in rows} == {"2026-01-01"}
    assert sorted(map(sorted_items, rows)) == sorted(map(sorted_items, export.csv(table.name)))
    assert rows


def sorted_items(row: dict[str, str]) -> Sequence[tuple[str, str]]:
    return sorted(row.items())


def test_more_rows_than_one_batch(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lmkd_reports.export.parquet.BATCH_ROWS", 7)
    synthetic_run([PATCHED], blocks=1).write(export.run_dir)
    rows = export.parquet(tables.TRIALS)
    assert len(rows) == 8 * 3
    assert len({tuple(row[name] for name in TRIAL) for row in rows}) == len(rows)


def test_the_same_run_again_changes_nothing_and_another_is_added(export: Export) -> None:
    single_device_run().write(export.run_dir)
    before = export.twice("parquet")
    single_device_run(run_id="synthetic-run-2").write(export.run_dir)
    export("parquet")
    after = export.files()
    assert {name: after[name] for name in before} == before
    assert len(after) == 2 * len(before)
    runs = [row["run_id"] for row in export.rows(tables.TRIALS)]
    assert sorted(set(runs)) == ["synthetic-run", "synthetic-run-2"]


def test_rows_that_a_run_no_longer_has_are_removed(export: Export) -> None:
    run = single_device_run()
    run.write(export.run_dir)
    export("parquet")
    single_device_run(run_id="another").write(export.run_dir)
    export("parquet")
    run.info = msgspec.structs.replace(run.info, started_utc="2026-02-03T23:30:00-02:00")
    run.episodes.clear()
    run.write(export.run_dir)
    rows = export.parquet(tables.TRIALS)
    assert sorted({(row["run_id"], row["date"]) for row in rows}) == [
        ("another", "2026-01-01"),
        ("synthetic-run", "2026-02-04"),
    ]
    assert {row["run_id"] for row in export.rows(tables.KILLS)} == {"another"}


def test_the_columns_of_a_file_have_the_documented_types(export: Export) -> None:
    single_device_run().write(export.run_dir)
    export("parquet")
    (path,) = (export.to / "trials").rglob("*.parquet")
    schema = pq.ParquetFile(path).schema_arrow
    columns = [column for column in tables.TRIALS.columns if column.name != "device"]
    types = {"text": "string", "integer": "int64", "boolean": "bool"}
    assert [(column.name, str(column.type), column.nullable) for column in schema] == [
        (column.name, types[column.kind], column.nullable) for column in columns
    ]


HOSTILE_NAMES = [
    HOSTILE,
    "..",
    ".",
    "",
    "/etc/passwd",
    "a/b=c %2F",
    "0123456789",
    "*?[a]",
    "_x",
    "\x1b[31m\n",
    "ünï€ 漢",
    "host:5037/serial",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_hostile_names_stay_text_and_stay_inside(export: Export, tmp_path: Path, name: str) -> None:
    single_device_run(name, run_id=name).write(export.run_dir)
    before = {path for path in tmp_path.rglob("*") if export.run_dir in path.parents}
    rows = export.parquet(tables.TRIALS)
    assert [(row["device"], row["run_id"]) for row in rows] == [(name, name)] * 2
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert written
    assert all(export.to in path.parents for path in written)
    assert all(path.name.startswith("run-") for path in written)
    assert all(len(path.relative_to(export.to).parts) == 4 for path in written)
    export("parquet")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} - before == written


def test_no_run_replaces_another_with_the_same_prefix(export: Export) -> None:
    for run_id in ("run@0", "run", "run@"):
        single_device_run(run_id=run_id).write(export.run_dir)
        export("parquet")
    assert {row["run_id"] for row in export.rows(tables.DEVICES)} == {"run@0", "run", "run@"}


def test_long_names_are_cut_and_stay_apart(export: Export) -> None:
    for last in "ab":
        single_device_run(300 * "漢" + last, run_id=300 * "漢" + last).write(export.run_dir)
        export("parquet")
    rows = export.rows(tables.DEVICES)
    assert len({row["device"] for row in rows}) == 2
    assert {row["device"][:17] for row in rows} == {16 * "漢" + "~"}
    assert {row["run_id"] for row in rows} == {300 * "漢" + last for last in "ab"}


def test_two_devices_in_one_file_are_kept_apart(export: Export) -> None:
    """The names differ only in letters that a file name cannot have."""
    run = single_device_run("a:b")
    run.write(export.run_dir)
    with (export.run_dir / "records" / "0.jsonl").open("ab") as stream:
        stream.writelines(encode_line(trial) for trial in single_device_run("a/b").trials)
    rows = export.parquet(tables.TRIALS)
    assert sorted(row["device"] for row in rows) == ["a/b", "a/b", "a:b", "a:b"]


# Unusable input


def append(export: Export, content: bytes) -> None:
    with (export.run_dir / "records" / "0.jsonl").open("ab") as stream:
        stream.write(content)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_truncated_line_is_named_and_the_rest_used(export: Export, form: str) -> None:
    single_device_run().write(export.run_dir)
    line = encode_line(synthetic_trial(block=2))
    append(export, line[:60] + b"\n\n\xff\x1b\n" + line)
    code, stderr_text = export(form)
    assert code == 0
    assert [re.sub(r" \(.*", "", line_text) for line_text in stderr_text.splitlines()] == [
        "pytest-lmkd: records/0.jsonl:7: left out",
        "pytest-lmkd: records/0.jsonl:9: left out",
    ]
    assert "\x1b" not in stderr_text
    rows = recomputed.lines(export.to, "trials") if form == "csv" else export.rows(tables.TRIALS)
    assert sorted(int(row["block"]) for row in rows) == [0, 1, 2]


@pytest.mark.parametrize(
    "fields",
    [
        {"curve": ((0, 2**63),)},
        {"calls": (Call("kill", -(2**63) - 1, 0, "", None),)},
        {"seed": 2**70},
        {"after": Conditions(free_kb=2**64)},
    ],
    ids=lambda fields: next(iter(fields)),
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_number_that_no_column_holds_is_named(export: Export, form: str, fields: dict[str, object]) -> None:
    single_device_run().write(export.run_dir)
    append(export, encode_line(synthetic_trial(block=2, **fields)))
    code, stderr_text = export(form)
    assert code == 0
    assert re.fullmatch(
        r"pytest-lmkd: records/0.jsonl:7: left out \(-?\d+ has more than 64 bits\)\n", stderr_text
    )
    rows = recomputed.lines(export.to, "trials") if form == "csv" else export.rows(tables.TRIALS)
    assert len(rows) == 2


def test_settings_with_numbers_that_no_column_holds(export: Export) -> None:
    single_device_run().write(export.run_dir)
    append(export, encode_line(synthetic_episode(block=1, settings={"kill_timeout_ms": 2**64})))
    append(export, encode_line(synthetic_episode(block=2, settings={"b": 2**63 - 1, "a": -1})))
    assert "records/0.jsonl:7: left out" in export("csv")[1]
    settings = [line["settings"] for line in recomputed.lines(export.to, "episodes")]
    assert settings == ["{}", '{"a":-1,"b":9223372036854775807}']


def test_of_two_equal_keys_the_last_record_counts(export: Export) -> None:
    run = single_device_run()
    run.trials.append(msgspec.structs.replace(run.trials[0], reclaim_90_ns=7))
    run.episodes.append(msgspec.structs.replace(run.episodes[0], kills_extra=7))
    run.devices.append(msgspec.structs.replace(run.devices[0], model="renamed"))
    run.write(export.run_dir)
    code, stderr_text = export("csv")
    assert (code, stderr_text.count("recorded twice: the last counts")) == (0, 2)
    assert {line["reclaim_90_ns"] for line in export.csv("trials")} == {"7", str(12 * NS_PER_MS)}
    assert [line["kills_extra"] for line in recomputed.lines(export.to, "episodes")] == ["7"]
    assert [line["model"] for line in recomputed.lines(export.to, "devices")] == ["renamed"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"type":"run"}'])
def test_a_run_that_lost_its_name_has_that_of_its_folder(export: Export, content: bytes) -> None:
    single_device_run().write(export.run_dir)
    (export.run_dir / "run.json").write_bytes(content)
    code, stderr_text = export("parquet")
    assert (code, "run.json: not usable" in stderr_text) == (0, True)
    assert {(row["run_id"], row["date"]) for row in export.rows(tables.TRIALS)} == {("run", "unknown")}


@pytest.mark.parametrize(
    ("started", "date"),
    [
        ("2026-01-01T23:59:59Z", "2026-01-01"),
        ("2026-01-01T00:30:00+02:00", "2025-12-31"),
        ("2026-01-01T12:00:00", "2026-01-01"),
        ("0001-01-01T00:00:00+23:00", "unknown"),
        ("../../x", "unknown"),
    ],
)
def test_the_date_is_that_of_the_start_in_utc(export: Export, started: str, date: str) -> None:
    run = single_device_run()
    run.info = msgspec.structs.replace(run.info, started_utc=started)
    run.write(export.run_dir)
    assert {row["date"] for row in export.parquet(tables.TRIALS)} == {date}
    assert date == "unknown" or datetime.date.fromisoformat(date)


# Usage


def test_files_go_beside_the_run_if_no_folder_is_named(export: Export) -> None:
    single_device_run().write(export.run_dir)
    for form in ("csv", "parquet"):
        assert main(["export", str(export.run_dir), f"--{form}"]) == 0
    assert (export.run_dir / "export" / "csv" / "trials.csv").is_file()
    assert (export.run_dir / "export" / "parquet" / "trials").is_dir()
    assert len(load_run(export.run_dir).trials) == 2


def test_a_folder_without_a_run_is_wrong_usage(export: Export) -> None:
    export.run_dir.mkdir()
    code, stderr_text = export("csv")
    assert (code, "holds no run" in stderr_text) == (2, True)
    assert not export.to.exists()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_folder_that_cannot_be_written_is_wrong_usage(export: Export, form: str) -> None:
    single_device_run().write(export.run_dir)
    export.to.parent.write_text("in the way")
    code, stderr_text = export(form)
    assert (code, "name a folder that can be written with --to" in stderr_text) == (2, True)


@pytest.mark.parametrize("words", [[], ["--csv", "--parquet"]])
def test_one_format_must_be_named(export: Export, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", str(export.run_dir), *words])
    assert ended.value.code == 2


def test_without_its_package_the_extra_is_named(export: Export, without: Callable[[str], None]) -> None:
    single_device_run().write(export.run_dir)
    without("pyarrow")
    code, stderr_text = export("parquet")
    assert code == 2
    assert stderr_text == (
        "pytest-lmkd: --parquet needs pyarrow, which is not installed: pip install 'pytest-lmkd[export]'\n"
    )
    assert export("csv")[0] == 0


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Hides a package as if it were not installed, and unloads our module that imports it."""

    def remove(package: str) -> None:
        loaded = [name for name in sys.modules if name.partition(".")[0] == package]
        for name in [*loaded, "lmkd_reports.export.parquet"]:
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setitem(sys.modules, package, None)

    return remove


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    script = "import sys, pytest_lmkd.cli as cli; cli.build_parser(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"pyarrow", "perfetto", "pandas", "lmkd_reports.export.rows"} & set(done.stdout.split())
