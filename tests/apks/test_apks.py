"""Tests that Android can accept the workload apps: signed, aligned, no permissions, valid libraries."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lmkd_apks import tools
from lmkd_apks.build import build_apks
from lmkd_apks.library import ANDROID_TARGETS
from lmkd_apks.library import LIBRARY
from lmkd_apks.library import build_library
from lmkd_apks.library import symbols
from lmkd_apks.package import PASSWORD_VARIABLE
from lmkd_apks.package import own_key
from lmkd_core.base.cache import Cache
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import UsageProblem

pytestmark = pytest.mark.compiler


def output(*words: str | Path) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def apks(tmp_path_factory) -> list[Path]:
    return build_apks(2, tmp_path_factory.mktemp("apks"), print)


@pytest.fixture(params=ANDROID_TARGETS)
def library(request) -> Path:
    return build_library(request.param, print)


def test_every_app_is_signed_by_v2_and_v3(apks: list[Path]) -> None:
    for apk in apks:
        report = output("apksigner", "verify", "--verbose", apk)
        assert "(APK Signature Scheme v2): true" in report
        assert "(APK Signature Scheme v3): true" in report


def test_apps_differ_by_name_and_ask_for_nothing(apks: list[Path]) -> None:
    for number, apk in enumerate(apks, 1):
        badging = output("aapt", "dump", "badging", apk)
        assert f"package: name='org.lmkdlab.w{number:02}'" in badging
        assert "sdkVersion:'26'" in badging
        assert "targetSdkVersion:'35'" in badging
        assert "application-debuggable" in badging
        assert "uses-permission" not in badging
        abis = next(
            line for line in badging.splitlines() if line.startswith(("native-code", "alt-native-code"))
        )
        assert set(abis.split("'")[1::2]) == set(ANDROID_TARGETS)


def test_an_app_has_no_code_but_its_libraries(apks: list[Path]) -> None:
    names = {f"lib/{abi}/{LIBRARY}" for abi in ANDROID_TARGETS}
    assert set(zipfile.ZipFile(apks[0]).namelist()) == {"AndroidManifest.xml", *names}


def test_libraries_are_stored_at_multiples_of_16_kb(apks: list[Path]) -> None:
    output("zipalign", "-c", "-p", "4", apks[0])
    data = apks[0].read_bytes()
    for entry in zipfile.ZipFile(apks[0]).infolist():
        if entry.filename.endswith(".so"):
            at = entry.header_offset
            name, extra = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (26, 28))
            assert entry.compress_type == zipfile.ZIP_STORED
            assert (at + 30 + name + extra) % 16384 == 0


def test_libraries_load_on_devices_with_16_kb_pages(library: Path) -> None:
    loads = [
        line for line in output("readelf", "-lW", library).splitlines() if line.strip().startswith("LOAD")
    ]
    assert loads
    assert {int(line.split()[-1], 16) for line in loads} == {16384}


def test_libraries_need_only_libraries_that_android_gives_apps(library: Path) -> None:
    dynamic = output("readelf", "-dW", library)
    needed = {line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "(NEEDED)" in line}
    assert needed == {"libc.so", "liblog.so"}
    assert "TEXTREL" not in dynamic


def test_libraries_have_nothing_that_androids_linker_refuses(library: Path) -> None:
    """The rules of API 23 to 26, from bionic's docs/android-changes-for-ndk-developers.md."""
    header = output("readelf", "-hW", library)
    assert re.search(r"Section header string table index: +[1-9]", header)
    segments = [line for line in output("readelf", "-lW", library).splitlines() if " 0x" in line]
    assert segments
    assert not [line for line in segments if " RWE " in line]


def test_libraries_import_listed_symbols_and_export_one_function(library: Path) -> None:
    rows = [line.split() for line in output("readelf", "--dyn-syms", "-W", library).splitlines()]
    rows = [row for row in rows if len(row) == 8 and row[4] in {"GLOBAL", "WEAK"}]
    assert {row[7] for row in rows if row[6] == "UND"} <= {*symbols("libc"), *symbols("liblog")}
    assert {row[7] for row in rows if row[6] != "UND"} == {"ANativeActivity_onCreate"}


@pytest.mark.parametrize("abi", ANDROID_TARGETS)
def test_a_second_build_gives_the_same_library(abi: str, tmp_path: Path) -> None:
    again = build_library(abi, print, Cache(tmp_path))
    assert again.read_bytes() == build_library(abi, print).read_bytes()


def test_a_second_run_builds_nothing(apks: list[Path], tmp_path: Path) -> None:
    messages: list[str] = []
    again = build_apks(2, tmp_path, messages.append)
    assert messages == []
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in apks]


def test_apps_of_an_earlier_run_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("org.lmkdlab.w02.apk", "org.lmkdlab.w99.apk", "mine.apk"):
        (tmp_path / name).write_text("old")
    build_apks(1, tmp_path, print)
    assert {path.name for path in tmp_path.iterdir()} == {"org.lmkdlab.w01.apk", "mine.apk"}


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageProblem, match="cannot be put into"):
        build_apks(1, tmp_path / "file", print)


@pytest.mark.parametrize("count", [-1, 0, 100])
def test_a_count_that_names_cannot_hold_is_refused(count: int, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="1 to 99"):
        build_apks(count, tmp_path, print)


def test_a_missing_tool_is_named_with_its_debian_package(monkeypatch) -> None:
    monkeypatch.setitem(tools.PACKAGES, "no-such-tool", "its-package")
    with pytest.raises(DeviceUnusable, match="no-such-tool: run `apt-get install its-package`"):
        tools.require_tools()


def test_the_command_prints_where_the_apps_are(tmp_path: Path) -> None:
    stdout_text = output(sys.executable, "-m", "lmkd_apks", "build", "--count", "1", "--out", tmp_path)
    assert stdout_text == f"{tmp_path}/org.lmkdlab.w01.apk\n"


def make_key(store: Path, alias: str) -> None:
    words = ("-genkeypair", "-storetype", "PKCS12", "-alias", alias, "-keyalg", "RSA", "-dname", "CN=my own")
    output("keytool", *words, "-storepass", "sesame-1", "-keystore", store)


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    make_key(tmp_path / "own.p12", "own")
    return tmp_path / "own.p12"


def test_apps_are_signed_with_the_users_own_key(keystore: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "sesame-1")
    (apk,) = build_apks(1, tmp_path / "out", print, own_key(keystore))
    assert "certificate DN: CN=my own" in output("apksigner", "verify", "--print-certs", apk)


def test_a_keystore_that_does_not_open_is_reported(keystore: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "sesame-2")
    with pytest.raises(UsageProblem, match=rf"password was incorrect.*\${PASSWORD_VARIABLE}$"):
        own_key(keystore)
    with pytest.raises(UsageProblem, match=r"there is no keystore .*absent"):
        own_key(tmp_path / "absent")


def test_a_keystore_with_two_keys_is_reported(keystore: Path, monkeypatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "sesame-1")
    make_key(keystore, "other")
    with pytest.raises(UsageProblem, match="holds 2 keys"):
        own_key(keystore)
