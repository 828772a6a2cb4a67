"""The agent on the kernel of this host: real victims, real cgroups, real process_mrelease."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from groups import groups_of

from lmkd_core.base.toolchain import ZIG_TARGETS
from lmkd_core.base.toolchain import static_program
from pytest_lmkd.devices.agent import PROGRAM
from pytest_lmkd.devices.messages import AgentError
from pytest_lmkd.devices.messages import AgentHello
from pytest_lmkd.devices.messages import AgentMessage
from pytest_lmkd.devices.messages import AgentProbe
from pytest_lmkd.devices.messages import AgentTrial
from pytest_lmkd.devices.messages import AgentTrialFailed
from pytest_lmkd.devices.messages import decode_agent_line

pytestmark = [pytest.mark.host_kernel, pytest.mark.measures]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="victims need memory cgroups: run as root")

Found = TypeVar("Found")

SIZE_KB = 16 * 1024
PLAN = (
    "trial id={id} arm={arm} delay_us={delay_us} stall={stall} hold_ms={hold_ms} victim_kb={kb} "
    "shape={shape} dirty_pct={dirty_pct} compress_pct=0 threads={threads} timeout_ms={timeout_ms} "
    "meter={meter}\n"
)


def plan(
    arm: str,
    stall: str = "none",
    hold_ms: int = 0,
    *,
    trial_id: int = 1,
    kb: int = SIZE_KB,
    threads: int = 1,
    timeout_ms: int = 3000,
    shape: str = "private-anon",
    dirty_pct: int = 100,
    delay_us: int = 0,
    meter: str = "cgroup",
) -> str:
    return PLAN.format(
        id=trial_id,
        arm=arm,
        delay_us=delay_us,
        stall=stall,
        hold_ms=hold_ms,
        kb=kb,
        shape=shape,
        dirty_pct=dirty_pct,
        threads=threads,
        timeout_ms=timeout_ms,
        meter=meter,
    )


def run(agent: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the agent until it exits; its cgroups must be gone afterwards in every case."""
    command = [agent, *words]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes, text=True) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert groups_of(process.pid) == []
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def answers(agent: Path, text: str, *words: str) -> Sequence[AgentMessage]:
    done = run(agent, "run", "--plan", "-", *words, stdin=text)
    assert done.stderr == "", done.stderr
    return [decode_agent_line(line) for line in done.stdout.splitlines()]


def one_trial(agent: Path, text: str) -> AgentTrial:
    (answer,) = answers(agent, text)
    assert isinstance(answer, AgentTrial), answer
    return answer


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("abi", ZIG_TARGETS)
def test_every_abi_builds_to_at_most_64_kb(abi: str) -> None:
    assert static_program(PROGRAM, abi, print).stat().st_size <= 64 * 1024


def test_hello_names_protocol_and_abi(agent: Path) -> None:
    hello = decode_agent_line(run(agent, "version").stdout)
    assert hello == AgentHello(agent="lmkd-agent", version="0.1.0", protocol=1, abi="x86_64")


def test_every_fact_has_a_source_and_an_absent_one_a_reason(agent: Path) -> None:
    probe = decode_agent_line(run(agent, "probe").stdout)
    assert isinstance(probe, AgentProbe)
    for name, fact in probe.facts.items():
        assert fact.source, name
        absent = fact.value is None or fact.value is False
        assert bool(fact.reason) == absent, name
    assert probe.facts["process_mrelease"].value is True
    assert probe.facts["boot_id"].value == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@needs_root
@pytest.mark.parametrize("arm", ["kill", "kill+mrelease"])
@pytest.mark.parametrize("threads", [1, 16])
def test_an_undisturbed_victim_gives_all_its_memory_back(agent: Path, arm: str, threads: int) -> None:
    trial = one_trial(agent, plan(arm, threads=threads))
    assert trial.charged_at_kill_kb >= SIZE_KB
    assert (
        trial.reclaim_50_ns is not None
        and trial.reclaim_90_ns is not None
        and trial.reclaim_99_ns is not None
    )
    assert 0 < trial.reclaim_50_ns <= trial.reclaim_90_ns <= trial.reclaim_99_ns
    assert trial.exit_ns is not None
    assert trial.mrelease_errno in {"", "ESRCH"}
    assert (trial.kill_to_mrelease_ns is None) == (arm == "kill")
    assert trial.curve[-1][1] <= trial.charged_at_kill_kb - SIZE_KB * 99 // 100


