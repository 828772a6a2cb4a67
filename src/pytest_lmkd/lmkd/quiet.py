"""Silences the device's own lmkd for a while, so that only ours kills, and restores it whatever happens.

Both PSI thresholds at 0 make lmkd unregister its monitors (AOSP lmkd.cpp, ``init_mp_psi``); its socket, by
which ActivityManager sets oom_score_adj, goes on working. It is never stopped: it is a critical service, of
which the end may restart the device.

What was set before is written to a journal on the device first, as a script that sets it again. It is run at
the end; by a shell on the device that is hung up on when our link goes; and at the next start, as flags
outlive a restart.
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
"""AOSP lmkd.rc: lmkd reads its properties again."""


class QuietLmkd:
    """A context manager: lmkd is silent within. ``folder`` is ours on the device.

    Raises, on entering:
        DeviceUnusable: the device does not let us; nothing is changed then.
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
        """Raises: DeviceUnusable: it could not be restored; what to type by hand."""
        with suppress(TransportLost):  # the shell on the device has been hung up on, and restores
            self._stack.close()


def restore_leftover(transport: Transport, folder: str, progress: Progress) -> None:
    """Restores what a run left silent that could not do so itself: its device restarted, or it was ended.

    Raises:
        DeviceUnusable: it could not be restored; what to type by hand.
    """
    if transport.stat(f"{folder}/{JOURNAL}", Deadline(ASK_S)) is None:
        return
    progress(f"{transport.serial}: an earlier run left lmkd silent; restoring it")
    restore(transport, folder)


def write_journal(transport: Transport, folder: str) -> None:
    """Notes on the device what is set now, as the script that sets it again."""
    lines = [_restoring(name, _flag(transport, name)) for name in SILENCED]
    script = "\n".join([*lines, REINIT])
    path = f"{folder}/{JOURNAL}"
    write = f"printf '%s\\n' {shlex.quote(script)} > {path}.tmp && sync && mv {path}.tmp {path}"
    done = transport.shell(f"mkdir -p {folder} && {write}", Deadline(ASK_S))
    if done.exit_code != 0:
        raise DeviceUnusable(f"{transport.serial}: lmkd stays as it is, as {path} cannot be written there")


def restore(transport: Transport, folder: str) -> None:
    """Runs the journal and deletes it, if it is there.

    Raises:
        DeviceUnusable: it failed; what to type by hand.
        TransportLost: the link broke.
    """
    done = transport.shell(_restore_command(folder), Deadline(ASK_S))
    if done.exit_code != 0:
        by_hand = "; ".join([*(f"device_config delete {NAMESPACE} {name}" for name in SILENCED), REINIT])
        said = done.stderr.decode(errors="replace").strip()[:200]
        raise DeviceUnusable(
            f"{transport.serial}: lmkd is silent still ({said}): type `{by_hand}` in a shell there"
        )


def _restore_command(folder: str) -> str:
    path = f"{folder}/{JOURNAL}"
    return f"[ ! -e {path} ] || {{ sh {path} && rm -f {path}; }}"


def _flag(transport: Transport, name: str) -> str:
    """The flag's value; empty: not set."""
    done = transport.shell(f"getprop {FLAG}{name}", Deadline(ASK_S))
    return done.stdout.decode(errors="replace").strip()


def _restoring(name: str, before: str) -> str:
    """The command that gives the flag its value from before, in device_config too where there is one."""
    value = shlex.quote(before)
    config = f"put {NAMESPACE} {name} {value}" if before else f"delete {NAMESPACE} {name}"
    return f"device_config {config} >/dev/null 2>&1; setprop {FLAG}{name} {value}"


def _silence(transport: Transport) -> None:
    for name in SILENCED:
        command = f"device_config put {NAMESPACE} {name} 0 >/dev/null 2>&1; setprop {FLAG}{name} 0"
        transport.shell(command, Deadline(ASK_S))
        if _flag(transport, name) != "0":
            raise DeviceUnusable(
                f"{transport.serial} does not let {FLAG}{name} be set: its own lmkd would kill as well; "
                "use a userdebug build"
            )
    transport.shell(REINIT, Deadline(ASK_S))


def _watch(transport: Transport, folder: str) -> LineStream:
    """A shell on the device that restores when our end of the link is gone: adbd hangs up on it then
    (AOSP packages/modules/adb, daemon/shell_service.cpp).
    """
    script = (
        f"sleep {WATCH_S} >/dev/null 2>&1 & asleep=$!; "
        f"trap '{_restore_command(folder)}; kill $asleep; exit' HUP TERM; echo watching; wait"
    )
    stream = transport.stream_lines(script, Deadline(WATCH_S))
    next(iter(stream))  # now the trap is set
    return stream
