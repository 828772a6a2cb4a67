"""Silences the device's own lmkd during a run, so that only our policy kills, and restores it in any case.

With both PSI thresholds at 0, lmkd unregisters its monitors (AOSP lmkd.cpp, ``init_mp_psi``). Its socket,
through which ActivityManager sets oom_score_adj, keeps working. We never stop lmkd: it is a critical service,
and its end may restart the device.

Before that, the earlier settings are written to a journal on the device, a script that restores them. Three
things run it: the end of the run; a shell on the device, which gets SIGHUP when our link breaks; and the next
start of a run, since flags outlive a restart of the device.
"""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from contextlib import suppress
from types import TracebackType

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.progress import Progress
from pytest_lmkd.lmkd.settings import FLAG
from pytest_lmkd.transport import LineStream
from pytest_lmkd.transport import Transport

NAMESPACE = "lmkd_native"
SILENCED = ("psi_partial_stall_ms", "psi_complete_stall_ms")
JOURNAL = "lmkd-restore.sh"

ASK_S = 60.0
WATCH_S = 24 * 3600

REINIT = "setprop lmkd.reinit 1"
"""AOSP lmkd.rc: makes lmkd read its properties again."""


class QuietLmkd:
    """A context manager that silences lmkd. ``folder`` is our folder on the device.

    Raises, on entering:
        DeviceUnusable: the device does not allow it; nothing has changed then.
    """

    def __init__(self, transport: Transport, folder: str) -> None:
        self._transport = transport
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> QuietLmkd:
        with ExitStack() as entering:
            entering.callback(_watch(self._transport, self._folder).close)
            write_journal(self._transport, self._folder)
            entering.callback(restore, self._transport, self._folder)
            _silence(self._transport)
            self._stack = entering.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises: DeviceUnusable: lmkd could not be restored, with the commands to type."""
        with suppress(TransportLost):  # the shell on the device got SIGHUP and restores lmkd
            self._stack.close()


def restore_leftover(transport: Transport, folder: str, progress: Progress) -> None:
    """Restores lmkd after a run that could not, because the device restarted or the run was killed.

    Raises:
        DeviceUnusable: lmkd could not be restored, with the commands to type.
    """
    if transport.stat(f"{folder}/{JOURNAL}", Deadline(ASK_S)) is None:
        return
    progress(f"{transport.serial}: an earlier run left lmkd silenced; restoring it")
    restore(transport, folder)


def write_journal(transport: Transport, folder: str) -> None:
    """Writes the current settings to the device, as a script that restores them."""
    lines = [_restoring_command(name, _flag(transport, name)) for name in SILENCED]
    script = "\n".join([*lines, REINIT])
    path = f"{folder}/{JOURNAL}"
    write = f"printf '%s\\n' {shlex.quote(script)} > {path}.tmp && sync && mv {path}.tmp {path}"
    done = transport.shell(f"mkdir -p {folder} && {write}", Deadline(ASK_S))
    if done.exit_code != 0:
        raise DeviceUnusable(
            f"{transport.serial}: {path} cannot be written, so lmkd is not silenced: check its storage"
        )


def restore(transport: Transport, folder: str) -> None:
    """Runs the journal, if there is one, and deletes it.

    Raises:
        DeviceUnusable: the journal failed, with the commands to type.
        TransportLost: the link broke.
    """
    done = transport.shell(_restore_command(folder), Deadline(ASK_S))
    if done.exit_code != 0:
        by_hand = "; ".join([*(f"device_config delete {NAMESPACE} {name}" for name in SILENCED), REINIT])
        raise DeviceUnusable(
            f"{transport.serial}: lmkd is still silenced ({done.error_text}): in its shell, run `{by_hand}`"
        )


def _restore_command(folder: str) -> str:
    path = f"{folder}/{JOURNAL}"
    return f"[ ! -e {path} ] || {{ sh {path} && rm -f {path}; }}"


def _flag(transport: Transport, name: str) -> str:
    """The flag's value; empty if it is not set."""
    done = transport.shell(f"getprop {FLAG}{name}", Deadline(ASK_S))
    return done.stdout_text.strip()


def _restoring_command(name: str, earlier_value: str) -> str:
    """The command that gives the flag its earlier value, also in device_config where it exists."""
    value = shlex.quote(earlier_value)
    config = f"put {NAMESPACE} {name} {value}" if earlier_value else f"delete {NAMESPACE} {name}"
    return f"device_config {config} >/dev/null 2>&1; setprop {FLAG}{name} {value}"


def _silence(transport: Transport) -> None:
    for name in SILENCED:
        command = f"device_config put {NAMESPACE} {name} 0 >/dev/null 2>&1; setprop {FLAG}{name} 0"
        transport.shell(command, Deadline(ASK_S))
        if _flag(transport, name) != "0":
            raise DeviceUnusable(
                f"{transport.serial} does not allow setting {FLAG}{name}, so its lmkd would kill as well: "
                "use a userdebug build"
            )
    transport.shell(REINIT, Deadline(ASK_S))


def _watch(transport: Transport, folder: str) -> LineStream:
    """Starts a shell on the device that restores lmkd when our link breaks: adbd then sends it SIGHUP
    (AOSP packages/modules/adb, daemon/shell_service.cpp).
    """
    script = (
        f"sleep {WATCH_S} >/dev/null 2>&1 & asleep=$!; "
        f"trap '{_restore_command(folder)}; kill $asleep; exit' HUP TERM; echo watching; wait"
    )
    stream = transport.stream_lines(script, Deadline(WATCH_S))
    next(iter(stream))  # the trap is set now
    return stream
