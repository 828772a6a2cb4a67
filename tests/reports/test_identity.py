"""What ran is told: in lines for a mail, on the page with sources, and never two kernels as one."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from identities import COMMAND_LINE
from identities import COMPILER
from identities import digest
from identities import identified
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_trial

from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.schema import Fact
from lmkd_reports import write_report
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.presentation.identity import identity_lines
from lmkd_reports.presentation.wording import device_line

OLD = synthetic_device(PATCHED)
EMULATED = "CPU emulated (TCG): several times slower than hardware"


def result(record: DeviceRecord | None) -> DeviceResult:
    return DeviceResult(PATCHED, record, (), (), None, (), {})


def lines(record: DeviceRecord | None) -> dict[str, str]:
    return dict(identity_lines(result(record)))


def environment(folder: Path, *records: DeviceRecord) -> str:
    """The words of that section of the page."""
    names = [record.device for record in records]
    trials = [synthetic_trial(device=name) for name in names]
    run = SyntheticRun(synthetic_info(names), list(records), [], trials)
    write_report(run.write(folder))
    section = (
        (folder / "report.html").read_text().split('<section id="environment"')[1].split("</section>")[0]
    )
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", section)).split())


def test_the_lines_tell_everything_that_ran() -> None:
    told = lines(identified(OLD))
    assert list(told) == ["kernel", "build", "command line", "machine"]
    assert told["kernel"] == f"Linux 6.12.90 #1 SMP PREEMPT, {COMPILER}"
    build_id, image, config, initramfs = (
        digest(text)[:12] for text in ("build id 1", "image 1", "configuration", "initramfs")
    )
    assert told["build"] == (
        f"image {image}, build id {build_id}, configuration {config}, initramfs {initramfs}, "
        f"patches first.patch {digest('first')[:12]}, second.patch {digest('second 1')[:12]}"
    )
    assert told["command line"] == COMMAND_LINE
    assert told["machine"] == "QEMU 7.2.22 with TCG; host Synthetic CPU, 2 CPUs"


def test_a_record_of_an_older_version_tells_its_release_only() -> None:
    assert lines(OLD) == {"kernel": "Linux 6.12.90, its build is not recorded"}
    assert lines(None) == {}


def test_what_is_unknown_is_left_out() -> None:
    unknown = Fact(None, "/proc/config.gz", "Permission denied")
    absent = dict.fromkeys(("kernel_config_sha256", "kernel_patches", "accelerator", "qemu"), unknown)
    told = lines(identified(OLD, **absent))
    assert "configuration" not in told["build"]
    assert "patches" not in told["build"]
    assert told["machine"] == "host Synthetic CPU, 2 CPUs"


@pytest.mark.parametrize(
    ("accelerator", "end"),
    [("tcg", f"4 kB pages, {EMULATED}"), ("kvm", "4 kB pages, virtual machine (KVM)"), (None, "4 kB pages")],
)
def test_the_device_s_line_says_what_runs_its_cpus(accelerator: str | None, end: str) -> None:
    assert device_line(result(identified(OLD, accelerator=Fact(accelerator, "QEMU")))).endswith(end)


def test_two_builds_of_one_release_have_two_names() -> None:
    first, second, old = (
        device_line(result(record)) for record in (identified(OLD), identified(OLD, 2), OLD)
    )
    assert f"Linux 6.12.90 (image {digest('image 1')[:12]})" in first
    assert f"Linux 6.12.90 (image {digest('image 2')[:12]})" in second
    assert "Linux 6.12.90, " in old


def test_the_page_has_every_fact_in_full_with_its_source(tmp_path: Path) -> None:
    hidden = Fact(None, "/proc/config.gz", "Permission denied")
    record = identified(OLD, kernel_config_sha256=hidden)
    text = environment(tmp_path, record)
    for name in ("kernel_image_sha256", "kernel_build_id", "kernel_patches", "kernel_version", "host_cpu"):
        assert f"{record.facts[name].value} {record.facts[name].source}" in text
    assert "kernel configuration unknown: Permission denied /proc/config.gz" in text


def test_the_page_says_whose_kernel_is_not_identified(tmp_path: Path) -> None:
    text = environment(tmp_path, OLD)
    assert f"Which build of the kernel ran is not recorded for {PATCHED}." in text
    assert "What ran on" not in text


def test_side_by_side_two_builds_of_one_release_differ(tmp_path: Path) -> None:
    text = environment(tmp_path, identified(OLD), identified(synthetic_device("other"), 2))
    first, second = (digest(f"image {build}")[:12] for build in (1, 2))
    assert f"kernel differs 6.12.90 (image {first}) 6.12.90 (image {second})" in text
    assert f"kernel image differs {first} {second}" in text
    assert "kernel compiler differs" not in text
    assert "kernel_image_sha256 differs" not in text
