"""Running virtual devices: start, find again, stop.

Each has a folder of mode 0700 below the user's runtime folder: QEMU's adb socket, the console's log,
and ``instance.json``, by which another process finds it and stops exactly that QEMU.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

from filelock import FileLock
from filelock import Timeout

from lmkd_core.base.cache import Cache
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.process import ProcessRecord
from lmkd_core.base.progress import Progress
from lmkd_core.base.runtime import runtime_folder
from lmkd_virtual import image
from lmkd_virtual import qemu
from lmkd_virtual.architecture import X86_64
from lmkd_virtual.architecture import Architecture
from lmkd_virtual.architecture import architecture

PERSONALITIES = ("stock", "reap-kill-v2", "reap-kill-v3", "exit-mm")
"""What the kernel's ``mrelease.personality=`` takes."""

DEFAULT_CPUS = 2
DEFAULT_MEMORY_MB = 1024
STOP_S = 10.0

KVM_TRIAL_S = 8.0
"""A boot with a KVM that works takes about a second; one that hangs is given up after this."""

READY = b"lmkd-adbd: ready"
STATE_FILE = "instance.json"


@dataclass(frozen=True, slots=True)
class Instance:
    """A virtual device that is up. ``folder`` is private to the user and may be used beside QEMU.

    ``abi``: the name of its architecture. A ``bound`` one belongs to the process that started it, and ends
    with it.
    """

    name: str
    personality: str
    abi: str
    accelerator: str
    cpus: int
    memory_mb: int
    pid: int
    bound: bool
    folder: Path

    @property
    def adb_socket(self) -> Path:
        return self.folder / "adb.sock"

    @property
    def console_log(self) -> Path:
        return self.folder / "console.log"


def up(
    personality: str,
    *,
    progress: Progress,
    deadline: Deadline,
    name: str | None = None,
    cpus: int = DEFAULT_CPUS,
    memory_mb: int = DEFAULT_MEMORY_MB,
    bound: bool = False,
    abi: str = X86_64.name,
) -> Instance:
    """Starts a device and returns once its adb daemon waits for a host.

    With ``bound`` QEMU ends with the calling process, however that ends.

    Raises:
        UsageProblem: no such personality or ABI, or a device of that name is up already.
        DeviceUnusable: QEMU or the image is missing, or QEMU died.
        DeadlineExceeded: it did not come up in time.
    """
    name = check_name(personality, name, abi)
    wanted = architecture(abi)
    qemu.check_installed(wanted)
    found = image.find(progress, architecture=wanted)
    _clear_dead()
    with _locked(name, deadline) as folder:
        if _load(folder) is not None:
            raise UsageProblem(f"the virtual device {name} is up already: take it down first, or use it")
        _clear(folder)
        planned = Instance(name, personality, abi, "", cpus, memory_mb, 0, bound, folder)
        return _start(planned, found, progress, deadline)


def down(name: str) -> bool:
    """Stops the device and everything that its folder records; False when there was nothing to stop."""
    deadline = Deadline(STOP_S)
    with _locked(name, deadline) as folder:
        was_up = _load(folder) is not None
        _clear(folder)
    return was_up


def status() -> list[Instance]:
    """The devices of this user that are up."""
    folders = sorted(path for path in runtime_folder().iterdir() if path.is_dir())
    return [instance for instance in map(_load, folders) if instance is not None]


def check_name(personality: str, name: str | None = None, abi: str = X86_64.name) -> str:
    """The instance's name, by default the personality's and an unusual ABI's. Raises: UsageProblem."""
    if personality not in PERSONALITIES:
        raise UsageProblem(
            f"unknown personality {personality!r}: the virtual device has {', '.join(PERSONALITIES)}"
        )
    usual = architecture(abi) is X86_64
    name = name if name is not None else personality if usual else f"{personality}-{abi}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
        raise UsageProblem(f"{name!r} is no name for a device: use up to 31 of a-z, 0-9 and -")
    return name


@contextmanager
def _locked(name: str, deadline: Deadline) -> Iterator[Path]:
    folder = runtime_folder() / name
    try:
        with FileLock(f"{folder}.lock", timeout=deadline.remaining_s()):
            yield folder
    except Timeout as error:
        raise DeviceUnusable(f"another process is starting or stopping the virtual device {name}") from error


