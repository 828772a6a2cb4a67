"""Tests one kill of an app by run-as, over an adb shell without root: it kills only the started app."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from own_devices import attached
from own_devices import own_runtime_folder
from stand_in_device import ACTIVITY
from stand_in_device import StandIn
from stand_in_device import become_a_user_build
from stand_in_device import make_apks
from stand_in_device import up

from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.arms import AgentArm
from lmkd_core.records.plan import plan_block
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.scenarios.apps import workload_app
from pytest_lmkd.apps.app_kill import AppKiller
from pytest_lmkd.apps.program import AppKill
from pytest_lmkd.apps.program import AppsProgram
from pytest_lmkd.apps.program import Target
from pytest_lmkd.devices.shell_facts import read_shell_facts
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.devices.suite_needs import reason_no_tier

pytestmark = pytest.mark.virtual_device

ONE, TWO = "org.lmkdlab.w01", "org.lmkdlab.w02"
KILL = AgentArm("kill")
SMALL_KB = 1024
TIMEOUT_MS = 60_000


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A user build with two apps."""
    with own_runtime_folder(), up("killer", memory_mb=512) as instance:
        with attached(instance) as transport:
            for apk in make_apks(tmp_path_factory.mktemp("files") / "apks", 2):
                StandIn(transport).android.install(apk, ANDROID_FOLDER)
        become_a_user_build(instance)
        with attached(instance) as transport:
            yield StandIn(transport)


@pytest.fixture
def program(phone: StandIn) -> Iterator[AppsProgram]:
    program = AppsProgram.load(phone.transport, ANDROID_FOLDER, print)
    program.prepare(ONE, print)
    yield program
    program.tidy()
    for package in (ONE, TWO):
        phone.android.force_stop(package)


def start(phone: StandIn, package: str) -> Target:
    pid = phone.start(package, SMALL_KB)
    return Target(pid, phone.android.start_ticks(pid, package))


def planned() -> PlannedTrial:
    (trial,) = plan_block(PlannedTrial, workload_app(32, 4), "phone", ["kill"], 0, 1)
    return trial


def killer(phone: StandIn, program: AppsProgram, package: str = ONE) -> AppKiller:
    return AppKiller(phone.transport, phone.android, program, package, is_root=False)


def test_the_shell_is_not_root_and_can_use_run_as(phone: StandIn) -> None:
    assert phone.output("id -u") == "2000"
    facts = read_shell_facts(phone.transport)
    assert facts["run_as"].value is True
    assert reason_no_tier("run-as", facts) == ""
    assert phone.android.reason_no_run_as(ONE) == ""
    assert phone.android.reason_no_run_as("no.such.app") == "run-as: unknown package: no.such.app"


def test_an_apps_own_uid_may_kill_it_and_the_shell_may_not(phone: StandIn, program: AppsProgram) -> None:
    target = start(phone, ONE)
    with pytest.raises(TrialInvalid, match="belongs to user 10100, and this runs as 2000: it is left alone"):
        program.kill(target, KILL, TIMEOUT_MS, None)
    assert phone.android.pid_of(ONE) == target.pid
    killed = program.kill(target, KILL, TIMEOUT_MS, ONE)
    assert (killed.pid, killed.uid) == (target.pid, 10100)
    assert killed.exit_ns is not None


def test_another_app_is_left_alone(phone: StandIn, program: AppsProgram) -> None:
    target = start(phone, TWO)
    with pytest.raises(TrialInvalid, match="belongs to user 10101, and this runs as 10100: it is left alone"):
        program.kill(target, KILL, TIMEOUT_MS, ONE)
    assert phone.android.pid_of(TWO) == target.pid


def test_a_process_that_has_the_pid_by_now_is_left_alone(phone: StandIn, program: AppsProgram) -> None:
    target = start(phone, ONE)
    with pytest.raises(TrialInvalid, match="it is another, and is left alone"):
        program.kill(Target(target.pid, target.start_ticks - 1), KILL, TIMEOUT_MS, ONE)
    with pytest.raises(TrialInvalid, match=f"process {target.pid} is not {TWO}, but {ONE}"):
        phone.android.start_ticks(target.pid, TWO)
    assert phone.android.pid_of(ONE) == target.pid


def test_an_app_that_died_before_is_no_trial(phone: StandIn, program: AppsProgram) -> None:
    target = start(phone, ONE)
    phone.android.force_stop(ONE)
    with pytest.raises(TrialInvalid, match=f"open process {target.pid}: No such process"):
        program.kill(target, KILL, TIMEOUT_MS, ONE)
    with pytest.raises(TrialInvalid, match=f"process {target.pid} is not {ONE}, but has ended"):
        phone.android.start_ticks(target.pid, ONE)


def test_an_app_that_does_not_start_is_no_trial(phone: StandIn, program: AppsProgram) -> None:
    with pytest.raises(TrialInvalid, match=r"no\.such\.app/.* did not start: .*does not exist"):
        killer(phone, program, "no.such.app").run(planned(), print)


class Restarting(AppsProgram):
    """Behaves as if Android restarted the killed app."""

    phone: StandIn

    def kill(self, target: Target, arm: AgentArm, timeout_ms: int, run_as: str | None) -> AppKill:
        killed = super().kill(target, arm, timeout_ms, run_as)
        self.phone.await_line("logcat -b events", f"am_proc_died: [0,{target.pid},")
        self.phone.android.start(f"{ONE}/{ACTIVITY}", {"size_kb": SMALL_KB})
        return killed


def test_an_app_that_android_started_again_is_no_trial(phone: StandIn, program: AppsProgram) -> None:
    restarting = Restarting.load(phone.transport, ANDROID_FOLDER, print)
    assert isinstance(restarting, Restarting)
    restarting.phone = phone
    with pytest.raises(TrialInvalid, match=f"Android started {ONE} again during the trial, as process"):
        killer(phone, restarting).run(planned(), print)
    assert phone.android.pid_of(ONE) is None


def test_a_kill_leaves_nothing_behind(phone: StandIn, program: AppsProgram) -> None:
    measured = killer(phone, program).run(planned(), print)
    assert (measured.killed_as, measured.returns_from) == ("run-as", "smaps_rollup")
    assert phone.android.pid_of(ONE) is None
    program.tidy()
    assert phone.output(f"run-as {ONE} ls") == ""


def test_an_unknown_package_is_reported(phone: StandIn) -> None:
    program = AppsProgram.load(phone.transport, ANDROID_FOLDER, print)
    with pytest.raises(
        DeviceUnusable, match=r"lmkd-apps could not be copied into no\.such\.app: run-as: unknown"
    ):
        program.prepare("no.such.app", print)


def test_a_watch_ends_with_the_link(phone: StandIn, program: AppsProgram) -> None:
    with program.watch(idle_ms=0):
        assert "watch idle_ms=0" in phone.output("ps -o args | grep 'lmkd-apps-[0-9a-f]* watch'")
        phone.transport.close()  # as when the cable is pulled: adbd hangs up on our commands
        gone = "while ps -o args | grep -q 'lmkd-apps-[0-9a-f]* watch'; do :; done"
        phone.output(gone)
