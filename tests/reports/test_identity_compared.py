"""Two runs compared: what ran is among the differences, and two builds of one release are two kernels."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from identities import COMMAND_LINE
from identities import digest
from identities import identified
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from two_runs import noisy_ms
from two_runs import trials_of

from lmkd_core.records import kernel_config
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.schema import Fact
from lmkd_reports.history.series import load_history
from pytest_lmkd.cli import main

OLD = synthetic_device(PATCHED)


def write(folder: Path, record: DeviceRecord, config: bytes = b"") -> Path:
    run = SyntheticRun(synthetic_info([PATCHED], blocks=12), [record])
    run.trials = trials_of(noisy_ms(100))
    run.write(folder)
    if config:
        ResultStore(folder, resume=True).keep_kernel_config(config)
    return folder


def differences(
    base: Path, candidate: Path, capsys: pytest.CaptureFixture[str]
) -> dict[str, tuple[str, str]]:
    assert main(["compare", str(base), str(candidate), "--json"]) == 0
    (pair,) = json.loads(capsys.readouterr().out)["devices"]
    return {entry["what"]: (entry["base"], entry["candidate"]) for entry in pair["differences"]}


def compared(
    tmp_path: Path, base: DeviceRecord, candidate: DeviceRecord, capsys: pytest.CaptureFixture[str]
) -> dict[str, tuple[str, str]]:
    return differences(write(tmp_path / "base", base), write(tmp_path / "candidate", candidate), capsys)


def test_equal_kernels_do_not_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(tmp_path, identified(OLD), identified(OLD), capsys) == {}


def test_two_builds_of_one_release_differ_in_all_that_tells_them_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(tmp_path, identified(OLD, 1), identified(OLD, 2), capsys)
    images, build_ids, patches = (
        [digest(f"{what} {number}")[:12] for number in (1, 2)] for what in ("image", "build id", "second")
    )
    assert found == {
        "kernel": tuple(f"6.12.90 (image {image})" for image in images),
        "kernel version": tuple(f"Linux version 6.12.90 (a@b) #{n} SMP PREEMPT" for n in (1, 2)),
        "kernel build id": tuple(build_ids),
        "kernel patches": tuple(f"second.patch {patch}" for patch in patches),
    }


@pytest.mark.parametrize(
    ("fact", "value", "what", "told"),
    [
        ("accelerator", "kvm", "accelerator", ("tcg", "kvm")),
        ("qemu", "9.2", "QEMU", ("7.2.22 (Debian)", "9.2")),
        ("host_cpu", "Another", "host CPU", ("Synthetic CPU", "Another")),
        ("host_cpus", 8, "host CPUs", ("2", "8")),
        ("initramfs_sha256", "f" * 64, "initramfs", (digest("initramfs")[:12], "f" * 12)),
        ("kernel_compiler", "clang", "kernel compiler", None),
        (
            "kernel_cmdline",
            COMMAND_LINE.replace("reap-kill-v3", "stock"),
            "kernel command line",
            ("mrelease.personality=reap-kill-v3", "mrelease.personality=stock"),
        ),
        ("kernel_cmdline", f"{COMMAND_LINE} psi=1", "kernel command line", ("–", "psi=1")),
        (
            "kernel_config_sha256",
            "e" * 64,
            "kernel configuration",
            (digest("configuration")[:12], "e" * 12),
        ),
        ("kernel_image_sha256", "d" * 64, "kernel", None),
        ("kernel_build_id", "c" * 40, "kernel build id", None),
    ],
)
def test_a_difference_in_one_fact_is_named(
    fact: str,
    value: str | int,
    what: str,
    told: tuple[str, str] | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = compared(tmp_path, identified(OLD), identified(OLD, **{fact: Fact(value, "x")}), capsys)
    assert what in found
    assert told is None or found[what] == told


def test_the_measured_clock_rate_of_the_host_is_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Fact(COMMAND_LINE.replace("2596146", "2596151"), "/proc/cmdline")
    assert compared(tmp_path, identified(OLD), identified(OLD, kernel_cmdline=other), capsys) == {}


def test_a_run_of_an_older_version_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = compared(tmp_path, OLD, identified(OLD), capsys)
    assert found["kernel"] == ("6.12.90", f"6.12.90 (image {digest('image 1')[:12]})")
    assert found["accelerator"] == ("–", "tcg")


def configured(text: bytes) -> DeviceRecord:
    return identified(OLD, kernel_config_sha256=Fact(kernel_config.digest(text), "/proc/config.gz"))


def test_kept_configurations_are_compared_by_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = (b"CONFIG_HZ=250\nCONFIG_PSI=y\nCONFIG_SWAP=y\n", b"CONFIG_HZ=300\nCONFIG_PSI=y\nCONFIG_ZRAM=m\n")
    folders = [write(tmp_path / str(n), configured(text), text) for n, text in enumerate(texts)]
    found = differences(folders[0], folders[1], capsys)
    assert found["kernel options"] == ("HZ=250, SWAP=y, ZRAM=n", "HZ=300, SWAP=n, ZRAM=m")


def test_of_many_options_the_first_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = b"".join(b"CONFIG_O%02d=y\n" % number for number in range(15))
    folders = [write(tmp_path / str(n), configured(text), text) for n, text in enumerate((many, b"# none\n"))]
    base, candidate = differences(folders[0], folders[1], capsys)["kernel options"]
    assert base.startswith("O00=y, O01=y") and base.endswith("O11=y and 3 more")
    assert candidate.count("=n") == 12


def test_a_history_names_two_builds_of_one_release_apart(tmp_path: Path) -> None:
    for build in (1, 2):
        run = SyntheticRun(
            msgspec.structs.replace(synthetic_info([PATCHED]), run_id=f"nightly-{build}"),
            [identified(OLD, build)],
            trials=trials_of(noisy_ms(100)),
        )
        run.write(tmp_path / str(build))
    (device,) = load_history(tmp_path).devices
    assert [build.kernel for build in device.builds] == [
        f"6.12.90 (image {digest(f'image {build}')[:12]}) reap-kill-v3" for build in (1, 2)
    ]