@needs_root
def test_the_devices_state_is_told_around_a_trial(agent: Path) -> None:
    trial = one_trial(agent, plan("kill"))
    vmstat = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
    assert trial.before.oom_kills == trial.after.oom_kills == int(vmstat["oom_kill"])
    for state in (trial.before, trial.after):
        assert state.free_kb is not None and 0 < state.free_kb < 2**40
    zones = [path.read_text() for path in Path("/sys/class/thermal").glob("thermal_zone*/temp")]
    assert (trial.after.hottest_mc is None) == (not zones)


@needs_root
def test_a_held_victim_is_a_zombie_that_keeps_its_memory_until_the_holder_lets_go(agent: Path) -> None:
    trial = one_trial(agent, plan("kill", "holder", 200))
    assert trial.stall_class == "Z"
    assert trial.released_ns is not None and trial.released_ns >= 200_000_000
    assert trial.reclaim_50_ns is not None and trial.reclaim_50_ns > trial.released_ns
    assert trial.exit_ns is not None and trial.exit_ns < trial.released_ns


@needs_root
def test_a_hold_longer_than_the_timeout_is_censored(agent: Path) -> None:
    trial = one_trial(agent, plan("kill", "holder", 2000, timeout_ms=100))
    assert (trial.reclaim_50_ns, trial.reclaim_90_ns, trial.reclaim_99_ns) == (None, None, None)
    assert trial.released_ns is None


def skip_unless(agent: Path, ability: str) -> None:
    probe = decode_agent_line(run(agent, "probe").stdout)
    assert isinstance(probe, AgentProbe)
    if not probe.facts[ability].value:
        pytest.skip(f"{ability}: {probe.facts[ability].reason}")


HELD_BY_OTHERS = (
    "holder",
    "holder-mem",
    "holder-cmdline",
    "holder-environ",
    "holder-pagemap",
    "smaps-walk",
    "sharer",
    "vfork",
)
HELD_IN_ITS_EXIT = ("aio", "starved", "blocked-thread", "frozen-v1", "exit-stop")
HELD_BY_NOTHING = ("open-files", "smaps-blocked", "frozen-v2")

STARVED_KB = 512 * 1024
"""The fair scheduler gives even a starved victim one turn: some ms, in which it frees 60 MB."""

HOLD_MS = 300
HOLD_NS = HOLD_MS * 1_000_000


@needs_root
@pytest.mark.parametrize("stall", HELD_BY_OTHERS + HELD_IN_ITS_EXIT)
def test_a_kill_alone_frees_nothing_before_the_stall_lets_go(agent: Path, stall: str) -> None:
    skip_unless(agent, f"stall:{stall}")
    size_kb = STARVED_KB if stall == "starved" else 64 * 1024
    trial = one_trial(agent, plan("kill", stall, HOLD_MS, threads=2, kb=size_kb))
    assert trial.released_ns is not None and trial.released_ns >= HOLD_NS
    assert trial.reclaim_50_ns is not None and trial.reclaim_50_ns > trial.released_ns
    assert trial.stall_class == ("Z" if stall in HELD_BY_OTHERS else "D")


@needs_root
@pytest.mark.parametrize("stall", HELD_BY_NOTHING)
def test_what_looks_like_a_stall_and_is_none_holds_nothing(agent: Path, stall: str) -> None:
    skip_unless(agent, f"stall:{stall}")
    trial = one_trial(agent, plan("kill", stall, 2000))
    assert trial.reclaim_90_ns is not None and trial.released_ns is not None
    assert trial.reclaim_90_ns < trial.released_ns


