"""Tests what ``pytest-lmkd ingest`` accepts as input, and that it says what it could not read."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from lmkd_core.logs.archives import MAX_DEPTH
from lmkd_core.logs.reading import Account
from lmkd_reports.ingest.inputs import Inputs
from pytest_lmkd.cli import main

LOG = b"09-07 01:55:45.000  1500  1600 I am_kill : [0,24001,com.example.two,900,empty #17]\n"
BINARY = bytes(range(256)) * 16


def ingest(
    *arguments: str | bytes, stdin: bytes = b"", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    """Runs the command in a process of its own."""
    command = [sys.executable, "-m", "pytest_lmkd.cli", "ingest", *arguments]
    environment = os.environ | variables
    return subprocess.run(command, input=stdin, capture_output=True, check=False, env=environment)


def zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        LOG,
        gzip.compress(LOG),
        bz2.compress(LOG),
        lzma.compress(LOG),
        tarred("a/log", LOG),
        gzip.compress(tarred("a/log", LOG)),
        zipped("log", gzip.compress(LOG)),
        zipped("inner.zip", zipped("log", LOG)),
        tarred("inner.zip", zipped("log.gz", gzip.compress(LOG))),
        b"self-extracting\0" * 50 + zipped("log", LOG),
        LOG.decode().encode("utf-16-le"),
        b"\0" * 5000 + LOG,
    ],
    ids=[
        *("text", "gz", "bz2", "xz", "tar", "tar.gz", "gz in zip", "zip in zip"),
        *("mixed", "sfx", "utf16", "nul"),
    ],
)
def test_every_container_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "input"
    path.write_bytes(content)
    assert main(["ingest", str(path)]) == 0
    assert "1 death, by killer:" in capsys.readouterr().out


def test_a_folder_is_read_with_all_that_is_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log.txt").write_bytes(LOG)
    (tmp_path / "second.txt").write_bytes(LOG.replace(b"24001", b"24002"))
    (tmp_path / "picture.png").write_bytes(BINARY)
    assert main(["ingest", str(tmp_path)]) == 0
    assert "2 deaths, by killer:" in capsys.readouterr().out


@pytest.mark.parametrize("content", [LOG, gzip.compress(LOG), zipped("log", LOG)], ids=["text", "gz", "zip"])
def test_standard_input_is_read(content: bytes) -> None:
    result = ingest("-", stdin=content)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"1 death, by killer:" in result.stdout


@pytest.mark.parametrize("content", [BINARY, zipped("picture.png", BINARY), gzip.compress(BINARY)])
def test_an_input_of_which_nothing_can_be_read_is_named_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "good").write_bytes(LOG)
    (tmp_path / "bad").write_bytes(content)
    assert main(["ingest", str(tmp_path / "good"), str(tmp_path / "bad")]) == 1
    text = capsys.readouterr().out
    assert "1 death, by killer:" in text
    assert "neither text nor an archive that can be read" in " ".join(text.split())
    assert f"notread:{tmp_path / 'bad'}:" in "".join(text.split())


def test_archives_end_at_a_depth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = LOG
    for _ in range(MAX_DEPTH + 1):
        content = gzip.compress(content)
    (tmp_path / "log").write_bytes(content)
    assert main(["ingest", str(tmp_path / "log")]) == 1
    assert "archives within each other" in capsys.readouterr().out


def test_names_that_are_no_utf8_and_an_output_that_is_not_end_in_no_traceback(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xfe.txt"
    Path(os.fsdecode(name)).write_bytes(LOG + "09-07 01:55:46.000 I am_kill: [0,1,ü,0,x]\n".encode())
    options = ("--json", "--html", str(tmp_path / "page.html"))
    result = ingest(name, *options, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert result.returncode == 0, result.stderr
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert {record["process"] for record in records} == {"com.example.two", "ü"}
    assert records[0]["file"].endswith("\\xff\\xfe.txt")
    assert b"2 deaths" in result.stderr


def test_a_long_reading_says_how_far_it_has_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lmkd_reports.ingest.inputs.PROGRESS_FROM_BYTES", 1)
    monkeypatch.setattr("lmkd_reports.ingest.inputs.OTHER_S", 0)
    (tmp_path / "log").write_bytes(LOG)
    list(Inputs([tmp_path / "log"]).blocks(Account()))
    assert "MB of text" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        *(b" " * 60_000 + end for end in (b"kill", b"lowmemorykiller: Kill 'a", b"\xe2\x80\x98")),
        b"lowmemorykiller: Kill '" + b"a' (" * 15_000,
        b"09-07 01:55:45.000 1 1 I lowmemorykiller: Kill 'a' (1), " + b"to free " * 8_000,
        b"oom-kill:constraint=" + b",task=" * 10_000,
        b"Killed process 1 (" + b") total-vm:" * 6_000,
        b"[ pid ] " + b"a " * 30_000 + b"oom-killer",
        b"ApplicationExitInfo(timestamp=" + b" pid= reason=" * 5_000,
        b"[" * 60_000 + b"kill",
        b"> " * 30_000 + b"kill",
        b"1: " * 20_000 + b"kill",
        b"a.txt:" * 10_000 + b"kill",
        b"&amp;" * 12_000 + b"kill",
        b"\x1b[1m" * 15_000 + b"kill",
        b"2026-09-07 01:55:45 " * 3_000 + b"kill",
    ],
)
def test_no_line_takes_a_time_that_grows_with_its_square(tmp_path: Path, line: bytes) -> None:
    """Each line has 60,000 characters, of which a quadratic search makes billions of steps."""
    (tmp_path / "log").write_bytes((line + b"\n") * 20 + LOG)
    assert main(["ingest", str(tmp_path / "log")]) == 0