def _load(folder: Path) -> Instance | None:
    """The instance that the folder records, if its QEMU still runs."""
    process = ProcessRecord.load(folder / "qemu.json")
    if process is None or not process.is_running():
        return None
    try:
        fields = json.loads((folder / STATE_FILE).read_text())
        return Instance(**{**fields, "folder": Path(fields["folder"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _clear(folder: Path) -> None:
    """Ends every process that the folder records (QEMU, a private adb server) and empties it."""
    deadline = Deadline(STOP_S)
    for path in folder.glob("*.json"):
        process = ProcessRecord.load(path)
        if process is not None:
            process.stop(deadline)
    shutil.rmtree(folder, ignore_errors=True)


def _clear_dead() -> None:
    """Ends what is left of devices whose QEMU has died with the process that it was bound to."""
    for record in runtime_folder().glob("*/qemu.json"):
        folder = record.parent
        with suppress(DeviceUnusable), _locked(folder.name, Deadline(0)):
            if _load(folder) is None:
                _clear(folder)


def _start(planned: Instance, found: image.Image, progress: Progress, deadline: Deadline) -> Instance:
    cache, made_of = Cache(), architecture(planned.abi)
    tsc_khz = qemu.host_tsc_khz(progress) if made_of is X86_64 else 0
    for accelerator in _accelerators(made_of, cache):
        planned.folder.mkdir(mode=0o700)
        instance = replace(planned, accelerator=accelerator)
        trial = accelerator == "kvm" and qemu.remembered_accelerator(made_of, cache) is None
        try:
            machine = _machine(instance, found, tsc_khz)
            started = _boot(instance, machine, Deadline(KVM_TRIAL_S) if trial else deadline)
        except (DeviceUnusable, DeadlineExceeded) as error:
            _clear(planned.folder)
            if not trial:
                raise
            progress(f"KVM does not work here ({str(error).splitlines()[0]}): using TCG, QEMU's emulation")
            qemu.remember_accelerator(made_of, cache, "tcg")
            continue
        except BaseException:
            _clear(planned.folder)
            raise
        qemu.remember_accelerator(made_of, cache, accelerator)
        return started
    raise AssertionError("TCG is always the last to be tried, and either starts or raises")


def _machine(instance: Instance, found: image.Image, tsc_khz: int) -> qemu.Machine:
    return qemu.Machine(
        found,
        architecture(instance.abi),
        instance.personality,
        instance.accelerator,
        instance.cpus,
        instance.memory_mb,
        instance.adb_socket,
        instance.console_log,
        tsc_khz,
    )


def _accelerators(made_of: Architecture, cache: Cache) -> Sequence[str]:
    remembered = qemu.remembered_accelerator(made_of, cache)
    if remembered is not None:
        return (remembered,)
    return ("kvm", "tcg") if qemu.may_have_kvm(made_of) else ("tcg",)


def _boot(instance: Instance, machine: qemu.Machine, deadline: Deadline) -> Instance:
    binding = ["setpriv", "--pdeathsig", "SIGKILL"] if instance.bound else []
    errors = instance.folder / "qemu.log"
    with errors.open("wb") as log:
        process = subprocess.Popen(
            [*binding, *machine.command()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    ProcessRecord.from_pid(process.pid).save(instance.folder / "qemu.json")
    _hasten_timers(process.pid)
    started = replace(instance, pid=process.pid)
    (instance.folder / STATE_FILE).write_text(json.dumps(asdict(started), default=str))
    assert process.stdout is not None
    with process.stdout as console:
        try:
            _await_ready(console.fileno(), instance, deadline)
        except BaseException:
            process.kill()
            process.wait()
            raise
    return started


def _hasten_timers(pid: int) -> None:
    """Gives QEMU's main thread, which raises the guest's timer interrupts, priority over its CPU threads.

    Else a guest that sleeps for 50 µs beside two busy CPUs wakes 4 ms late. The threads that it makes must
    not inherit it: a CPU thread that keeps a host CPU for its 100 ms makes everything late. Needs a
    privilege; without it the trials that suffer are flagged.
    """
    with suppress(PermissionError):
        os.sched_setscheduler(pid, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def _await_ready(console: int, instance: Instance, deadline: Deadline) -> None:
    poll = select.poll()
    poll.register(console, select.POLLIN)
    seen = b""
    while READY not in seen:
        if not poll.poll(deadline.remaining_s() * 1000):
            raise DeadlineExceeded(
                f"the virtual device {instance.name} was not up after {deadline.seconds:g} s; "
                f"its console said last:\n{_last_words(instance)}"
            )
        more = os.read(console, 4096)
        if not more:
            raise DeviceUnusable(f"QEMU died while it started {instance.name}:\n{_last_words(instance)}")
        seen = seen[-len(READY) :] + more


def _last_words(instance: Instance) -> str:
    logs = [instance.folder / "qemu.log", instance.console_log]
    text = "".join(log.read_text(errors="replace") for log in logs if log.exists())
    return "\n".join(text.strip().splitlines()[-10:]) or "(nothing)"
