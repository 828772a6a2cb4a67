"""A stand-in for Cuttlefish's launchers: cvd, and launch_cvd with restart_cvd and stop_cvd.

It starts a virtual device of this project, and a relay from 127.0.0.1:PORT to the Unix socket of its adb
daemon in place of Cuttlefish's socket_vsock_proxy. Usage: ``stand_in_launcher.py NAME WORD...``. Environment:
``STAND_IN_FOLDER`` (keeps its state), ``STAND_IN_PORT`` (adb port of instance 1) and ``STAND_IN_DOES``
("", "fails", "hangs", "restart-fails", "stop-fails"). Output and exit codes follow google/android-cuttlefish:
host/commands/cvd, start, stop and run_cvd.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from pathlib import Path

FLAGS = {
    "--base_instance_num",
    "--num_instances",
    "--report_anonymous_usage_stats",
    "--kernel_path",
    "--initramfs_path",
    "--memory_mb",
    "--cpus",
    "--guest_enforce_security",
    "--product_path",
    "--host_path",
    "--daemon",
}
"""The real launchers' flags that this project uses; any other flag is an error, as it is there."""

PATIENCE_S = 120.0
FAILED = 255  # cvd's main() returns -1


def log_line(source: str, text: str) -> None:
    print(f"{source}  I 11-23 17:00:00  4711  4711 {text}", file=sys.stderr, flush=True)


def folder() -> Path:
    return Path(os.environ["STAND_IN_FOLDER"])


def behaves(behaviour: str) -> bool:
    return os.environ.get("STAND_IN_DOES") == behaviour


def note_command(words: list[str]) -> None:
    with (folder() / "commands.jsonl").open("a") as log:
        print(json.dumps(words), file=log)


def cvd(words: list[str]) -> int:
    """Runs ``do_cvd``; after an error, adds the text and the exit code of the real cvd."""
    if do_cvd(words) == 0:
        return 0
    print("\n    If the error above is unclear, please copy the text and `cvd version`", file=sys.stderr)
    print("        \033[01;31mhttp://go/cuttlefish-bug\033[0m\n", file=sys.stderr)
    return FAILED


def do_cvd(words: list[str]) -> int:
    group = words.pop(0).removeprefix("--group_name=") if words[0].startswith("--group_name=") else "cvd_1"
    verb, *rest = words
    remembered = folder() / f"group-{group}"
    if verb == "create":
        remembered.write_text(parse_flags(rest)["--base_instance_num"])
        code = start(parse_flags(rest))
        print(json.dumps({"group_name": group, "instances": [{"instance_name": "1", "status": "Running"}]}))
        return code
    if verb == "restart":
        return restart(int(remembered.read_text()))
    if verb == "stop":
        return stop(int(remembered.read_text()))
    assert verb == "remove"
    remembered.unlink()
    return 0


def launch_cvd(words: list[str]) -> int:
    flags = parse_flags(words)
    assert "--daemon" in flags, "the real one stays in the foreground"
    home = Path(os.environ["HOME"])
    (home / ".cuttlefish_config.json").write_text(flags["--base_instance_num"])
    return start(flags)


def restart_cvd(words: list[str]) -> int:
    assert not words
    return restart(int((Path(os.environ["HOME"]) / ".cuttlefish_config.json").read_text()))


def stop_cvd(words: list[str]) -> int:
    assert not words
    return stop(int((Path(os.environ["HOME"]) / ".cuttlefish_config.json").read_text()))


def parse_flags(words: list[str]) -> dict[str, str]:
    flags = {name: value for name, _, value in (word.partition("=") for word in words)}
    unknown = flags.keys() - FLAGS
    if unknown:
        sys.exit(f"ERROR: unknown command line flag '{unknown.pop().lstrip('-')}'")
    return flags


def start(flags: dict[str, str]) -> int:
    number = int(flags["--base_instance_num"])
    if behaves("fails"):
        for line in range(20):
            log_line("assemble_cvd(4711)", f"assemble_cvd.cc:{line}] step {line}")
        print("\x1b[31mE assemble_cvd.cc:99] Unable to read boot.img\x1b[0m", file=sys.stderr)
        return 1
    log_line("kernel_log_monitor(4711)", "kernel_log_server.cc:153] VIRTUAL_DEVICE_BOOT_STARTED")
    if behaves("hangs"):
        log_line("run_cvd(4711)", f"boot_state_machine.cc:1] process {os.getpid()} hangs")
        while True:
            signal.pause()
    boot(number)
    log_line("run_cvd(4711)", "boot_state_machine.cc:190] Virtual device booted successfully")
    return 0