@needs_root
@pytest.mark.parametrize("stall", ["holder", "holder-mem", "smaps-walk", "aio", "starved", "blocked-thread"])
def test_the_emulated_flag_frees_while_the_stall_holds_on(agent: Path, stall: str) -> None:
    skip_unless(agent, f"stall:{stall}")
    trial = one_trial(agent, plan("reap-kill-emulated", stall, 2000))
    assert [call.name for call in trial.calls] == [
        "pidfd_send_signal",
        "waitid",
        "process_mrelease",
        "ptrace",
    ]
    assert trial.mrelease_errno == ""
    assert trial.reclaim_90_ns is not None and trial.released_ns is not None
    assert trial.reclaim_90_ns < trial.released_ns


@needs_root
@pytest.mark.parametrize("stall", ["sharer", "vfork"])
def test_memory_that_another_process_shares_is_refused(agent: Path, stall: str) -> None:
    trial = one_trial(agent, plan("reap-kill-emulated", stall, HOLD_MS))
    assert trial.mrelease_errno == "EINVAL"
    assert trial.reclaim_50_ns is not None and trial.released_ns is not None
    assert trial.reclaim_50_ns > trial.released_ns


@needs_root
def test_readers_in_the_background_end_with_the_trial(agent: Path) -> None:
    trial = one_trial(agent, plan("kill", "readers"))
    assert trial.reclaim_99_ns is not None


@needs_root
def test_a_delay_keeps_process_mrelease_waiting(agent: Path) -> None:
    trial = one_trial(agent, plan("kill+mrelease", "holder", HOLD_MS, delay_us=50_000))
    assert trial.kill_to_mrelease_ns is not None and trial.kill_to_mrelease_ns >= 50_000_000
    assert trial.mrelease_errno == "ESRCH"
    assert trial.calls[1].charged_kb is not None and trial.calls[1].charged_kb > SIZE_KB


SHAPED_KB = 64 * 1024
"""Each CPU may charge up to 63 pages in advance (MEMCG_CHARGE_BATCH), below 1 % of this size."""


