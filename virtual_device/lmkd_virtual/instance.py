"""Starts, lists and stops virtual devices.

Each has a folder of mode 0700 below the user's runtime folder, with QEMU's adb socket, the console log,
``qemu.json`` and ``instance.json``. With them another process finds the device and stops exactly that QEMU.
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
from dataclasses import fields as dataclass_fields
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
from lmkd_virtual.identity import Identity
from lmkd_virtual.identity import identify

PERSONALITIES = ("stock", "reap-kill-v2", "reap-kill-v3", "exit-mm")
"""Values of the kernel parameter ``mrelease.personality``."""

DEFAULT_CPUS = 2
DEFAULT_MEMORY_MB = 1024
STOP_S = 10.0

KVM_TRIAL_S = 8.0
"""Limit of the first boot with KVM: it takes about a second if KVM works, and may hang if not."""

READY = b"lmkd-adbd: ready"
STATE_FILE = "instance.json"

IDENTITY_FILE = "identity.json"
"""A file of its own: earlier versions refuse a state file with fields that they do not know."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A running virtual device. ``folder`` is private to the user; other programs may use it too.

    ``abi``: the name of its architecture. ``bound``: it ends with the process that started it.
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

    @property
    def identity(self) -> Identity:
        """What it runs; all empty if an earlier version of this program started it."""
        return Identity.load(self.folder / IDENTITY_FILE)


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
    """Starts a device; returns once its adb daemon is ready for a host.

    With ``bound``, QEMU ends with the calling process, however that ends.

    Raises:
        UsageProblem: no such personality or ABI, or a device of that name is already up.
        DeviceUnusable: QEMU or the image is missing, or QEMU died.
        DeadlineExceeded: the device did not come up in time.
    """
    name = check_name(personality, name, abi)
    requested = architecture(abi)
    qemu.check_installed(requested)
    boot_image = image.find(progress, architecture=requested)
    clear_dead()
    with _locked(name, deadline) as folder:
        if _load(folder) is not None:
            raise UsageProblem(f"the virtual device {name} is up already: take it down first, or use it")
        _clear(folder)
        planned = Instance(name, personality, abi, "", cpus, memory_mb, 0, bound, folder)
        return _start(planned, boot_image, progress, deadline)


def down(name: str) -> bool:
    """Stops the device and all processes that its folder records; returns whether it was up."""
    deadline = Deadline(STOP_S)
    with _locked(name, deadline) as folder:
        was_up = _load(folder) is not None
        _clear(folder)
    return was_up


def status() -> list[Instance]:
    """Returns this user's running devices."""
    folders = sorted(path for path in runtime_folder().iterdir() if path.is_dir())
    return [instance for instance in map(_load, folders) if instance is not None]


