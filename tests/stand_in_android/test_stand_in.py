"""Tests that the stand-in Android answers as Android does, with our own host code and log readers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from install import install
from stand_in_device import ACTIVITY
from stand_in_device import StandIn
from stand_in_device import make_apks
from stand_in_device import running

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TrialInvalid
from pytest_lmkd.apps.device_log import DeviceLog
from pytest_lmkd.devices.readiness import STARTED
from pytest_lmkd.devices.shell_facts import read_shell_facts

pytestmark = pytest.mark.virtual_device

FOLDER = "/data/local/tmp"
ONE, TWO, THREE, FOUR = (f"org.lmkdlab.w{number:02}" for number in range(1, 5))
QUIET = ("psi_partial_stall_ms", "psi_complete_stall_ms")

SMALL_KB = 1024
BACKGROUND_KB = 80 << 10
DEMAND_KB = 320 << 10
"""With three apps in the background it exceeds the device's 512 MB; with one app it does not."""


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running("stand-in", memory_mb=512) as device:
        for apk in make_apks(tmp_path_factory.mktemp("files") / "apks", 4):
            device.android.install(apk, FOLDER)
        yield device


@pytest.fixture(autouse=True)
def nothing_runs(phone: StandIn) -> Iterator[None]:
    yield
    for package in (ONE, TWO, THREE, FOUR):
        phone.android.force_stop(package)
    phone.output("am clear-exit-info; logcat -b all -c")


def test_its_facts_are_those_of_android(phone: StandIn) -> None:
    facts = {name: fact.value for name, fact in read_shell_facts(phone.transport).items()}
    assert (facts["sdk"], facts["build_type"], facts["root_by"]) == (35, "userdebug", "adb")
    assert (facts["lmkd_socket"], facts["selinux"], facts["screen"]) == (True, "Permissive", "Awake")
    assert (facts["battery_pct"], facts["on_power"], facts["thermal_status"]) == (85, True, 0)
    assert facts["lmkd_pid"] == int(phone.output("pidof lmkd"))
    assert phone.output(STARTED) == ""


def test_a_second_installation_leaves_the_daemons_and_their_apps_alone(phone: StandIn) -> None:
    pids = phone.output("pidof lmkd; pidof system_server")
    app = phone.start(ONE, SMALL_KB)
    install(phone.transport)
    assert phone.output("pidof lmkd; pidof system_server") == pids
    assert phone.android.pid_of(ONE) == app