@needs_root
@pytest.mark.parametrize(
    ("shape", "returns_kb"),
    [
        ("private-anon", SHAPED_KB),
        ("shared-memory", SHAPED_KB),
        ("mlocked", SHAPED_KB),
        ("private-file", SHAPED_KB // 4),
        ("app-mix", SHAPED_KB * 80 // 100),
        ("in-zram", SHAPED_KB),
        ("huge-pages", SHAPED_KB),
    ],
)
def test_every_shape_gives_back_what_is_its_own(agent: Path, shape: str, returns_kb: int) -> None:
    skip_unless(agent, f"shape:{shape}")
    trial = one_trial(agent, plan("kill", shape=shape, dirty_pct=25, kb=SHAPED_KB))
    assert trial.returns_kb == returns_kb
    assert trial.reclaim_99_ns is not None
    assert trial.charged_at_kill_kb >= SHAPED_KB


@needs_root
def test_shared_memory_stays_charged_until_the_exit_although_it_was_reaped(agent: Path) -> None:
    trial = one_trial(agent, plan("kill+mrelease", "exit-stop", HOLD_MS, shape="shared-memory"))
    assert trial.mrelease_errno == ""
    assert trial.charged_at_return_kb > SIZE_KB
    assert trial.reclaim_50_ns is not None and trial.reclaim_50_ns >= HOLD_NS


@needs_root
def test_a_stock_kernel_refuses_reap_kill_and_the_victim_is_still_ended(agent: Path) -> None:
    if decode_agent_line(run(agent, "probe").stdout).facts["reap_kill"].value:  # type: ignore[union-attr]
        pytest.skip("this host's kernel knows PROCESS_MRELEASE_REAP_KILL")
    trial = one_trial(agent, plan("reap-kill", timeout_ms=100))
    assert trial.mrelease_errno == "EINVAL"
    assert trial.exit_ns is None


@needs_root
def test_trials_run_in_the_plans_order_and_leave_nothing_behind(agent: Path) -> None:
    text = "".join(
        plan(arm, trial_id=number) for number, arm in enumerate(["kill", "kill+mrelease", "kill"], 5)
    )
    assert [answer.id for answer in answers(agent, text)] == [5, 6, 7]  # type: ignore[union-attr]


@needs_root
def test_the_copy_holds_what_was_answered(agent: Path, tmp_path: Path) -> None:
    copy = tmp_path / "trials.jsonl"
    shown = [
        *answers(agent, plan("kill"), "--copy", str(copy)),
        *answers(agent, plan("kill"), "--copy", str(copy)),
    ]
    assert [decode_agent_line(line) for line in copy.read_text().splitlines()] == shown


@needs_root
def test_a_host_that_no_longer_listens_still_finds_the_trial_in_the_copy(agent: Path, tmp_path: Path) -> None:
    copy = tmp_path / "trials.jsonl"
    reader, writer = os.pipe()
    os.close(reader)
    words = [agent, "run", "--plan", "-", "--copy", str(copy)]
    done = subprocess.run(words, input=plan("kill").encode(), stdout=writer, timeout=60, check=False)
    os.close(writer)
    assert done.returncode == 1
    assert isinstance(decode_agent_line(copy.read_text()), AgentTrial)


@needs_root
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_an_agent_that_is_ended_takes_its_victim_along(agent: Path, number: signal.Signals) -> None:
    words = [agent, "run", "--plan", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(plan("kill", "holder", 9000, timeout_ms=10_000))
        process.stdin.close()
        victim = wait_for(lambda: children_of(process.pid))[0]
        victim_end = os.pidfd_open(victim)
        os.kill(process.pid, number)
        process.wait(timeout=30)
        assert wait_readable(victim_end)
    assert not is_running(victim)
    if number == signal.SIGKILL:
        run(agent, "run", "--plan", "-", stdin=plan("kill"))  # the next agent removes the leftovers
    assert groups_of(process.pid) == []


@needs_root
def test_an_agent_that_ends_leaves_the_groups_of_others_alone(agent: Path) -> None:
    """First between two trials of the other agent, when its folder is empty; then while a victim is in it."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([agent, "run", "--plan", "-"], **pipes, text=True, bufsize=1) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        for number in (1, 2):
            other.stdin.write(plan("kill", trial_id=number))
            answer = decode_agent_line(other.stdout.readline())
            assert isinstance(answer, AgentTrial), answer
            one_trial(agent, plan("kill"))
        other.stdin.write(plan("kill", "holder", 9000, timeout_ms=10_000, trial_id=3))
        wait_for(lambda: children_of(other.pid))
        groups = wait_for(lambda: groups_of(other.pid))
        one_trial(agent, plan("kill"))
        assert groups_of(other.pid) == groups
        other.terminate()
        other.wait(timeout=30)
    assert groups_of(other.pid) == []


IN_A_PID_NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")


@needs_root
def test_agents_of_two_containers_with_one_pid_have_groups_of_their_own(agent: Path) -> None:
    """Both are process 1 of their pid namespace and share the cgroups of the machine."""
    words = [*IN_A_PID_NAMESPACE, agent, "run", "--plan", "-"]
    plans = plan("kill", "holder", HOLD_MS) + plan("kill", trial_id=2)
    runs = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for run_of_one in runs:
        assert run_of_one.stdin is not None
        run_of_one.stdin.write(plans)
        run_of_one.stdin.close()
    for run_of_one in runs:
        assert run_of_one.stdout is not None
        trials = [decode_agent_line(line) for line in run_of_one.stdout]
        assert len(trials) == 2, trials
        for trial in trials:
            assert isinstance(trial, AgentTrial) and trial.charged_at_kill_kb < 2 * SIZE_KB
        assert run_of_one.wait(timeout=30) == 0


def wait_for(search: Callable[[], list[Found]]) -> list[Found]:
    """Polls ``search`` until it finds something, for up to 30 s."""
    tick = threading.Event()
    for _ in range(3000):
        if matches := search():
            return matches
        tick.wait(0.01)
    raise AssertionError("nothing was found in 30 s")


def wait_readable(fd: int) -> bool:
    ready, _, _ = select.select([fd], [], [], 30)
    os.close(fd)
    return bool(ready)


def as_another_user(agent: Path, text: str) -> AgentMessage:
    """The answer of an agent without privileges to a plan of one trial."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to other users
        Path(folder).chmod(0o755)
        reachable = shutil.copy(agent, folder)
        done = subprocess.run(
            [reachable, "run", "--plan", "-"],
            input=text,
            capture_output=True,
            text=True,
            user=65534,
            group=65534,
            extra_groups=[],
            timeout=60,
            check=False,
        )
    assert done.stderr == ""
    return decode_agent_line(done.stdout)


@needs_root
def test_without_a_privilege_the_reason_names_what_failed(agent: Path) -> None:
    failed = as_another_user(agent, plan("kill"))
    assert isinstance(failed, AgentTrialFailed)
    assert "cgroup" in failed.reason


@needs_root
def test_without_a_privilege_the_systems_free_memory_is_the_meter(agent: Path) -> None:
    trial = as_another_user(agent, plan("kill+mrelease", meter="system", timeout_ms=500))
    assert isinstance(trial, AgentTrial), trial
    assert trial.meter == "system"
    assert trial.noise_kb is not None and trial.noise_kb >= 0
    assert trial.exit_ns is not None and trial.exit_ns > 0
    assert all(charged_kb >= 0 for _, charged_kb in trial.curve)
    assert [call.errno for call in trial.calls] in (["", ""], ["", "ESRCH"])


@needs_root
def test_a_victim_in_a_cgroup_has_no_noise(agent: Path) -> None:
    trial = one_trial(agent, plan("kill"))
    assert (trial.meter, trial.noise_kb) == ("cgroup", None)


def test_what_is_swapped_out_is_not_counted_by_free_memory(agent: Path) -> None:
    (failed,) = answers(agent, plan("kill", shape="in-zram", meter="system"))
    assert isinstance(failed, AgentTrialFailed)
    assert failed.reason == "only a memory cgroup counts what is swapped out"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            plan("kill").replace("arm=kill", "arm=shoot"),
            "there is no arm named shoot",
        ),
        (plan("kill", "sleep"), "there is no stall named sleep"),
        (plan("kill", meter="scales"), "there is no meter named scales"),
        (plan("kill", shape="round"), "there is no shape named round"),
        (plan("kill").replace("threads=1", "threads=0"), "threads=0 is not a number from 1 to 1024"),
        (plan("kill").replace("threads=1", "threads=1x"), "threads=1x is not a number"),
        (
            plan("kill").replace("victim_kb=16384", "victim_kb=99999999999999999999"),
            "is not a number from 64",
        ),
        (plan("kill").replace("threads=1 ", ""), "the plan lacks threads="),
        (plan("kill").replace("threads=1", "threads=1 threads=1"), "the plan repeats threads"),
        (
            plan("kill").replace("threads=1", "threads=1 colour=red"),
            'the plan has an unknown word "colour=red"',
        ),
        ("kill them all\n", 'does not begin with "trial"'),
        ("trial " + "x" * 3000 + "\n", "is longer than"),
        (plan("kill").rstrip("\n"), "lacks its end"),
    ],
)
def test_a_plan_that_is_not_of_the_language_is_refused_in_one_sentence(
    agent: Path, line: str, reason: str
) -> None:
    done = run(agent, "run", "--plan", "-", stdin=line)
    error = decode_agent_line(done.stdout)
    assert isinstance(error, AgentError)
    assert reason in error.reason
    assert done.returncode == 1


@pytest.mark.parametrize(
    "words", [[], ["fly"], ["run"], ["run", "--plan"], ["run", "--plan", "-", "--copy"], ["version", "x"]]
)
def test_wrong_usage_shows_the_usage(agent: Path, words: list[str]) -> None:
    done = run(agent, *words)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: lmkd-agent")


def test_a_missing_plan_is_named(agent: Path) -> None:
    error = decode_agent_line(run(agent, "run", "--plan", "/nowhere/plan").stdout)
    assert error == AgentError("open the plan /nowhere/plan: No such file or directory")
