"""Runs on this machine as the device ``local``, with a real daemon and real cgroups; nothing may stay."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import pidfd_ends
from runs import THREE_ARMS
from runs import await_that
from runs import records
from runs import run_two_strata
from runs import start_run
from runs import trials
from runs import two_strata

import lmkd_virtual
from lmkd_core.base.cache import user_cache_root
from lmkd_core.base.deadline import Deadline
from lmkd_core.records.plan import plan_stratum
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import PlannedTrial
from pytest_lmkd.devices.agent_plan import plan_line
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.local_group import MOUNTS
from pytest_lmkd.devices.local_group import PREFIX
from pytest_lmkd.devices.local_group import LocalGroup
from pytest_lmkd.devices.local_group import find_mount
from pytest_lmkd.devices.messages import AgentTrial
from pytest_lmkd.devices.messages import AgentTrialFailed
from pytest_lmkd.devices.messages import decode_agent_line
from pytest_lmkd.devices.virtual import VirtualSource
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport.private_server import shipped_adb_program

pytestmark = pytest.mark.host_kernel

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="this machine is a device for root only")

PATIENCE_S = 60.0
NOBODY = 65534

NATURAL = Stratum("quick", "private-anon", "none", "natural", 4096, 1)

CACHE = user_cache_root().parent  # before pytester moves HOME away


@pytest.fixture(autouse=True)
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the devices of one test, with a path short enough for Unix sockets; empty at the end."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    folder = Path(tempfile.mkdtemp(prefix="lmkd-", dir="/var/tmp"))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    left = list(folder.glob("lmkd-local-*"))
    shutil.rmtree(folder)
    assert left == []


@needs_root
def test_a_run_is_not_resumed_on_another_build_of_the_kernel(pytester: pytest.Pytester) -> None:
    run_two_strata(pytester, "local", blocks=1).assert_outcomes(passed=2)
    measured = trials(pytester.path / "out")
    (file,) = (pytester.path / "out" / "records").iterdir()
    version = Path("/proc/version").read_text().strip()
    device, *others = file.read_text().splitlines(keepends=True)
    file.write_text("".join([device.replace(version, f"{version} another build"), *others]))
    result = pytester.runpytest_subprocess("--lmkd-device", "local", "--lmkd-resume", "out")
    assert "its kernel_version has changed. Start a new run" in result.stdout.str() + result.stderr.str()
    assert trials(pytester.path / "out") == measured


@needs_root
def test_a_run_says_its_plan_has_a_name_and_is_the_latest(pytester: pytest.Pytester) -> None:
    words = ("--lmkd-arms", "kill,kill#2", "--lmkd-results", "results/one", "--lmkd-label", "new kernel")
    result = run_two_strata(pytester, "local", *words)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["plan: 4 trials: about *", "run new kernel, started *"])
    assert json.loads((pytester.path / "results/latest/run.json").read_text())["label"] == "new kernel"
    assert "Run new kernel" in (pytester.path / "results/one/report.html").read_text()


@needs_root
def test_a_run_measures_this_machine_and_reports_arms_its_kernel_lacks(
    pytester: pytest.Pytester, base: Path
) -> None:
    result = run_two_strata(pytester, "local", blocks=2)
    result.assert_outcomes(passed=2)
    recorded = records(pytester.path / "out")
    (device,) = (record for record in recorded if record["type"] == "device")
    assert device["device"] == "local"
    assert device["kernel_release"] == os.uname().release
    assert device["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert device["model"] not in {"", "unknown"}
    facts = device["facts"]
    assert facts["kernel_version"]["value"] == Path("/proc/version").read_text().strip()
    assert facts["host_cpus"]["value"] == os.cpu_count()
    assert facts["host_cpu"]["value"] or facts["host_cpu"]["reason"]
    assert "accelerator" not in facts
    lacking = {"reap-kill"} if not device["facts"]["reap_kill"]["value"] else set()
    assert {record["name"] for record in recorded if record["type"] == "skip"} == lacking
    assert all("EINVAL" in record["reason"] for record in recorded if record["type"] == "skip")
    measured = trials(pytester.path / "out")
    assert all(trial["valid"] for trial in measured), measured
    assert {trial["arm"] for trial in measured} == {"kill", "kill+mrelease", "reap-kill"} - lacking
    assert len(measured) == 2 * 2 * len({trial["arm"] for trial in measured})
    page = (pytester.path / "out" / "report.html").read_text()
    assert all(name in page for name in ("local", *lacking))
    if lacking:
        result.stdout.fnmatch_lines(["*reap-kill*", "*EINVAL*"])
    assert list(base.iterdir()) == []


CASES = """
    def test_gone(conformance):
        assert conformance.run("conformance", "gone", 0, "ret=ESRCH").passed
    def test_lost(conformance):
        assert conformance.run("integrity", "robust-futex", 0x100).answer == "rounds=20 lost=0"
