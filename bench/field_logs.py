"""Speed and peak memory of ``pytest-lmkd ingest`` on a large log that looks like a phone's.

    .venv/bin/python bench/field_logs.py [--megabytes 200] [--kills-per-million-lines 500] [--file FILE]

Writes a seeded log of threadtime lines: apps and services, an events buffer with ActivityManager's events,
and kills by lmkd, each in the main and the events buffer with its death. Then reads it by the command in a
process of its own, and prints the speed and the peak memory: once as it is, once without any kill.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SEED = 20261129
FEWEST_KILLS = 10_000
"""For fewer, the memory for them is lost in that of the program."""

MB = 1024**2
KB_PER_MB = 1024
WORDS = (
    *("will", "start", "the", "still", "pending", "job", "for", "device", "state", "changed", "to", "idle"),
    *("filled", "cache", "with", "million", "entries", "request", "parameter", "stream", "frame", "buffer"),
    *("callback", "onResume", "surface", "destroyed", "null", "reference", "in", "method", "transaction"),
    *("com.example.app", "service", "connection", "lost", "while", "waiting", "on", "binder", "skipped"),
)
TAGS = (
    *("chatty", "SurfaceFlinger", "WifiHAL", "BluetoothAdapter", "GnssLocationProvider", "AudioFlinger"),
    *("OpenGLRenderer", "InputDispatcher", "WindowManager", "ActivityTaskManager", "NotificationService"),
    *("PowerManagerService", "SensorService", "ConnectivityService", "JobScheduler", "PackageManager"),
    *(
        "art",
        "Choreographer",
        "MediaCodec",
        "StrictMode",
        "libc",
        "vendor.sensor-hal@2.0",
        "thermal_repeater",
    ),
)
EVENTS = (
    "wm_on_paused_called: [0,com.example.Main,performPause]",
    "sysui_multi_action: [757,803,799,overview_trigger_nav_btn,802,1]",
    "am_pss  : [{pid},10123,com.example.app{pid},41223168,35958784,0,99610624,0,3,8]",
    "am_proc_start: [0,{pid},10123,com.example.app{pid},service,com.example.app/.Sync]",
    "am_freeze: [{pid},com.example.app{pid}]",
    "notification_cancel: [10123,{pid},com.example,1,NULL,-1,64,0,8,NULL]",
    "dvm_lock_sample: [system_server,1,Binder:1500_5,12,ActivityManagerService.java,1100,-,2200,0]",
)
KILL = (
    "I lowmemorykiller: Kill 'com.example.app{pid}' ({pid}), uid 10123, oom_score_adj {adj} to free "
    "{rss}kB rss, {swap}kB swap; reason: low watermark is breached and swap is low (35360kB < 37744kB)",
    "I killinfo: [{pid},10123,{adj},201,{rss},3,93812,638636,34000,1436,53000,4288,2664712,478784,584484,"
    "540460,211764,374244,84116,332916,88448,119632,0,0,840,1016,104,11,0,{swap},254540,5,10,2.73,1.01,3.01,0.65,11.11]",
    "I Zygote  : Process {pid} exited due to signal 9 (Killed)",
    "I ActivityManager: Process com.example.app{pid} (pid {pid}) has died: cch+35 CEM",
    "I am_proc_died: [0,{pid},com.example.app{pid},{adj},19]",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--kills-per-million-lines", type=int, default=500)
    parser.add_argument("--file", type=Path, default=None, help="read this log instead")
    options = parser.parse_args()
    if options.file:
        measure("ingest FILE", options.file)
        return
    peaks_kb: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, rate in (("with kills", options.kills_per_million_lines), ("without kills", 0)):
            path = Path(folder) / "log.txt"
            kills = write_log(path, options.megabytes * MB, rate / 1e6)
            print(f"{name}: {path.stat().st_size / MB:.0f} MB, {kills:,} kills", flush=True)
            peaks_kb[kills] = measure("ingest", path)
    kills = max(peaks_kb)
    if kills >= FEWEST_KILLS:
        print(f"{(peaks_kb[kills] - peaks_kb[0]) / kills:.2f} KB a kill, of {len(KILL)} records each")


def write_log(path: Path, length_bytes: int, kill_rate: float) -> int:
    """Writes a log of at least that length; returns the number of its kills."""
    chance, written, kills = random.Random(SEED), 0, 0  # noqa: S311 - no secret
    with path.open("w", encoding="ascii") as file:
        for number, at in enumerate(_moments()):
            is_kill = chance.random() < kill_rate
            kills += is_kill
            texts = _kill(chance, number) if is_kill else [_line(chance)]
            written += sum(file.write(f"{at} {text}\n") for text in texts)
            if written >= length_bytes:
                return kills
    raise AssertionError("unreachable")


def _moments() -> Iterator[str]:
    """Yields date, time, process and thread of one line after the other, 7 ms apart."""
    ms = 0
    while True:
        seconds = ms // 1000
        day, clock = seconds // 86_400 % 28 + 1, seconds % 86_400
        stamp = f"{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}.{ms % 1000:03}"
        yield f"09-{day:02} {stamp}  1500  {1500 + ms % 900:>4}"
        ms += 7


def _line(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.1:
        return "I " + chance.choice(EVENTS).format(pid=chance.randrange(1000, 32768))
    text = " ".join(chance.choices(WORDS, k=chance.randrange(3, 18)))
    if kind < 0.12:
        return f"I ActivityManager: {text}"
    return f"{chance.choice('VDIWE')} {chance.choice(TAGS):<8}: {text} {chance.randrange(1 << 32):x}"


def _kill(chance: random.Random, number: int) -> list[str]:
    values = {"pid": 1000 + number % 31_000, "adj": chance.choice((0, 100, 200, 700, 905, 955))}
    sizes = {"rss": chance.randrange(20_000, 400_000), "swap": chance.randrange(0, 200_000)}
    return [line.format(**values, **sizes) for line in KILL]


def measure(name: str, path: Path) -> int:
    """Prints the speed and peak memory of ``pytest-lmkd ingest`` on the file; returns the peak in kB."""
    began = time.perf_counter()
    command = (sys.executable, "-m", "pytest_lmkd.cli", "ingest", str(path))
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    on_cpu = usage.ru_utime + usage.ru_stime
    seconds, megabytes = time.perf_counter() - began, path.stat().st_size / MB
    deaths = next((line for line in output.splitlines() if "death" in line), "no death")
    print(
        f"  {name}: {megabytes / on_cpu:.1f} MB per second of CPU ({on_cpu:.1f} s; {seconds:.1f} s passed), "
        f"peak {usage.ru_maxrss / KB_PER_MB:.0f} MB, exit {os.waitstatus_to_exitcode(status)}: {deaths}"
    )
    return usage.ru_maxrss


if __name__ == "__main__":
    main()