def check_name(personality: str, name: str | None = None, abi: str = X86_64.name) -> str:
    """Returns the device's name, by default its personality, followed by its ABI if that is not x86_64.

    Raises:
        UsageProblem: the personality or the ABI does not exist, or the name is not allowed.
    """
    if personality not in PERSONALITIES:
        raise UsageProblem(
            f"unknown personality {personality!r}: the virtual device has {', '.join(PERSONALITIES)}"
        )
    is_default_abi = architecture(abi) is X86_64
    name = name if name is not None else personality if is_default_abi else f"{personality}-{abi}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
        raise UsageProblem(f"{name!r} is not a valid device name: use up to 31 of a-z, 0-9 and -")
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
    """Returns the instance that the folder records; None if its QEMU is not running."""
    process = ProcessRecord.load(folder / "qemu.json")
    if process is None or not process.is_running():
        return None
    try:
        fields = json.loads((folder / STATE_FILE).read_text())
        known = {field.name: fields[field.name] for field in dataclass_fields(Instance)}
        return Instance(**{**known, "folder": Path(known["folder"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _clear(folder: Path) -> None:
    """Stops every process that the folder records (QEMU, a private adb server) and deletes the folder."""
    deadline = Deadline(STOP_S)
    for path in folder.glob("*.json"):
        process = ProcessRecord.load(path)
        if process is not None:
            process.stop(deadline)
    shutil.rmtree(folder, ignore_errors=True)


def clear_dead() -> None:
    """Clears the folders of bound devices whose QEMU died with the process that started it."""
    for record in runtime_folder().glob("*/qemu.json"):
        folder = record.parent
        with suppress(DeviceUnusable), _locked(folder.name, Deadline(0)):
            process = ProcessRecord.load(record)
            if process is None or not process.is_running():
                _clear(folder)


def _start(planned: Instance, boot_image: image.Image, progress: Progress, deadline: Deadline) -> Instance:
    cache, target = Cache(), architecture(planned.abi)
    identity = identify(boot_image, target)
    tsc_khz = qemu.host_tsc_khz(progress) if target is X86_64 else 0
    for accelerator in _accelerators(target, cache):
        planned.folder.mkdir(mode=0o700)
        identity.save(planned.folder / IDENTITY_FILE)
        instance = replace(planned, accelerator=accelerator)
        is_kvm_trial = accelerator == "kvm" and qemu.remembered_accelerator(target, cache) is None
        try:
            machine = _machine(instance, boot_image, tsc_khz)
            started = _boot(instance, machine, Deadline(KVM_TRIAL_S) if is_kvm_trial else deadline)
        except (DeviceUnusable, DeadlineExceeded):
            _clear(planned.folder)
            if not is_kvm_trial:
                raise
            progress("KVM does not work here: emulated, several times slower")
            qemu.remember_accelerator(target, cache, "tcg")
            continue
        except BaseException:
            _clear(planned.folder)
            raise
        qemu.remember_accelerator(target, cache, accelerator)
        return started
    raise AssertionError("TCG is always tried last, and either starts or raises")


def _machine(instance: Instance, boot_image: image.Image, tsc_khz: int) -> qemu.Machine:
    return qemu.Machine(
        boot_image,
        architecture(instance.abi),
        instance.personality,
        instance.accelerator,
        instance.cpus,
        instance.memory_mb,
        instance.adb_socket,
        instance.console_log,
        tsc_khz,
    )


def _accelerators(target: Architecture, cache: Cache) -> Sequence[str]:
    """Returns the accelerators to try, in order."""
    remembered = qemu.remembered_accelerator(target, cache)
    if remembered is not None:
        return (remembered,)
    return ("kvm", "tcg") if qemu.may_have_kvm(target) else ("tcg",)


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
    _prioritise_timers(process.pid)
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


def _prioritise_timers(pid: int) -> None:
    """Gives QEMU's main thread, which raises the guest's timer interrupts, priority over its CPU threads.

    Otherwise, a guest that sleeps for 50 µs beside two busy CPUs wakes up 4 ms late. QEMU's other threads
    must not inherit the priority: a CPU thread that keeps a host CPU for 100 ms would delay everything.
    Needs a privilege; without it, the affected trials are flagged.
    """
    with suppress(PermissionError):
        os.sched_setscheduler(pid, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def _await_ready(console: int, instance: Instance, deadline: Deadline) -> None:
    poll = select.poll()
    poll.register(console, select.POLLIN)
    recent = b""
    while READY not in recent:
        if not poll.poll(deadline.remaining_s() * 1000):
            raise DeadlineExceeded(
                f"the virtual device {instance.name} was not up after {deadline.seconds:g} s; "
                f"last lines of its console:\n{_last_log_lines(instance)}"
            )
        more = os.read(console, 4096)
        if not more:
            raise DeviceUnusable(f"QEMU died while it started {instance.name}:\n{_last_log_lines(instance)}")
        recent = recent[-len(READY) :] + more


def _last_log_lines(instance: Instance) -> str:
    logs = [instance.folder / "qemu.log", instance.console_log]
    text = "".join(log.read_text(errors="replace") for log in logs if log.exists())
    return "\n".join(text.strip().splitlines()[-10:]) or "(nothing)"
