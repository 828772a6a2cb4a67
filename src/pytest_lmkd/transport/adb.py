"""A device reached through an adb server."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from pytest_lmkd.transport import shell
from pytest_lmkd.transport.connection import Connection
from pytest_lmkd.transport.connection import mapped_errors
from pytest_lmkd.transport.endpoint import Endpoint
from pytest_lmkd.transport.protocol import Completed
from pytest_lmkd.transport.protocol import RemoteFile
from pytest_lmkd.transport.sync import SyncRefused
from pytest_lmkd.transport.sync import SyncSession

REFUSALS = {
    "No space left": "free some of its storage",
    "Read-only": "restart the device, or find out why its storage is mounted read-only",
    "Permission denied": "use a device where adb's shell may write there, or `adb root`",
}
"""Part of the reason with which a device refuses a file, and its remedy."""

_ANSWER_MAX_BYTES = 4096

_LINE_MAX_BYTES = 16 * 1024 * 1024
"""Far longer than any line our commands print; bounds the memory spent on a line that never ends."""


class AdbTransport:
    """The device ``serial`` of the adb server at ``endpoint``; see ``protocol.Transport``."""

    def __init__(self, endpoint: Endpoint, serial: str) -> None:
        self._endpoint = endpoint
        self._serial = serial
        self._worked_before = False
        self._streams: set[AdbLineStream] = set()

    @property
    def serial(self) -> str:
        return self._serial

    def shell(self, command: str, deadline: Deadline, stdin: bytes = b"") -> Completed:
        output: dict[int, list[bytes]] = {shell.STDOUT: [], shell.STDERR: [], shell.EXIT: []}
        with self.connection(f"running `{_shortened(command)}`", deadline) as connection:
            for stream, data in shell.ShellSession(connection, command, stdin, deadline).packets():
                output.setdefault(stream, []).append(data)
        stdout, stderr, status = (b"".join(output[n]) for n in (shell.STDOUT, shell.STDERR, shell.EXIT))
        return Completed(stdout, stderr, status[0])

    def stream_lines(self, command: str, deadline: Deadline, *, keep_input: bool = False) -> AdbLineStream:
        stream = AdbLineStream(self, command, deadline, keep_input=keep_input)
        self._streams.add(stream)
        return stream

    def push(self, local: Path, remote: str, mode: int, deadline: Deadline) -> None:
        partial = f"{remote}.tmp"
        with local.open("rb") as source, self._sync_session(f"pushing {remote}", deadline) as sync:
            sent_bytes = sync.send(source, partial, mode)
            stored = sync.stat(partial)
        self._check_size(remote, sent_bytes, stored)
        renaming = self.shell(f"mv -f {shlex.quote(partial)} {shlex.quote(remote)}", deadline)
        if renaming.exit_code != 0:
            self._refuse(f"pushing {remote}", renaming.stderr.decode(errors="replace").strip())

    def pull(self, remote: str, local: Path, deadline: Deadline) -> None:
        partial = local.with_name(f"{local.name}.tmp")
        try:
            with partial.open("wb") as target, self._sync_session(f"pulling {remote}", deadline) as sync:
                sync.receive(remote, target)
            partial.replace(local)
        finally:
            partial.unlink(missing_ok=True)

    def stat(self, remote: str, deadline: Deadline) -> RemoteFile | None:
        with self._sync_session(f"reading the status of {remote}", deadline) as sync:
            return sync.stat(remote)

    def ask(self, service: str, deadline: Deadline) -> str:
        """Requests adbd's ``service``, such as ``root:``, and returns its answer, a few words of text."""
        with self.connection(f"requesting {service}", deadline) as connection:
            connection.request(service)
            answer = connection.read_to_end(_ANSWER_MAX_BYTES)
        return answer.decode(errors="replace")

    def close(self) -> None:
        for stream in list(self._streams):
            stream.close()

    def forget(self, stream: AdbLineStream) -> None:
        """Drops ``stream``, which has closed itself."""
        self._streams.discard(stream)

    @contextmanager
    def connection(self, action: str, deadline: Deadline) -> Iterator[Connection]:
        """A connection to the device. The first one checks that adbd has the features we use.

        ``action`` completes "... failed" in error messages, such as "pushing FILE".
        """
        with self.mapped_errors(action, deadline), Connection(self._endpoint, deadline) as connection:
            connection.request(f"host:tport:serial:{self._serial}")
            transport_id = int.from_bytes(connection.read_exact(8), "little")
            if not self._worked_before:
                self._check_features(transport_id, deadline)
            self._worked_before = True
            yield connection

    def mapped_errors(self, action: str, deadline: Deadline) -> AbstractContextManager[None]:
        return mapped_errors(action, self._serial, deadline, worked_before=self._worked_before)

    # By transport id: the server cannot parse a serial that is itself `localfilesystem:PATH` in
    # `host-serial:SERIAL:features`.
    def _check_features(self, transport_id: int, deadline: Deadline) -> None:
        with Connection(self._endpoint, deadline) as connection:
            connection.request(f"host-transport-id:{transport_id}:features")
            features = connection.read_string_block().split(",")
        if "shell_v2" not in features:
            raise DeviceUnusable(
                f"{self._serial} lacks adb shell protocol 2, part of Android since 7.0: use a newer device"
            )

    @contextmanager
    def _sync_session(self, action: str, deadline: Deadline) -> Iterator[SyncSession]:
        try:
            with self.connection(action, deadline) as connection:
                yield SyncSession(connection)
        except SyncRefused as refused:
            self._refuse(action, str(refused))

    def _refuse(self, action: str, reason: str) -> NoReturn:
        remedy = next((remedy for part, remedy in REFUSALS.items() if part in reason), "")
        raise DeviceUnusable(f"{self._serial} refuses {action}: {reason}{remedy and '; '}{remedy}")

    def _check_size(self, remote: str, sent_bytes: int, stored: RemoteFile | None) -> None:
        stored_bytes = None if stored is None else stored.size_bytes
        if stored_bytes != sent_bytes & 0xFFFFFFFF:
            raise TransportLost(
                f"{self._serial} stored {stored_bytes} of {sent_bytes} bytes of {remote}: "
                "check whether its storage is full"
            )