def restart(number: int) -> int:
    """Returns once the device has booted again, as the real one does."""
    log_line("restart_cvd(4711)", "restart_cvd.cc:53] Requesting restart")
    if behaves("restart-fails"):
        print("E restart_cvd.cc:60] Received `kError` response from launcher monitor", file=sys.stderr)
        return 1
    code = stop(number)
    if code == 0:
        boot(number)
        log_line("restart_cvd(4711)", "restart_cvd.cc:70] Restart successful")
    return code


def boot(number: int) -> None:
    import lmkd_virtual  # noqa: PLC0415 - takes a second, which failing and hanging need not wait for
    from lmkd_core.base.deadline import Deadline  # noqa: PLC0415

    instance = lmkd_virtual.up(
        "reap-kill-v3",
        name=f"stand-in-{number}",
        progress=lambda text: log_line("crosvm", text),
        deadline=Deadline(PATIENCE_S),
        memory_mb=512,
    )
    start_relay(number, instance.adb_socket)


def start_relay(number: int, adb_socket: Path) -> None:
    from lmkd_core.base.process import ProcessRecord  # noqa: PLC0415

    port = int(os.environ["STAND_IN_PORT"]) + number - 1
    proxy = subprocess.Popen(
        [sys.executable, __file__, "relay", str(port), str(adb_socket)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    ProcessRecord.from_pid(proxy.pid).save(folder() / f"relay-{number}.json")
    assert proxy.stdout is not None
    assert proxy.stdout.readline() == b"listening\n"


def stop(number: int) -> int:
    import lmkd_virtual  # noqa: PLC0415
    from lmkd_core.base.deadline import Deadline  # noqa: PLC0415
    from lmkd_core.base.process import ProcessRecord  # noqa: PLC0415

    relay_process = ProcessRecord.load(folder() / f"relay-{number}.json")
    if relay_process is None or not relay_process.is_running():
        print("Selected group is not running", file=sys.stderr)
        return 1
    if behaves("stop-fails"):
        print("Clean stop failed: no answer from the launcher monitor", file=sys.stderr)
        return 1
    relay_process.stop(Deadline(PATIENCE_S))
    assert lmkd_virtual.down(f"stand-in-{number}")
    return 0


def restart_relay(words: list[str]) -> int:
    """Behaves like an adb daemon that restarts: its port refuses for a while, then answers again."""
    import lmkd_virtual  # noqa: PLC0415
    from lmkd_core.base.deadline import Deadline  # noqa: PLC0415
    from lmkd_core.base.process import ProcessRecord  # noqa: PLC0415

    number = int(words[0])
    old = ProcessRecord.load(folder() / f"relay-{number}.json")
    assert old is not None
    old.stop(Deadline(PATIENCE_S))
    (instance,) = (instance for instance in lmkd_virtual.status() if instance.name == f"stand-in-{number}")
    start_relay(number, instance.adb_socket)
    return 0


def relay(words: list[str]) -> int:
    """Serves one host at a time, as the daemon does; connects to it once the host has sent something."""
    port, path = words
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        print("listening", flush=True)
        while True:
            host, _ = listener.accept()
            with host:
                first = host.recv(65536)
                if first:
                    pass_on(host, first, path)


def pass_on(host: socket.socket, first: bytes, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as device, selectors.DefaultSelector() as ready:
        device.connect(path)
        device.sendall(first)
        ready.register(host, selectors.EVENT_READ, device)
        ready.register(device, selectors.EVENT_READ, host)
        while True:
            for key, _ in ready.select():
                try:
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]  # a socket
                    key.data.sendall(data)
                except OSError:
                    return
                if not data:
                    return


PROGRAMS = {
    "cvd": cvd,
    "launch_cvd": launch_cvd,
    "restart_cvd": restart_cvd,
    "stop_cvd": stop_cvd,
    "relay": relay,
    "restart_relay": restart_relay,
}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    if name in {"cvd", "launch_cvd", "restart_cvd", "stop_cvd"}:
        note_command([name, *arguments])
    sys.exit(PROGRAMS[name](arguments))
