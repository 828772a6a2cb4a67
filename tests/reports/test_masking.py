"""Serials out of a page: in every text, in the data to download, in file names, and the same in all runs."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from test_report_command import run_command

from lmkd_core.records.device import SkipRecord
from lmkd_core.records.masking import Masker
from lmkd_core.records.schema import Fact
from lmkd_reports.export.parquet import open_table
from lmkd_reports.export.tables import TABLES
from pytest_lmkd.cli import main

SERIAL = "R58M30ABCDE"
REMOTE = "10.0.0.7:5037/emulator-5554"


def with_serials() -> SyntheticRun:
    """A run whose devices' serials are wherever a device could have them."""
    run = synthetic_run([SERIAL, REMOTE], blocks=6)
    run.info = msgspec.structs.replace(
        run.info, command=f"pytest --lmkd-device {SERIAL} --lmkd-device {REMOTE}"
    )
    facts = {"serial": Fact(SERIAL, f"getprop on {SERIAL}", f"see {SERIAL}.log")}
    run.devices = [msgspec.structs.replace(one, facts={**one.facts, **facts}) for one in run.devices]
    run.skips.append(SkipRecord(device=SERIAL, what="arm", name="lmkd", reason=f"{SERIAL}: no lmkd"))
    run.skips.append(SkipRecord(device=REMOTE, what="arm", name="lmkd", reason="emulator-5554: no lmkd"))
    return run


def everything_in(html: str) -> str:
    """The page and what can be downloaded from it."""
    texts = [html]
    for uri in re.findall(r'href="(data:[^"]+)"', html):
        content = urlopen(uri).read()
        texts.append((gzip.decompress(content) if "application/gzip" in uri[:30] else content).decode())
    return "\n".join(texts)


def test_no_serial_is_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = with_serials().write(tmp_path)
    (folder / "records" / f"{SERIAL}.jsonl").write_text(f'{{"type": "trial", "device": "{SERIAL}')
    assert run_command(str(folder), "--mask-serials") == 0
    told = everything_in((folder / "report.html").read_text()) + capsys.readouterr().out
    assert len(told) > 100_000
    assert SERIAL not in told
    assert "emulator-5554" not in told
    assert "records/device-1.jsonl:1: left out" in told
    assert "pytest --lmkd-device device-1 --lmkd-device device-2" in told


def test_without_the_option_they_are_there(tmp_path: Path) -> None:
    folder = with_serials().write(tmp_path)
    assert run_command(str(folder)) == 0
    assert SERIAL in everything_in((folder / "report.html").read_text())


def test_the_numbers_stay_what_they_were(tmp_path: Path) -> None:
    folder = with_serials().write(tmp_path)
    run_command(str(folder))
    plain = (folder / "summary.txt").read_text()
    run_command(str(folder), "--mask-serials")
    masked = (folder / "summary.txt").read_text()
    assert re.findall(r"\d+\.\d+x", masked) == re.findall(r"\d+\.\d+x", plain) != []


def test_a_device_has_one_mask_in_all_runs(tmp_path: Path) -> None:
    first, second = with_serials(), with_serials()
    second.info = msgspec.structs.replace(second.info, run_id="second", devices=(REMOTE, SERIAL))
    folders = [first.write(tmp_path / "a"), second.write(tmp_path / "b")]
    run_command(*map(str, folders), "--html", str(tmp_path / "r.html"), "--mask-serials")
    words = (tmp_path / "r.html").read_text()
    assert re.findall(r'<h3 id="device-\d">([^<]+)</h3>', words) == [
        "device-1 (synthetic-20260101T000000Z)",
        "device-2 (synthetic-20260101T000000Z)",
        "device-2 (second)",
        "device-1 (second)",
    ]


def test_embedded_devices_keep_their_names() -> None:
    masker = Masker()
    masker.learn(["virtual-reap-kill-v3", "local", SERIAL])
    assert masker.text(f"virtual-reap-kill-v3, local, {SERIAL}") == "virtual-reap-kill-v3, local, device-1"


def test_a_serial_is_a_word_of_its_own() -> None:
    masker = Masker()
    masker.learn(["a1"])
    assert masker.text("a1 a1b xa1 (a1) a1:5555") == "device-1 a1b xa1 (device-1) device-1:5555"


def test_names_of_fields_are_no_serials() -> None:
    masker = Masker()
    masker.learn(["valid", "arm"])
    line = masker.lines(b'{"type":"trial","device":"arm","arm":"kill","valid":true}')
    assert line == b'{"type":"trial","device":"device-2","arm":"kill","valid":true}'


def test_a_pressed_device_is_masked_too(tmp_path: Path) -> None:
    run = synthetic_pressure()
    run.info = msgspec.structs.replace(run.info, devices=(SERIAL,))
    run.devices = [synthetic_device(SERIAL)]
    run.episodes = [msgspec.structs.replace(one, device=SERIAL) for one in run.episodes]
    folder = run.write(tmp_path)
    run_command(str(folder), "--mask-serials")
    assert SERIAL not in everything_in((folder / "report.html").read_text())


@pytest.mark.parametrize("name", [PATCHED, "HT7A1", "10.0.0.7:5555"])
def test_a_mask_never_holds_its_serial(name: str) -> None:
    masker = Masker()
    masker.learn([name])
    assert name not in masker.text(f"x {name} y")


def export(folder: Path, to: Path, *words: str) -> int:
    return main(["export", str(folder), "--to", str(to), *words])


@pytest.mark.parametrize("form", ["csv", "parquet", "perfetto"])
def test_an_export_has_no_serial_in_files_or_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    folder, to = with_serials().write(tmp_path / "run"), tmp_path / "to"
    with (folder / "records" / f"{SERIAL}.jsonl").open("a") as stream:
        stream.write(f'{{"type": "trial", "device": "{SERIAL}')
    assert export(folder, to, f"--{form}", "--mask-serials") == 0
    files = [path for path in to.rglob("*") if path.is_file()]
    names = "\n".join(str(path.relative_to(to)) for path in files)
    if form == "parquet":
        written = [table for table in TABLES if (to / table.name).exists()]
        told = "\n".join(str(open_table(to, table).to_table().to_pylist()) for table in written)
    else:
        told = "\n".join(path.read_bytes().decode(errors="replace") for path in files)
    printed = capsys.readouterr()
    for text in (names, told, printed.out, printed.err):
        assert SERIAL not in text
        assert "emulator-5554" not in text
    assert "device-1" in told and "device-2" in told
    assert "records/device-1.jsonl:" in printed.err


@pytest.mark.parametrize("form", ["csv", "parquet", "perfetto"])
def test_an_export_of_one_device_holds_no_other(tmp_path: Path, form: str) -> None:
    folder = with_serials().write(tmp_path / "run")
    assert export(folder, tmp_path / "all", f"--{form}") == 0
    assert export(folder, tmp_path / "one", f"--{form}", "--device", SERIAL) == 0
    everything, one = (
        "\n".join(
            f"{path.relative_to(tmp_path)} {path.read_bytes().decode(errors='replace')}"
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        )
        for name in ("all", "one")
    )
    assert SERIAL in everything and SERIAL in one
    assert "emulator-5554" in everything and "emulator-5554" not in one


@pytest.mark.parametrize("form", ["csv", "parquet", "perfetto"])
def test_an_export_of_a_device_that_is_not_there_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    folder = with_serials().write(tmp_path / "run")
    assert export(folder, tmp_path / "to", f"--{form}", "--device", "absent") == 2
    assert "the run has no device of the name absent" in capsys.readouterr().err
    assert not [path for path in (tmp_path / "to").rglob("*") if path.is_file()]
