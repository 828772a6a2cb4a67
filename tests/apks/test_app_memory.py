"""Runs the app's library on the host with a stand-in for Android: it holds the memory that its extras set."""

from __future__ import annotations

import re
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lmkd_apks.library import build_library
from lmkd_apks.library import include_flags
from lmkd_apks.library import sources

pytestmark = pytest.mark.compiler

HERE = Path(__file__).parent
STAND_IN = HERE / "stand_in_device.c"
WARNINGS = ("-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wconversion")
GIVEN_BY_THE_DEVICE = ("libc.so", "liblog.so")


def compile_c(*words: str | Path) -> None:
    subprocess.run(["gcc", *WARNINGS, *words], check=True)


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory, checkout: Path) -> Path:
    """A folder with the stand-in program, JNI's headers, and the device's libraries by name."""
    folder = tmp_path_factory.mktemp("stand-ins")
    native = checkout / "apk-workloads/native/bionic"
    (folder / "android").mkdir()
    for name in ("jni.h", "android/native_activity.h", "android/log.h"):
        (folder / name).symlink_to(native / name)
    (folder / "empty.c").write_text("// The names come from the stand-in program.\n")
    for name in GIVEN_BY_THE_DEVICE:
        compile_c("-shared", f"-Wl,-soname,{name}", "-o", folder / name, folder / "empty.c")
    compile_c("-rdynamic", f"-I{folder}", "-o", folder / "device", STAND_IN)
    return folder


@pytest.fixture(scope="module")
def sanitized(stand_ins: Path) -> Path:
    """The library built with ASan and UBSan, against glibc's own headers."""
    library = stand_ins / "sanitized.so"
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{stand_ins}")
    compile_c(*flags, "-shared", "-fPIC", *include_flags(), "-o", library, *sources())
    compile_c(*flags, "-rdynamic", "-o", stand_ins / "sanitized-device", STAND_IN)
    return library