class AdbLineStream:
    """See ``protocol.LineStream``. The constructor starts the command."""

    def __init__(
        self, transport: AdbTransport, command: str, deadline: Deadline, *, keep_input: bool
    ) -> None:
        self._transport = transport
        self._shell: shell.ShellSession | None = None
        self._stdin = None if keep_input else b""
        self._stderr: list[bytes] = []
        self._exit_code: int | None = None
        self._session = self._run(command, deadline)
        next(self._session)  # returns once the command runs

    @property
    def exit_code(self) -> int:
        if self._exit_code is None:
            raise RuntimeError("the exit code is known only after all lines are read")
        return self._exit_code

    @property
    def stderr(self) -> bytes:
        return b"".join(self._stderr)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._session)

    def end_input(self) -> None:
        assert self._shell is not None  # made before the constructor returned
        self._shell.end_input()

    def close(self) -> None:
        self._session.close()
        self._transport.forget(self)

    def __enter__(self) -> AdbLineStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, command: str, deadline: Deadline) -> Generator[bytes, None, None]:
        with self._transport.connection(f"running `{_shortened(command)}`", deadline) as connection:
            self._shell = shell.ShellSession(connection, command, self._stdin, deadline)
            yield b""
            yield from self._split(self._shell)

    def _split(self, session: shell.ShellSession) -> Iterator[bytes]:
        unfinished = b""
        for stream, data in session.packets():
            if stream == shell.STDOUT:
                *lines, unfinished = (unfinished + data).split(b"\n")
                yield from lines
            elif stream == shell.STDERR:
                self._stderr.append(data)
            elif stream == shell.EXIT:
                self._exit_code = data[0]
            if len(unfinished) > _LINE_MAX_BYTES:
                raise ValueError(f"a line is longer than {_LINE_MAX_BYTES} bytes")
        if unfinished:
            yield unfinished


def _shortened(command: str) -> str:
    return command if len(command) <= 60 else f"{command[:57]}..."
