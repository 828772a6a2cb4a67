"""The questions for a device's shell, about what the agent, which knows only Linux, does not report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.host_facts import HOST_FACTS
from pytest_lmkd.devices.kernel_facts import FACTS as KERNEL_FACTS
from pytest_lmkd.devices.kernel_facts import KERNEL
from pytest_lmkd.devices.questions import Number
from pytest_lmkd.devices.questions import Question
from pytest_lmkd.devices.questions import YesOrNo
from pytest_lmkd.devices.questions import ask
from pytest_lmkd.devices.questions import file
from pytest_lmkd.devices.questions import prop
from pytest_lmkd.lmkd.settings import DEFAULTS
from pytest_lmkd.lmkd.settings import PREFIX
from pytest_lmkd.lmkd.settings import read_settings

if TYPE_CHECKING:  # every start of pytest loads this module; adbutils is slow to load
    from pytest_lmkd.transport import Transport

KERNEL_OPTIONS = ("PSI", "MEMCG", "CGROUP_FREEZER", "USERFAULTFD", "LRU_GEN", "ZRAM", "PREEMPT", "HZ")

OEM_KILLERS = ("athena_killer", "o-kill", "com.miui.powerkeeper")
"""Vendors' processes that kill apps without a record like lmkd's."""

WORKLOAD = r"org\.lmkdlab\.w[0-9]+"
"""The package names of apk-workloads, all debuggable."""

MODEL = "getprop ro.product.model 2>/dev/null || cat /sys/class/dmi/id/product_name 2>/dev/null || uname -sm"
ABI = "getprop ro.product.cpu.abi 2>/dev/null || uname -m"

FREE_MEMORY_STEP = Number(
    "free_memory_step_kb",
    "[ -r /proc/zoneinfo ] && awk -v page_kb=$(($(getconf PAGESIZE 2>/dev/null || echo 4096) / 1024)) "
    "'/vm stats threshold:/ { pages += $NF; lists += 1 } /pages free/ { zones += $NF > 0 } "
    "END { print page_kb * (1 + (lists ? 2 * pages * zones / lists : 0)) }' /proc/zoneinfo",
    "/proc/zoneinfo, the possible lag of two CPUs' counters",
    "/proc/zoneinfo cannot be read",
)
"""Two CPUs free a victim, its own and the reaper's. Each counts up to ``vm stats threshold`` pages of a zone
on its own before the zone's count of free pages changes (mm/vmstat.c, ``__mod_zone_page_state``).
"""

LINUX = (
    Question("model", MODEL, "ro.product.model, else the firmware's name"),
    Question("abi", ABI, "ro.product.cpu.abi, else uname(2)"),
    Question("kernel", "uname -r", "uname(2)"),
    *KERNEL,
    Number("ram_mb", "awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo", "/proc/meminfo"),
    Number("uptime_s", "cut -d. -f1 /proc/uptime", "/proc/uptime"),
    FREE_MEMORY_STEP,
    file("swappiness", "/proc/sys/vm/swappiness", Number),
    file("min_free_kbytes", "/proc/sys/vm/min_free_kbytes", Number),
    file("watermark_scale_factor", "/proc/sys/vm/watermark_scale_factor", Number),
    file("lru_gen", "/sys/kernel/mm/lru_gen/enabled"),
    file("zram_algorithm", "/sys/block/zram0/comp_algorithm"),
    Question(
        "kernel_config",
        f"zcat /proc/config.gz | grep -E '^CONFIG_({'|'.join(KERNEL_OPTIONS)})=' | cut -c8- | sort",
        "/proc/config.gz",
    ),
    file("reap_mem_on_sigkill", "/proc/sys/vm/reap_mem_on_sigkill", Number),
)
"""``reap_mem_on_sigkill``: kernels with it (Qualcomm 4.x) reap at each SIGKILL: all arms are equal there."""

IS_ANDROID = prop("android", "ro.build.version.release")

STATE = (
    Number("battery_pct", "dumpsys battery | sed -n 's/^ *level: //p'", "dumpsys battery"),
    YesOrNo("on_power", "dumpsys battery | grep -c 'powered: true'", "dumpsys battery"),
    Number(
        "thermal_status",
        "dumpsys thermalservice | sed -n 's/^Thermal Status: //p'",
        "dumpsys thermalservice, 0: none",
    ),
    Question("screen", "dumpsys power | sed -n 's/^ *mWakefulness=//p'", "dumpsys power"),
)
"""Facts that change during a run."""

ANDROID = (
    IS_ANDROID,
    prop("sdk", "ro.build.version.sdk", Number),
    prop("build_type", "ro.build.type"),
    prop("build_fingerprint", "ro.build.fingerprint"),
    prop("security_patch", "ro.build.version.security_patch"),
    prop("low_ram", "ro.config.low_ram"),
    Question("selinux", "getenforce", "getenforce"),
    Question(
        "root_by",
        'if [ "$(id -u)" = 0 ]; then echo adb; elif [ "$(getprop ro.debuggable)" = 1 ]; then echo adb root; '
        "elif command -v su >/dev/null; then echo su, which is not used; else echo none; fi",
        "id -u, ro.debuggable, su on PATH",
    ),
    YesOrNo(
        "run_as",
        f"p=$(pm list packages -3 | grep -E '^package:{WORKLOAD}$' | head -n 1); "
        '[ -z "$p" ] || run-as "${p#package:}" id -u',
        "run-as WORKLOAD-APP id -u",
        absent="no workload app is installed to try it with (see make apks)",
    ),
    Number("lmkd_pid", "pidof lmkd", "pidof lmkd", "lmkd does not run, or is hidden from this user"),
    YesOrNo("lmkd_socket", "[ -S /dev/socket/lmkd ] && echo 1 || echo 0", "/dev/socket/lmkd"),
    Question("apps_freezer", "settings get global cached_apps_freezer", "settings, cached_apps_freezer"),
    Question(
        "oem_killers",
        f"ps -A -o NAME 2>/dev/null | grep -xE '{'|'.join(OEM_KILLERS)}'",
        "ps -A",
        absent="none of the known ones runs",
    ),
    *STATE,
    Question("clock_utc", "date -u +%Y-%m-%dT%H:%M:%SZ", "date"),
)

OBSERVED = {
    "arm:lmkd": Fact(False, "lmkd's design", "lmkd chooses its victims itself: suites/apps observes it")
}
"""lmkd is an arm only in the records of suites/apps, so no device can run it as one."""

FACTS = (
    frozenset(question.name for question in (*LINUX, *ANDROID))
    | {PREFIX + name for name in DEFAULTS}
    | KERNEL_FACTS
    | HOST_FACTS
)
"""The names that ``--lmkd-filter`` knows."""


def read_shell_facts(transport: Transport) -> Mapping[str, Fact]:
    """The facts by name; Android's facts only on Android.

    Raises:
        TransportLost: the link broke.
    """
    facts = ask(transport, (*LINUX, IS_ANDROID))
    if facts[IS_ANDROID.name].value is None:
        facts[IS_ANDROID.name] = Fact(None, IS_ANDROID.source, "this is not Android")
    else:
        facts |= ask(transport, ANDROID) | read_settings(transport)
    return {**facts, **OBSERVED}