"""


@needs_root
def test_a_run_of_conformance_cases_alone_is_reported_too(pytester: pytest.Pytester, base: Path) -> None:
    pytester.makepyfile(CASES)
    words = ("--lmkd-device", "local", "--lmkd-results", "out", "--lmkd-html", "copy.html")
    result = pytester.runpytest_subprocess(*words)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*conformance, variant *: the answer is right",
            "*robust-futex: kill 0 of 20 lost",
            "report: out/report.html",
        ]
    )
    assert (pytester.path / "copy.html").read_bytes() == (pytester.path / "out/report.html").read_bytes()
    assert list(base.iterdir()) == []


def only_device(base: Path) -> Path:
    (folder,) = base.glob("lmkd-local-*")
    return folder


def comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_agent(pid: int) -> bool:
    return "agent-" in comm(pid)


def is_victim(pid: int) -> bool:
    return comm(pid) == "lmkd-victim"


def pid_in(record: Path) -> int:
    pid: int = json.loads(record.read_text())["pid"]
    return pid


def parent_pid(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def v1_freezer() -> Path | None:
    mount = find_mount("freezer", MOUNTS.read_text())
    return mount.folder if mount is not None and not mount.is_v2 else None


@needs_root
def test_the_kernel_is_held_to_the_variant_of_a_file(
    pytester: pytest.Pytester, base: Path, checkout: Path
) -> None:
    (pytester.path / "mine.toml").write_text(
        """
        name = "mine"
        [answers]
        bad-fd.0x0 = "ret=EPERM"
        bad-fd.0x2 = "ret=EINVAL"
        """
    )
    result = pytester.runpytest_subprocess(
        str(checkout / "suites/conformance/test_error_codes.py"),
        *("-k", "bad-fd", "--lmkd-device", "local", "--lmkd-variant", "mine.toml", "--lmkd-results", "out"),
    )
    result.assert_outcomes(passed=1, failed=1, skipped=2)
    cases = [record for record in records(pytester.path / "out") if record["type"] == "case"]
    assert [(case["variant"], case["flags"], case["expected"], case["passed"]) for case in cases] == [
        ("mine", 0, "ret=EPERM", False),
        ("mine", 2, "ret=EINVAL", True),
    ]


@needs_root
@pytest.mark.parametrize("stall", ["holder", "frozen-v1"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_nothing(
    pytester: pytest.Pytester, base: Path, number: signal.Signals, stall: str
) -> None:
    if stall == "frozen-v1" and v1_freezer() is None:
        pytest.skip("this machine has no v1 freezer")
    run = start_run(pytester, "local", two_strata(hold_ms=10_000, blocks=1, stall=stall))
    device = only_device(base)
    group = LocalGroup(device.name)
    await_that(run, lambda: any(map(is_agent if stall == "holder" else is_victim, group.processes())))
    daemon = pid_in(device / "daemon.json")
    keeper = parent_pid(daemon)
    pids = {keeper, daemon, pid_in(device / "server" / "server.json"), *group.processes()}
    pidfds = [os.pidfd_open(pid) for pid in pids]
    run.send_signal(number)
    run.communicate(timeout=PATIENCE_S)
    assert all(map(pidfd_ends, pidfds))
    assert not device.exists()
    assert not group.folder.exists()


@needs_root
def test_after_its_keeper_was_killed_the_next_run_clears_away(pytester: pytest.Pytester, base: Path) -> None:
    run = start_run(pytester, "local", two_strata(hold_ms=10_000, blocks=1))
    device = only_device(base)
    group = LocalGroup(device.name)
    await_that(run, lambda: any(map(is_agent, group.processes())))
    daemon = pid_in(device / "daemon.json")
    pidfds = [os.pidfd_open(pid) for pid in group.processes()]
    os.kill(parent_pid(daemon), signal.SIGKILL)
    output, _ = run.communicate(timeout=PATIENCE_S)
    assert all(map(pidfd_ends, pidfds))  # the daemon died with its keeper, and the rest with the daemon
    assert "its adb daemon died" in output
    assert device.exists()
    done = subprocess.run([sys.executable, "-m", "pytest_lmkd.cli", "doctor", "local"], check=False)
    assert done.returncode == 0
    assert not device.exists()
    assert not group.folder.exists()


@needs_root
def test_two_runs_at_the_same_time_do_not_disturb_each_other(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(two_strata(hold_ms=20, blocks=3))
    words = [sys.executable, "-m", "pytest", "--lmkd-device", "local", *THREE_ARMS, "--lmkd-blocks", "3"]
    runs = [
        subprocess.Popen(
            [*words, "--lmkd-results", name], cwd=pytester.path, stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    for run in runs:
        output, _ = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == 0, output
    for name in ("one", "two"):
        measured = trials(pytester.path / name)
        assert len(measured) >= 2 * 3 * 2
        assert all(trial["valid"] for trial in measured), measured


@needs_root
def test_a_process_that_does_not_end_is_killed_even_when_frozen() -> None:
    group = LocalGroup(f"{PREFIX}test-{os.getpid()}")
    group.make()
    words = ["sh", "-c", 'echo 0 >"$0" && echo in && exec sleep 1000', str(group.entrance)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as stubborn:
        assert stubborn.stdout is not None
        assert stubborn.stdout.readline() == "in\n"
        freezer = v1_freezer()
        if freezer is not None:  # agents use it in this way; it holds even killed processes
            frozen = freezer / f"lmkd-agent-{stubborn.pid}"
            frozen.mkdir()
            (frozen / "cgroup.procs").write_text(str(stubborn.pid))
            (frozen / "freezer.state").write_text("FROZEN")
        try:
            assert group.processes() == {stubborn.pid}
            group.end(Deadline(2))
            group.remove(Deadline(PATIENCE_S))
            assert stubborn.wait(PATIENCE_S) == -signal.SIGKILL
        finally:
            if freezer is not None and frozen.exists():
                (frozen / "freezer.state").write_text("THAWED")
            stubborn.kill()
    assert not group.folder.exists()
    assert freezer is None or not (freezer / f"lmkd-agent-{stubborn.pid}").exists()


def listening_inodes() -> set[str]:
    """Returns the inodes of TCP sockets that await connections (state 0A in proc(5))."""
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    rows = [line.split() for path in tables if path.exists() for line in path.read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == "0A"}


def socket_inodes(pid: int) -> set[str]:
    links = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
    matches = [re.fullmatch(r"socket:\[(\d+)\]", link) for link in links]
    return {match[1] for match in matches if match}


@needs_root
def test_only_root_reaches_the_daemon_and_over_no_network(pytester: pytest.Pytester, base: Path) -> None:
    run = start_run(pytester, "local", two_strata(hold_ms=10_000, blocks=1))
    device = only_device(base)
    daemon, server = pid_in(device / "daemon.json"), pid_in(device / "server" / "server.json")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (device, device / "root", device / "server")}
    assert set(modes.values()) == {0o700}, modes
    assert (device.stat().st_uid, (device / "adb.sock").is_socket()) == (0, True)
    assert socket_inodes(daemon) and socket_inodes(server)
    assert not (socket_inodes(daemon) | socket_inodes(server)) & listening_inodes()
    address = f"localfilesystem:{device / 'adb.sock'}"
    adb = [shipped_adb_program(), "-L", f"localfilesystem:{device}/server/server.sock", "-s", address]
    asked = [*adb, "shell", "pwd; cat /proc/self/cgroup"]
    shell = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert shell.stdout.startswith(f"{device}/root\n")
    assert f"/{device.name}/daemon\n" in shell.stdout
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=PATIENCE_S)


def as_nobody(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command as an unprivileged user that may read all files of root's installation."""
    reading = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return subprocess.run(
        ["setpriv", *user, *reading, *words],
        cwd=cwd,
        env={**os.environ, "HOME": str(cwd), "XDG_CACHE_HOME": str(cwd), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_root
@pytest.mark.parametrize("program", ["pytest", "pytest_lmkd.cli"])
def test_without_root_the_run_ends_with_one_sentence(
    pytester: pytest.Pytester, base: Path, program: str
) -> None:
    folder = base / "work"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    base.chmod(0o755)
    shutil.copy(pytester.makepyfile(two_strata(hold_ms=1, blocks=1)), folder)
    words = ["--lmkd-device", "local"] if program == "pytest" else ["doctor", "local"]
    done = as_nobody(sys.executable, "-m", program, *words, cwd=folder)
    output = done.stdout + done.stderr
    assert done.returncode == 3, output
    sentence = r"local: measuring this machine needs root, .*: run the same command as root \(sudo\)"
    assert len(re.findall(sentence, output)) == 1, output
    assert "Traceback" not in output


@needs_root
def test_a_noexec_folder_is_named(pytester: pytest.Pytester, base: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "noexec,mode=700", "none", base], check=True)
    try:
        words = [sys.executable, "-m", "pytest_lmkd.cli", "doctor", "local"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert list(base.iterdir()) == []
    finally:
        subprocess.run(["umount", base], check=True)
    assert done.returncode == 3
    assert done.stderr == f"pytest-lmkd: local: {base} is mounted noexec: set TMPDIR to a folder " + (
        "whose programs may run\n"
    )


APART = """
cd /sys/fs/cgroup && mkdir lmkd-local-x && echo +memory >lmkd-local-x/cgroup.subtree_control &&
mkdir lmkd-local-x/daemon && echo 0 >lmkd-local-x/daemon/cgroup.procs &&
for most in 1 max; do
    echo $most >lmkd-local-x/cgroup.max.descendants && echo '{plan}' | {agent} run --plan -
done
"""


@pytest.mark.virtual_device
def test_on_a_v2_machine_too_an_agent_stays_in_the_cgroup_that_keeps_it_apart(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First, the limit allows only the agent's leaf: the folder that it cannot make shows the place."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base))  # apart from other devices that are up
    lmkd_virtual.build(print)
    large = Stratum("quick", "private-anon", "none", "natural", 65536, 1)  # 1 % of it is above a charge batch
    plan = plan_line(1, plan_stratum(PlannedTrial, large, "local", ("kill",), 1, 1)[0][0], "cgroup")
    with Device(VirtualSource("stock"), print) as device:
        agent = f"{VirtualSource.folder}/*agent-{device.agent.sha256[:16]}"
        done = device.transport.shell(APART.format(plan=plan, agent=agent), Deadline(PATIENCE_S))
        refused, measured = (decode_agent_line(line) for line in done.stdout.splitlines())
        assert isinstance(refused, AgentTrialFailed)
        assert "/sys/fs/cgroup/lmkd-local-x/lmkd-agent" in refused.reason
        assert isinstance(measured, AgentTrial)
        assert measured.reclaim_99_ns is not None


def hierarchy(folder: Path, name: str, controllers: str) -> Path:
    """Makes a folder with the controllers file of a mounted cgroup v2."""
    mount = folder / name
    mount.mkdir()
    (mount / "cgroup.controllers").write_text(f"{controllers}\n")
    return mount


def test_memory_cgroups_are_found_on_v1_hybrid_and_v2_machines(tmp_path: Path) -> None:
    bare = hierarchy(tmp_path, "bare", "")
    full = hierarchy(tmp_path, "full", "cpuset cpu io memory pids")
    v1 = "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup /memory cgroup rw,relatime,memory 0 0\n"
    tables = {
        v1: (Path("/memory"), False),
        f"cgroup2 {bare} cgroup2 rw,relatime 0 0\n{v1}": (Path("/memory"), False),
        f"proc /proc proc rw 0 0\ncgroup2 {full} cgroup2 rw,nsdelegate 0 0\n": (full, True),
    }
    for table, expected in tables.items():
        mount = find_mount("memory", table)
        assert mount is not None
        assert (mount.folder, mount.is_v2) == expected
    assert find_mount("memory", f"cgroup2 {bare} cgroup2 rw 0 0\ngarbage\n") is None


@needs_root
def test_it_is_listed(pytester: pytest.Pytester, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = PrivateAdbServer(base / "adb")  # not the user's
    server.require(Deadline(PATIENCE_S))
    monkeypatch.setenv("ADB_SERVER_SOCKET", f"localfilesystem:{server.endpoint}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest_lmkd.cli", "devices"], capture_output=True, text=True, check=False
    )
    server.stop(Deadline(PATIENCE_S))
    assert "local\tdevice" in done.stdout.splitlines()
    assert done.returncode == 0
