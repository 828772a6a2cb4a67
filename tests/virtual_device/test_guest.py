"""What the measurements need of the guest: the kernel they asked for, its clock, cgroups, swap, pressure."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from booted import Device
from booted import running
from own_devices import PATIENCE_S

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.toolchain import static_program
from lmkd_virtual import PERSONALITIES
from lmkd_virtual import instance
from pytest_lmkd.devices.agent import PROGRAM

pytestmark = pytest.mark.virtual_device

MAX_CLOCK_STEP_NS = 10_000
"""Above this every trial is invalid."""

every_personality = pytest.mark.parametrize("personality", PERSONALITIES)


@pytest.fixture
def stock(boot: Callable[[str], Device]) -> Device:
    return boot("stock")


@every_personality
def test_the_kernel_has_the_personality(device: Device, personality: str) -> None:
    assert device.output("cat /sys/module/mrelease/parameters/personality") == personality


def test_an_unknown_personality_is_refused_by_the_kernel_too(monkeypatch: pytest.MonkeyPatch, image) -> None:
    monkeypatch.setattr(instance, "PERSONALITIES", (*PERSONALITIES, "no-such"))
    with running("no-such", "no-such") as device:
        assert device.output("cat /sys/module/mrelease/parameters/personality") == "stock"
        assert "no-such" in device.output("dmesg | grep mrelease: ")


@every_personality
def test_the_clock_moves_in_small_steps(device: Device) -> None:
    program = static_program(PROGRAM, "x86_64", print)
    device.transport.push(program, "/data/local/tmp/clock-probe", 0o755, Deadline(PATIENCE_S))
    lines = device.output("/data/local/tmp/clock-probe probe").splitlines()
    (facts,) = [answer["facts"] for answer in map(json.loads, lines) if "facts" in answer]
    assert 0 < facts["clock_step_ns"]["value"] < MAX_CLOCK_STEP_NS


def test_the_clock_is_the_processors(stock: Device) -> None:
    source = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    expected = {"tcg": {"tsc-early", "tsc"}, "kvm": {"kvm-clock"}}[stock.instance.accelerator]
    assert stock.output(f"cat {source}") in expected


@every_personality
def test_timers_do_not_wait_for_the_tick(device: Device) -> None:
    active = device.output("grep -c 'hres_active *: 1' /proc/timer_list")
    assert int(active) == device.instance.cpus


def test_a_new_group_counts_memory(stock: Device) -> None:
    group = "/sys/fs/cgroup/test-memory"
    controllers = stock.output(f"mkdir {group} && cat {group}/cgroup.controllers; rmdir {group}")
    assert "memory" in controllers.split()


@pytest.mark.parametrize(
    "tasks", ["/dev/cpuset/foreground/cgroup.procs", "/dev/cpuctl/cgroup.procs", "/dev/freezer/cgroup.procs"]
)
def test_processes_are_moved_where_android_moves_them(stock: Device, tasks: str) -> None:
    stock.output(f"echo $$ > {tasks} && grep -qx $$ {tasks}")


def test_swap_is_compressed_memory_of_half_the_size(stock: Device) -> None:
    memory_kb = int(stock.output("awk '/^MemTotal/ { print $2 }' /proc/meminfo"))
    swap_kb = int(stock.output("awk '/^SwapTotal/ { print $2 }' /proc/meminfo"))
    assert abs(swap_kb - memory_kb // 2) <= 8  # mkswap keeps a page
    assert "[lz4]" in stock.output("cat /sys/block/zram0/comp_algorithm")


def test_swapped_memory_comes_back_whole(stock: Device) -> None:
    """A group that may hold 4 MB writes 9 MB into a tmpfs: much of it goes to zram, and back."""
    group = "/sys/fs/cgroup/test-swap"
    script = (
        f"mkdir {group} && echo 4M > {group}/memory.max && echo $$ > {group}/cgroup.procs && "
        f"seq 1 1250000 > /tmp/numbers && md5sum < /tmp/numbers && cat {group}/memory.swap.peak; "
        f"rm -f /tmp/numbers; echo $$ > /sys/fs/cgroup/cgroup.procs; rmdir {group}"
    )
    digest, swapped_bytes = stock.output(script).splitlines()
    assert digest.split()[0] == stock.output("seq 1 1250000 | md5sum").split()[0]
    assert int(swapped_bytes) > 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/proc/pressure/memory", "full"),
        ("/sys/kernel/mm/lru_gen/enabled", "0x"),
        ("/proc/filesystems", "fuse"),
        ("/proc/self/pagemap", ""),
        ("/proc/self/smaps_rollup", "Rss"),
        ("/proc/zoneinfo", "pagesets"),
        ("/proc/self/mounts", "devpts"),
    ],
)
def test_the_kernel_offers(stock: Device, path: str, word: str) -> None:
    assert word in stock.run(f"head -c 4096 {path}").stdout.decode(errors="replace")
    assert stock.run(f"test -r {path}").exit_code == 0


def test_the_freezer_stops_and_thaws(stock: Device) -> None:
    group = "/sys/fs/cgroup/test-freezer"
    script = (
        f"mkdir {group}; sleep 1000 & echo $! > {group}/cgroup.procs; echo 1 > {group}/cgroup.freeze; "
        f"until grep -q 'frozen 1' {group}/cgroup.events; do :; done; "
        f"echo 0 > {group}/cgroup.freeze; until grep -q 'frozen 0' {group}/cgroup.events; do :; done; "
        f"kill $!; wait $! 2>/dev/null; rmdir {group} && echo thawed"
    )
    assert stock.output(script) == "thawed"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ro.product.cpu.abi", "x86_64"),
        ("ro.product.model", "pytest-lmkd virtual device"),
        ("sys.boot_completed", "1"),
        ("ro.no.such", ""),
    ],
)
def test_a_property_reads_as_on_android(stock: Device, name: str, value: str) -> None:
    assert stock.output(f"getprop {name}") == value


def test_all_properties_are_listed_as_on_android(stock: Device) -> None:
    assert "[ro.product.cpu.abi]: [x86_64]" in stock.output("getprop").splitlines()


def test_scripts_for_androids_shell_run(stock: Device) -> None:
    script = "printf '#!/system/bin/sh\\necho ran as $(id -u)\\n' > s && chmod +x s && ./s; rm s"
    assert stock.output(f"cd /data/local/tmp && {script}") == "ran as 0"