def test_packages_come_and_go(phone: StandIn, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("more")
    good, bad = folder / "org.lmkdlab.w77.apk", folder / "org.lmkdlab.w78.apk"
    good.write_bytes(b"PK")
    bad.write_bytes(b"no zip")
    phone.android.install(good, FOLDER)
    assert "org.lmkdlab.w77" in phone.android.installed()
    assert phone.output("pm path org.lmkdlab.w77") == "package:/data/app/org.lmkdlab.w77/base.apk"
    phone.android.uninstall("org.lmkdlab.w77")
    assert "org.lmkdlab.w77" not in phone.android.installed()
    with pytest.raises(DeviceUnusable, match="INSTALL_FAILED_INVALID_APK"):
        phone.android.install(bad, FOLDER)


def test_an_app_is_a_process_of_its_package_and_of_a_user_of_its_own(phone: StandIn) -> None:
    pid = phone.start(ONE, SMALL_KB)
    assert phone.output(f"tr '\\0' ' ' < /proc/{pid}/cmdline").strip() == ONE
    assert phone.output(f"awk '/^Uid/ {{ print $2 }}' /proc/{pid}/status") == "10100"
    assert phone.output(f"readlink /proc/{pid}/cwd") == f"/data/user/0/{ONE}"
    assert phone.output(f"run-as {ONE} id -u") == "10100"


def test_an_app_that_is_not_installed_does_not_start(phone: StandIn) -> None:
    with pytest.raises(
        TrialInvalid, match=r"Error type 3 Error: Activity class \{no\.such/no\.such\.App\} does not"
    ):
        phone.android.start("no.such/.App", {})


def test_an_app_reports_extras_that_it_cannot_follow(phone: StandIn) -> None:
    log = DeviceLog(phone.transport)
    pid = phone.android.start(f"{ONE}/{ACTIVITY}", {"size_kb": 1})
    with pytest.raises(TrialInvalid, match="size_kb 1 is not 64 to"):
        log.await_ready(ONE, pid, 60)


def test_apps_go_back_in_importance_as_others_come(phone: StandIn) -> None:
    pids = [phone.start(package, SMALL_KB) for package in (ONE, TWO, THREE)]
    phone.android.await_background(pids[0], 900, 60)
    assert [phone.adj(pid) for pid in pids] == [900, 700, 0]
    phone.android.home()
    phone.android.await_background(pids[0], 905, 60)
    assert [phone.adj(pid) for pid in pids] == [905, 900, 700]


def test_an_app_that_runs_comes_to_the_front_again(phone: StandIn) -> None:
    pids = [phone.start(package, SMALL_KB) for package in (ONE, TWO)]
    assert phone.android.start(f"{ONE}/{ACTIVITY}", {}) == pids[0]
    phone.android.await_background(pids[1], 700, 60)
    assert phone.adj(pids[0]) == 0


def test_a_restarted_lmkd_learns_the_running_apps(phone: StandIn) -> None:
    pid = phone.start(ONE, SMALL_KB)
    phone.output("kill $(pidof lmkd) && while pidof lmkd; do :; done > /dev/null; stand-in-android lmkd")
    phone.android.home()
    assert phone.android.await_background(pid, 700, 60) == 700


def test_under_pressure_lmkd_kills_the_least_important_app_and_every_log_records_it(phone: StandIn) -> None:
    pids = [phone.start(package, BACKGROUND_KB) for package in (ONE, TWO, THREE)]
    phone.android.start(f"{FOUR}/{ACTIVITY}", {"size_kb": DEMAND_KB})
    phone.await_line("logcat -s lowmemorykiller", f"Kill '{ONE}' ({pids[0]}), uid 10100, oom_score_adj 905 ")
    phone.await_line("logcat -b events", f"am_proc_died: [0,{pids[0]},{ONE},905,19]")
    death = phone.death(pids[0])
    assert (death.killer, death.process, death.doubts) == ("lmkd", ONE, ())
    assert {"lmkd_kill", "killinfo", "am_proc_died", "exit_info"} <= set(death.sources)


@pytest.fixture
def no_swap(phone: StandIn) -> Iterator[None]:
    """Turns swap off, so that the kernel's OOM killer acts soon."""
    phone.output("swapoff /dev/zram0")
    yield
    phone.output("swapon /dev/zram0")


@pytest.fixture
def quiet_lmkd(phone: StandIn) -> Iterator[None]:
    for name in QUIET:
        phone.output(f"device_config put lmkd_native {name} 0")
    yield
    for name in QUIET:
        phone.output(f"device_config delete lmkd_native {name}")


def test_lmkd_without_its_psi_triggers_leaves_killing_to_the_kernel(
    phone: StandIn, no_swap: None, quiet_lmkd: None
) -> None:
    pids = [phone.start(package, BACKGROUND_KB) for package in (ONE, TWO, THREE)]
    phone.start(FOUR, DEMAND_KB)
    phone.await_line("logcat -b events", f"am_proc_died: [0,{pids[0]},")
    summary = phone.summary()
    assert summary.kills == ()
    assert {death.killer for death in summary.deaths} == {"signal"}


def test_kills_by_others_have_their_own_killers(phone: StandIn) -> None:
    stopped, killed = phone.start(ONE, SMALL_KB), phone.start(TWO, SMALL_KB)
    phone.output(f"am force-stop {ONE}; kill -9 {killed}")
    phone.await_line("logcat -b events", f"am_proc_died: [0,{killed},")
    assert phone.death(stopped).killer == "framework"
    assert (phone.death(killed).killer, phone.death(killed).reason) == ("signal", "signal 9")


def test_exit_infos_can_be_cleared(phone: StandIn) -> None:
    phone.start(ONE, SMALL_KB)
    phone.android.force_stop(ONE)
    assert b"reason=10 (USER REQUESTED) subreason=21 (FORCE STOP)" in phone.android.exit_info(ONE)
    phone.android.clear_exit_info(ONE)
    assert b"ApplicationExitInfo" not in phone.android.exit_info(ONE)


def test_flags_are_properties_and_settings_are_kept(phone: StandIn) -> None:
    phone.output("device_config put lmkd_native kill_timeout_ms 50")
    assert phone.output("getprop persist.device_config.lmkd_native.kill_timeout_ms") == "50"
    assert "kill_timeout_ms=50" in phone.output("device_config list lmkd_native").splitlines()
    phone.output("device_config delete lmkd_native kill_timeout_ms")
    assert phone.output("device_config get lmkd_native kill_timeout_ms") == "null"
    phone.output("settings put global cached_apps_freezer enabled")
    assert phone.output("settings get global cached_apps_freezer") == "enabled"
    assert phone.output("settings delete global cached_apps_freezer") == "Deleted 1 rows"
    assert phone.output("settings get global cached_apps_freezer") == "null"


def test_many_set_properties_at_once(phone: StandIn) -> None:
    phone.output("for i in 1 2 3 4 5 6 7 8; do setprop debug.stand-in.$i $i & done; wait")
    assert phone.output("getprop | grep -c debug.stand-in") == "8"


def test_logcat_follows_and_begins_at_the_given_time(phone: StandIn) -> None:
    phone.output("log -t before one")
    since = phone.output("sleep 1; date '+%m-%d %H:%M:%S.000'")
    watch = f"(log -p e -t after two) & logcat -v threadtime -T '{since}'"
    line = phone.await_line(watch, " E after   : two")
    assert line.startswith(since[:5])
    assert "before" not in phone.output(f"logcat -d -T '{since}'")
    assert phone.output("logcat -d -v epoch -s before").endswith(" I before  : one")
