"""Tests the launchers' command lines, and that a launcher's time and output are bounded."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from processes import ends

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import UsageProblem
from pytest_lmkd.devices.cuttlefish.launcher import Command
from pytest_lmkd.devices.cuttlefish.launcher import Cvd
from pytest_lmkd.devices.cuttlefish.launcher import LaunchCvd
from pytest_lmkd.devices.cuttlefish.run import LINE_MAX_CHARACTERS
from pytest_lmkd.devices.cuttlefish.run import LINES_KEPT
from pytest_lmkd.devices.cuttlefish.run import run
from pytest_lmkd.devices.cuttlefish.settings import Settings
from pytest_lmkd.devices.cuttlefish.settings import parse_settings
from pytest_lmkd.devices.spec import parse_specs

PATIENCE_S = 60.0


class UntilTold(Deadline):
    """A deadline that a test ends."""

    def __init__(self) -> None:
        super().__init__(PATIENCE_S)
        self.over = False

    def remaining_s(self) -> float:
        return 0.0 if self.over else super().remaining_s()


class OpensWhenAsked(Deadline):
    """A deadline that opens ``gate`` once the launcher is awaited after the end of its stderr."""

    def __init__(self, gate: Path) -> None:
        super().__init__(PATIENCE_S)
        self._gate = gate
        self._asked = 0
        self.opened = False

    def remaining_s(self) -> float:
        self._asked += 1
        if self._asked == 3:  # once before and once after the end of stderr was seen
            self._gate.write_bytes(b"")
            self.opened = True
        return super().remaining_s()


def sh(script: str) -> Command:
    return Command(["sh", "-c", script])


# command lines


def test_cvd_creates_a_group_of_our_own(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "launch_cvd").touch()
    cvd = Cvd(Path("/usr/bin/cvd"), 3)
    group = f"--group_name=lmkd_3_{os.getpid()}"
    settings = Settings(
        kernel=Path("/k/bzImage"),
        initramfs=Path("/k/initramfs.img"),
        memory_mb=1536,
        cpus=2,
        images=tmp_path,
        extra=("--guest_enforce_security=false",),
    )
    assert cvd.start(settings).words == [
        *("/usr/bin/cvd", group, "create", f"--product_path={tmp_path}", f"--host_path={tmp_path}"),
        *("--base_instance_num=3", "--num_instances=1", "--report_anonymous_usage_stats=n"),
        *("--kernel_path=/k/bzImage", "--initramfs_path=/k/initramfs.img", "--memory_mb=1536", "--cpus=2"),
        "--guest_enforce_security=false",
    ]
    assert cvd.restart().words == ["/usr/bin/cvd", group, "restart"]
    assert cvd.stop().words == ["/usr/bin/cvd", group, "stop"]
    assert cvd.delete().words == ["/usr/bin/cvd", group, "remove"]


def test_launch_cvd_has_a_home_for_each_instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    launch = LaunchCvd(Path("/build/bin/launch_cvd"), 2)
    home = tmp_path / "pytest-lmkd" / "cuttlefish" / f"2-{os.getpid()}"
    command = launch.start(Settings(images=Path("/images")))
    assert command.words == [
        *("/build/bin/launch_cvd", "--daemon", "--base_instance_num=2", "--num_instances=1"),
        "--report_anonymous_usage_stats=n",
    ]
    shared = {"HOME": str(home), "ANDROID_HOST_OUT": "/build", "CUTTLEFISH_INSTANCE": "2"}
    assert command.environment == {**shared, "ANDROID_PRODUCT_OUT": "/images"}
    assert home.is_dir()
    assert launch.restart().words == ["/build/bin/restart_cvd"]
    assert launch.restart().environment == shared
    assert str(launch.stop()) == (
        f"HOME={home} ANDROID_HOST_OUT=/build CUTTLEFISH_INSTANCE=2 /build/bin/stop_cvd"
    )
    assert str(launch.delete()) == f"rm -rf {home}"


# settings


def test_settings_are_read_from_their_words(tmp_path: Path) -> None:
    (tmp_path / "bzImage").touch()
    texts = [f"kernel={tmp_path}/bzImage", "memory_mb=1536", "extra=--a=1 --b='2 3'", "extra=--c", "cpus=2"]
    assert parse_settings(texts, "--x") == Settings(
        kernel=tmp_path / "bzImage", memory_mb=1536, cpus=2, extra=("--a=1", "--b=2 3", "--c")
    )


WRONG_SETTINGS = {
    "kernel": "--x takes KEY=VALUE with one of kernel, initramfs, memory_mb, .*, not 'kernel'",
    "colour=blue": "--x takes KEY=VALUE .*, not 'colour=blue'",
    "kernel=/nowhere": "--x kernel=/nowhere: no such file",
    "initramfs=/": "--x initramfs=/: no such file",
    "launcher=cvd-of-nowhere": "no such file",
    "images=/dev/null": "--x images=/dev/null: no such folder",
    "memory_mb=511": "--x memory_mb takes a whole number from 512 to 1048576, not '511'",
    "memory_mb=2G": "--x memory_mb takes a whole number",
    "cpus=0": "--x cpus takes a whole number from 1",
    "cpus=٢": "--x cpus takes a whole number from 1",
    "boot_timeout_s=-1": "--x boot_timeout_s takes a whole number from 1",
    "adb_base_port=65536": "--x adb_base_port takes a whole number from 1 to 65535",
    "extra='": "--x extra=': No closing quotation",
    "cpus=2 cpus=4": "--x gives cpus twice",
}
"""Settings with spaces between them, and the sentence about the wrong one."""


@pytest.mark.parametrize("texts", WRONG_SETTINGS)
def test_an_impossible_setting_is_wrong_usage(texts: str) -> None:
    with pytest.raises(UsageProblem, match=WRONG_SETTINGS[texts]):
        parse_settings(texts.split(), "--x")


@pytest.mark.parametrize(
    "spec", ["cuttlefish:0", "cuttlefish:", "cuttlefish:-1", "cuttlefish:one", "cuttlefish:٣"]
)
def test_an_impossible_instance_is_wrong_usage(spec: str) -> None:
    with pytest.raises(UsageProblem, match="is not an instance: use a number from 1"):
        parse_specs([spec])


def test_an_instance_with_an_impossible_port_is_wrong_usage() -> None:
    with pytest.raises(UsageProblem, match="adb port would be 66519"):
        parse_specs(["cuttlefish:60000"])


def test_instances_are_named_by_their_numbers() -> None:
    assert [source.name for source in parse_specs(["cuttlefish", "cuttlefish:12"])] == [
        "cuttlefish-1",
        "cuttlefish-12",
    ]
    with pytest.raises(UsageProblem, match="names the device cuttlefish-1 twice"):
        parse_specs(["cuttlefish", "cuttlefish:1"])


# running


def test_a_launchers_output_arrives_line_by_line_without_its_log_prefix() -> None:
    lines: list[str] = []
    script = (
        "printf 'run_cvd(40)  I 05-15 16:39:26 40 40 boot.cc:153] up\\n' >&2; "
        "printf '\\033[31mred\\033[0m\\007 \\377\\n\\n  \\nlast' >&2"
    )
    ended = run(sh(script), Deadline(PATIENCE_S), lines.append)
    assert lines == ["up", "red \N{REPLACEMENT CHARACTER}", "last"]
    assert (ended.exit_code, ended.stderr_text) == (0, "\n".join(lines))


def test_a_flood_of_words_is_bounded() -> None:
    script = "head -c 3000000 /dev/zero | tr '\\0' x >&2; echo >&2; seq 1000 >&2; exit 7"
    lines: list[str] = []
    ended = run(sh(script), Deadline(PATIENCE_S), lines.append)
    assert ended.exit_code == 7
    assert ended.stderr_text.splitlines() == [str(number) for number in range(1001 - LINES_KEPT, 1001)]
    assert max(map(len, lines)) == LINE_MAX_CHARACTERS


def test_a_process_left_in_the_background_is_not_waited_for() -> None:
    lines: list[str] = []
    ended = run(sh("sleep 1000 & echo $! >&2"), Deadline(PATIENCE_S), lines.append)
    assert ended.exit_code == 0
    os.kill(int(lines[0]), signal.SIGKILL)  # it is there


def test_a_launcher_that_closes_its_stderr_is_waited_for(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    deadline = OpensWhenAsked(gate)
    assert run(sh(f"exec 2>&-; cat {gate}; exit 3"), deadline, lambda _: None).exit_code == 3
    assert deadline.opened


@pytest.mark.parametrize("ignores", ["", "trap '' TERM; "])
def test_a_launcher_is_ended_when_its_time_is_over(ignores: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_lmkd.devices.cuttlefish.run.END_S", 0.2)
    deadline = UntilTold()
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        deadline.over = len(lines) == 2

    script = f"{ignores}sleep 1000 & echo $$ >&2; echo $! >&2; wait; wait; sleep 1000"
    with pytest.raises(DeadlineExceeded, match=r"it had not ended after 60 s; its last lines:\n\d+\n\d+"):
        run(sh(script), deadline, hear)
    assert all(ends(pid) for pid in map(int, lines))


def test_an_interrupted_launcher_is_ended() -> None:
    lines: list[str] = []

    def interrupt(line: str) -> None:
        lines.append(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(sh("echo $$ >&2; exec sleep 1000"), Deadline(PATIENCE_S), interrupt)
    assert ends(int(lines[0]))


def test_a_launcher_that_is_not_a_program(tmp_path: Path) -> None:
    program = tmp_path / "cvd"
    program.write_text("#!/nowhere/sh\n")
    program.chmod(0o755)
    with pytest.raises(DeviceUnusable, match="cvd` cannot be executed: No such file"):
        run(Command([str(program)]), Deadline(PATIENCE_S), lambda _: None)
