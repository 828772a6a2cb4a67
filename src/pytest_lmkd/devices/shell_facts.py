"""What is asked of a device's shell: what the agent, which knows Linux alone, does not find out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.questions import Number
from pytest_lmkd.devices.questions import Question
from pytest_lmkd.devices.questions import YesOrNo
from pytest_lmkd.devices.questions import ask
from pytest_lmkd.devices.questions import file
from pytest_lmkd.devices.questions import prop
from pytest_lmkd.lmkd.settings import DEFAULTS
from pytest_lmkd.lmkd.settings import PREFIX
from pytest_lmkd.lmkd.settings import read_settings

if TYPE_CHECKING:  # every start of pytest loads this module, and adbutils takes a while
    from pytest_lmkd.transport import Transport

KERNEL_OPTIONS = ("PSI", "MEMCG", "CGROUP_FREEZER", "USERFAULTFD", "LRU_GEN", "ZRAM", "PREEMPT", "HZ")

OEM_KILLERS = ("athena_killer", "o-kill", "com.miui.powerkeeper")
"""Vendors' processes that kill apps, and leave no record of lmkd's."""

WORKLOAD = r"org\.lmkdlab\.w[0-9]+"
"""What apk-workloads calls its packages, all debuggable."""

MODEL = "getprop ro.product.model 2>/dev/null || cat /sys/class/dmi/id/product_name 2>/dev/null || uname -sm"
ABI = "getprop ro.product.cpu.abi 2>/dev/null || uname -m"

FREE_MEMORY_STEP = Number(
    "free_memory_step_kb",
    "[ -r /proc/zoneinfo ] && awk -v page_kb=$(($(getconf PAGESIZE 2>/dev/null || echo 4096) / 1024)) "
    "'/vm stats threshold:/ { pages += $NF; lists += 1 } /pages free/ { zones += $NF > 0 } "
    "END { print page_kb * (1 + (lists ? 2 * pages * zones / lists : 0)) }' /proc/zoneinfo",
    "/proc/zoneinfo, by what two CPUs' counters may lag",
    "/proc/zoneinfo cannot be read",
)
"""Two CPUs free a victim, its own and the reaper's. Each keeps up to ``vm stats threshold`` pages of a zone
to itself before the zone's count of free pages changes (mm/vmstat.c, ``__mod_zone_page_state``).
"""

LINUX = (
    Question("model", MODEL, "ro.product.model, else the firmware's name"),
    Question("abi", ABI, "ro.product.cpu.abi, else uname(2)"),
    Question("kernel", "uname -r", "uname(2)"),
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
"""``reap_mem_on_sigkill``: of kernels that reap at each SIGKILL (Qualcomm 4.x): all arms are alike there."""

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
"""What changes while a device is measured."""

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
    Number("lmkd_pid", "pidof lmkd", "pidof lmkd", "lmkd does not run, or may not be seen"),
    YesOrNo("lmkd_socket", "[ -S /dev/socket/lmkd ] && echo 1 || echo 0", "/dev/socket/lmkd"),
    Question("apps_freezer", "settings get global cached_apps_freezer", "settings, cached_apps_freezer"),
    Question(
        "oem_killers",
        f"ps -A -o NAME 2>/dev/null | grep -xE '{'|'.join(OEM_KILLERS)}'",
        "ps -A",
        absent="none of those that are known",
    ),
    *STATE,
    Question("clock_utc", "date -u +%Y-%m-%dT%H:%M:%SZ", "date"),
)


OBSERVED = {"arm:lmkd": Fact(False, "what lmkd is", "nobody tells it what to kill: suites/apps observes it")}

FACTS = frozenset(question.name for question in (*LINUX, *ANDROID)) | {PREFIX + name for name in DEFAULTS}


def read_shell_facts(transport: Transport) -> Mapping[str, Fact]:
    """The facts by name; those of Android only where there is one.

    Raises:
        TransportLost: the link broke.
    """
    facts = ask(transport, (*LINUX, IS_ANDROID))
    if facts[IS_ANDROID.name].value is None:
        facts[IS_ANDROID.name] = Fact(None, IS_ANDROID.source, "this is not Android")
    else:
        facts |= ask(transport, ANDROID) | read_settings(transport)
    return {**facts, **OBSERVED}