def run(
    program: Path, library: Path, folder: Path, *extras: str, before: Callable[[], None] | None = None
) -> str:
    done = subprocess.run(
        [program, library, folder, *extras],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        preexec_fn=before,
        env={"LD_LIBRARY_PATH": str(program.parent), "ASAN_OPTIONS": "detect_leaks=0"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(stand_ins: Path, folder: Path, *extras: str) -> str:
    return run(stand_ins / "device", build_library("x86_64", print), folder, *extras)


def grown_kb(log_text: str) -> int:
    before, after = rss_kb(log_text)[:2]
    return after - before


def rss_kb(log_text: str) -> list[int]:
    """Returns the resident memory before loading the library, at its ready line, and after reading again."""
    return [int(kb) for kb in re.findall(r"Rss: +(\d+) kB", log_text)]


@pytest.mark.parametrize("shape", ["app-mix", "private-anon", "shared-memory", "private-file"])
@pytest.mark.parametrize("size_kb", [8192, 65536])
def test_it_holds_as_much_as_it_reports(stand_ins: Path, tmp_path: Path, shape: str, size_kb: int) -> None:
    log_text = start(stand_ins, tmp_path, f"size_kb={size_kb}", f"shape={shape}", "threads=3")
    ready = rf"^4 lmkdlab ready org\.lmkdlab\.w01 pid=\d+ size_kb={size_kb} shape={shape} threads=3$"
    assert len(re.findall(ready, log_text, re.MULTILINE)) == log_text.count(" lmkdlab ") == 1
    assert size_kb * 0.99 < grown_kb(log_text) < size_kb * 1.05 + 1024
    assert "Threads:\t4\n" in log_text  # the UI thread as well
    assert list(tmp_path.iterdir()) == []  # its file has no name


def test_without_extras_it_is_64_mb_of_private_memory(stand_ins: Path, tmp_path: Path) -> None:
    assert "size_kb=65536 shape=private-anon threads=4\n" in start(stand_ins, tmp_path)


def test_it_reads_through_its_memory_every_touch_ms(stand_ins: Path, tmp_path: Path) -> None:
    """The stand-in unmaps all pages while the app sleeps; the pages that the app reads are mapped again."""
    log_text = start(stand_ins, tmp_path, "size_kb=16384", "shape=shared-memory", "touch_ms=1500")
    before, holding, read_again = rss_kb(log_text)
    assert "reads every 1.500 s\n" in log_text
    assert read_again - before > (holding - before) * 0.99


def test_an_app_that_lives_does_nothing_when_it_is_started_again(stand_ins: Path, tmp_path: Path) -> None:
    log_text = start(stand_ins, tmp_path, "size_kb=8192", "--", "size_kb=65536", "--", "size_kb=-1")
    assert log_text.count(" lmkdlab ") == log_text.count(" ready ") == 1
    assert grown_kb(log_text) < 10000


def test_after_bad_extras_it_can_be_started_with_good_ones(stand_ins: Path, tmp_path: Path) -> None:
    log_text = start(stand_ins, tmp_path, "size_kb=-1", "--", "shape=none", "--", "size_kb=8192")
    logged = [line.partition(": ")[2] for line in log_text.splitlines() if " failed " in line]
    assert logged == ["size_kb -1 is not 64 to 67108864", "there is no shape none"]
    assert log_text.count(" ready ") == 1


def test_an_extra_that_java_cannot_give_counts_as_absent(stand_ins: Path, tmp_path: Path) -> None:
    log_text = start(stand_ins, tmp_path, "throws=getIntExtra", "size_kb=8192", "threads=9")
    assert "size_kb=65536 shape=private-anon threads=4\n" in log_text


def test_an_activity_without_an_intent_is_reported(stand_ins: Path, tmp_path: Path) -> None:
    log_text = start(stand_ins, tmp_path, "throws=getIntent")
    assert re.search(r"^6 lmkdlab failed .*: the activity has no Intent$", log_text, re.MULTILINE)


def test_memory_that_cannot_be_allocated_is_reported(stand_ins: Path, tmp_path: Path) -> None:
    def limit_addresses() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    program, library = stand_ins / "device", build_library("x86_64", print)
    log_text = run(program, library, tmp_path, "size_kb=4194304", before=limit_addresses)
    assert re.search(
        r"^6 lmkdlab failed .*: map 4194304 kB .*: Cannot allocate memory$", log_text, re.MULTILINE
    )


BAD_EXTRAS = {
    "size_kb=-1": "size_kb -1 is not",
    "size_kb=0": "size_kb 0 is not",
    "size_kb=2147483647": "size_kb 2147483647 is not",
    "shape=mlocked": "there is no shape mlocked",
    "shape=": "there is no shape ",
    "shape=two\nlines": r"there is no shape two\?lines$",
    f"shape={'x' * 5000}": "there is no shape xxx",
    "threads=0": "threads 0 is not",
    "threads=100000": "threads 100000 is not",
    "touch_ms=-5": "touch_ms -5 is negative",
}


@pytest.mark.parametrize("extra", BAD_EXTRAS, ids=lambda extra: extra[:20])
def test_bad_extras_are_reported_and_nothing_is_held(stand_ins: Path, tmp_path: Path, extra: str) -> None:
    log_text = start(stand_ins, tmp_path, extra)
    assert re.search(
        rf"^6 lmkdlab failed org\.lmkdlab\.w01 pid=\d+: {BAD_EXTRAS[extra]}", log_text, re.MULTILINE
    )
    assert log_text.count(" lmkdlab ") == 1
    assert grown_kb(log_text) < 2048


def test_a_missing_folder_is_reported(stand_ins: Path, tmp_path: Path) -> None:
    log_text = start(stand_ins, tmp_path / "absent", "shape=app-mix")
    assert re.search(
        r"^6 lmkdlab failed \S+ pid=\d+: make a file in .*: No such file", log_text, re.MULTILINE
    )


@pytest.mark.parametrize("shape", ["app-mix", "private-anon", "shared-memory", "private-file"])
def test_making_and_touching_it_is_clean_under_sanitizers(
    stand_ins: Path, sanitized: Path, tmp_path: Path, shape: str
) -> None:
    extras = ("size_kb=4097", f"shape={shape}", "touch_ms=1")
    log_text = run(stand_ins / "sanitized-device", sanitized, tmp_path, *extras)
    assert " ready " in log_text
    assert "reads every 0.001 s\n" in log_text


@pytest.mark.parametrize("extra", BAD_EXTRAS, ids=lambda extra: extra[:20])
def test_bad_extras_are_clean_under_sanitizers(
    stand_ins: Path, sanitized: Path, tmp_path: Path, extra: str
) -> None:
    assert " failed " in run(stand_ins / "sanitized-device", sanitized, tmp_path, extra)
