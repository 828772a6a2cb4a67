"""Which kernel a device runs: what is read of it, what is kept, and what is not told."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_in_shell import StandInShell

from lmkd_core.base.deadline import Deadline
from lmkd_core.records import kernel_config
from lmkd_core.records.command_line import HIDDEN
from lmkd_core.records.command_line import without_identifiers
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.kernel import kernel_id
from lmkd_core.records.kernel import kernel_name
from lmkd_core.records.kernel import other_fact
from lmkd_core.records.schema import Fact
from pytest_lmkd.devices import kernel_facts
from pytest_lmkd.devices.kernel_facts import BuildId
from pytest_lmkd.devices.kernel_facts import Compiler
from pytest_lmkd.devices.kernel_facts import read_config
from pytest_lmkd.transport import Completed

CONFIG = b'# Linux/x86\nCONFIG_HZ=250\n# CONFIG_SWAP is not set\nCONFIG_LOCALVERSION="-a=b"\nCONFIG_PSI=y\n'

VERSIONS = {
    "Linux version 6.12.117 (root@host) (gcc (Debian 12.2.0-14) 12.2.0, GNU ld (Binutils) 2.40) #1 SMP Sun": (
        "gcc (Debian 12.2.0-14) 12.2.0, GNU ld (Binutils) 2.40"
    ),
    "Linux version 6.1.75-android14-11-g1 (kleaf@build-host) (Android (1, +pgo) clang version 17.0.2 "
    "(https://android.googlesource.com/x d9f), LLD 17.0.2) #1 SMP PREEMPT Thu": (
        "Android (1, +pgo) clang version 17.0.2 (https://android.googlesource.com/x d9f), LLD 17.0.2"
    ),
    "Linux version 4.14.1 (a@b) (gcc version 4.9.x (prerelease) (GCC) ) #2 SMP": (
        "gcc version 4.9.x (prerelease) (GCC)"
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_compiler_is_that_of_the_version(version: str) -> None:
    assert Compiler("fact", "", "").read(version) == VERSIONS[version]


@pytest.mark.parametrize("version", ["", "Linux version 6.1", "Darwin (a@b) (clang) #1"])
def test_another_version_names_no_compiler(version: str) -> None:
    assert Compiler("fact", "", "").read(version) is None


def note(name: bytes, kind: int, content: bytes) -> bytes:
    words = b"".join(number.to_bytes(4, "little") for number in (len(name), len(content), kind))
    return words + name.ljust(-(-len(name) // 4) * 4, b"\0") + content


@pytest.mark.parametrize("length", [16, 20])
def test_the_build_id_is_found_among_other_notes(length: int) -> None:
    build_id = bytes(range(length))
    notes = note(b"Xen\0", 3, b"\4\0\0\0") + note(b"GNU\0", 3, build_id) + note(b"Linux\0", 257, b"\0\0\0\0")
    assert BuildId("fact", "", "").read(notes.hex(" ")) == build_id.hex()


@pytest.mark.parametrize(
    "text", ["", "0", "xyz", note(b"GNU\0", 1, b"abcd").hex(), note(b"GNU\0", 3, b"").hex()]
)
def test_notes_without_a_build_id_have_none(text: str) -> None:
    assert BuildId("fact", "", "").read(text) is None


@pytest.mark.parametrize(
    ("command_line", "shown"),
    [
        ("console=ttyS0 quiet ro", "console=ttyS0 quiet ro"),
        ("androidboot.serialno=0123ABC loop.max_part=7", f"androidboot.serialno={HIDDEN} loop.max_part=7"),
        (
            "androidboot.vendor_thing=x androidboot.hardware=bx",
            f"androidboot.vendor_thing={HIDDEN} androidboot.hardware=bx",
        ),
        ("usb.serial_no=A1 Wifi_MAC=0", f"usb.serial_no={HIDDEN} Wifi_MAC={HIDDEN}"),
        ("root=UUID=0cf2ae1c-0b5e-4b7f-9a2e-1a2b3c4d5e6f rw", f"root=UUID={HIDDEN} rw"),
        ("net.ifs=eth0,02:00:5e:10:00:01,up", f"net.ifs=eth0,{HIDDEN},up"),
        ("ip=10.0.0.7::10.0.0.1 x=1", f"ip={HIDDEN} x=1"),
        ('systemd.set_credential="my pass" x', f"systemd.set_credential={HIDDEN} x"),
        ('pass.key="never closed and long', f"pass.key={HIDDEN}"),
        ("a=b=c  --  init", "a=b=c -- init"),
        ("clearcpuid=rep_good androidboot.cpuid=7", f"clearcpuid=rep_good androidboot.cpuid={HIDDEN}"),
        ("", ""),
    ],
)
def test_a_command_line_is_kept_without_what_identifies_a_unit(command_line: str, shown: str) -> None:
    assert without_identifiers(command_line) == shown


@given(st.text(alphabet=st.characters(exclude_characters='"', exclude_categories=("Z", "C")), min_size=1))
def test_no_serial_of_android_is_ever_told(serial: str) -> None:
    assert without_identifiers(f"a=1 androidboot.serialno={serial} b=2") == (
        f"a=1 androidboot.serialno={HIDDEN} b=2"
    )


def test_a_configuration_is_kept_once_by_its_digest(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.keep_kernel_config(CONFIG)
    (kept,) = (tmp_path / "kernels").iterdir()
    sha256 = hashlib.sha256(CONFIG).hexdigest()
    assert kept.name == f"{sha256}.config.gz"
    assert gzip.decompress(kept.read_bytes()) == CONFIG
    before = kept.stat()
    store.keep_kernel_config(CONFIG)
    assert kept.stat().st_mtime_ns == before.st_mtime_ns
    assert list(kept.parent.iterdir()) == [kept]
    assert kernel_config.read(tmp_path, sha256) == CONFIG


def test_a_device_without_one_leaves_no_folder(tmp_path: Path) -> None:
    ResultStore(tmp_path).keep_kernel_config(b"")
    assert not (tmp_path / "kernels").exists()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" * 64])
def test_what_is_no_digest_names_no_file(tmp_path: Path, name: str) -> None:
    assert kernel_config.path_of(tmp_path, name) is None
    assert kernel_config.read(tmp_path, name) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"another text"), gzip.compress(CONFIG)[:-3]],
    ids=["empty", "no gzip", "another text", "cut off"],
)
def test_a_damaged_file_is_no_configuration(tmp_path: Path, content: bytes) -> None:
    ResultStore(tmp_path).keep_kernel_config(CONFIG)
    (kept,) = (tmp_path / "kernels").iterdir()
    kept.write_bytes(content)
    assert kernel_config.read(tmp_path, kernel_config.digest(CONFIG)) is None


def test_options_are_those_that_are_set() -> None:
    assert kernel_config.options(CONFIG) == {"HZ": "250", "LOCALVERSION": '"-a=b"', "PSI": "y"}


class ShellThatPrints(StandInShell):
    """A device whose every command prints ``output``."""

    def __init__(self, output: bytes, error: bytes = b"", exit_code: int = 0) -> None:
        self._done = Completed(output, error, exit_code)

    def shell(self, command: str, deadline: Deadline, stdin: bytes = b"") -> Completed:
        return self._done


def test_the_fact_of_a_configuration_is_the_digest_of_its_text() -> None:
    text, fact = read_config(ShellThatPrints(gzip.compress(CONFIG)))  # type: ignore[arg-type]  # a stand-in
    assert text == CONFIG
    assert fact == Fact(hashlib.sha256(CONFIG).hexdigest(), "/proc/config.gz, unpacked")


BOMB = gzip.compress(bytes(kernel_config.MOST_TEXT_BYTES + 1))


@pytest.mark.parametrize(
    ("shell", "reason"),
    [
        (
            ShellThatPrints(b"", b"head: /proc/config.gz: No such file", 1),
            "head: /proc/config.gz: No such file",
        ),
        (ShellThatPrints(b"CONFIG_HZ=250"), "not a gzip file"),
        (ShellThatPrints(b""), "cut off"),
        (ShellThatPrints(gzip.compress(CONFIG)[:-1]), "cut off"),
        (ShellThatPrints(BOMB), "larger than 8388608 bytes when unpacked"),
        (ShellThatPrints(bytes(kernel_config.MOST_PACKED_BYTES + 1)), "larger than 1048576 bytes"),
    ],
)
def test_what_is_no_configuration_is_a_reason(shell: ShellThatPrints, reason: str) -> None:
    text, fact = read_config(shell)  # type: ignore[arg-type]  # a stand-in
    assert (text, fact.value, fact.source) == (b"", None, "/proc/config.gz")
    assert reason in fact.reason


def test_a_huge_file_is_not_fetched_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = tmp_path / "config.gz"
    with huge.open("wb") as stream:
        stream.truncate(1 << 40)
    monkeypatch.setattr(kernel_facts, "CONFIG_FILE", str(huge))
    text, fact = read_config(StandInShell())  # type: ignore[arg-type]  # a stand-in
    assert (text, fact.reason) == (b"", "larger than 1048576 bytes")


# two kernels of one release


def record(**facts: str) -> DeviceRecord:
    numbers = dict.fromkeys(("page_size", "cpus", "mem_total_kb", "swap_total_kb"), 1)
    texts = dict.fromkeys(("device", "model", "kernel_release", "abi", "agent_sha256", "boot_id"), "x")
    known = {name: Fact(value, "a stand-in") for name, value in facts.items()}
    return DeviceRecord(personality=None, root=True, facts=known, **numbers, **texts)


@pytest.mark.parametrize(
    "name", ["kernel_image_sha256", "kernel_build_id", "kernel_version", "accelerator", "host_cpu"]
)
def test_records_that_differ_in_one_fact_are_told_apart(name: str) -> None:
    known = {"kernel_image_sha256": "a", "kernel_build_id": "a", "kernel_version": "a"}
    assert other_fact(record(**known | {name: "a"}), record(**known | {name: "b"})) == name
    assert other_fact(record(**known), record(**known)) == ""


def test_records_of_two_releases_are_told_apart() -> None:
    assert other_fact(record(), msgspec.structs.replace(record(), kernel_release="y")) == "kernel_release"


def test_a_fact_that_one_record_lacks_tells_nothing() -> None:
    unknown = msgspec.structs.replace(
        record(), facts={"kernel_build_id": Fact(None, "x", "Permission denied")}
    )
    assert other_fact(record(kernel_build_id="a"), record()) == ""
    assert other_fact(unknown, record(kernel_build_id="a")) == ""


def test_a_kernel_is_named_by_the_best_that_is_known() -> None:
    image, build_id = "0123456789abcdef" * 4, "fedcba9876543210" * 2
    assert kernel_id(record(kernel_image_sha256=image, kernel_build_id=build_id)) == "image 0123456789ab"
    assert kernel_id(record(kernel_build_id=build_id)) == "build id fedcba987654"
    first, second = (kernel_id(record(kernel_version=f"Linux version 6.6.1 (a@b) (c) #{n}")) for n in (1, 2))
    assert first.startswith("version ")
    assert first != second
    assert kernel_id(record()) == ""


def test_a_kernel_s_name_has_its_build_where_it_is_known() -> None:
    assert kernel_name(record(kernel_build_id="fedcba9876543210")) == "x (build id fedcba987654)"
    assert kernel_name(record()) == "x"
