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
from pytest_lmkd.transport.connection import our_errors
from pytest_lmkd.transport.endpoint import Endpoint
from pytest_lmkd.transport.protocol import Completed
from pytest_lmkd.transport.protocol import RemoteFile
from pytest_lmkd.transport.sync import SyncRefused
from pytest_lmkd.transport.sync import SyncSession

REFUSALS = {
    "No space left": "free some of its storage",
    "Read-only": "restart the device, or look why it mounts its storage so",
    "Permission denied": "use a device where adb's shell may write there, or `adb root`",
}
"""What a device says when it does not take a file, and what to do about it."""

_ANSWER_MAX_BYTES = 4096

_LINE_MAX_BYTES = 16 * 1024 * 1024
"""No command of ours prints such a line: memory is not given to one that never ends."""


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
        with self.job(f"running `{_shortened(command)}`", deadline) as connection:
            for stream, data in shell.ShellSession(connection, command, stdin, deadline).packets():
                output.setdefault(stream, []).append(data)
        stdout, stderr, status = (b"".join(output[s]) for s in (shell.STDOUT, shell.STDERR, shell.EXIT))
        return Completed(stdout, stderr, status[0])

    def stream_lines(self, command: str, deadline: Deadline, *, keep_input: bool = False) -> AdbLineStream:
        stream = AdbLineStream(self, command, deadline, keep_input=keep_input)
        self._streams.add(stream)
        return stream

    def push(self, local: Path, remote: str, mode: int, deadline: Deadline) -> None:
        partial = f"{remote}.tmp"
        with local.open("rb") as source, self._file_job(f"pushing {remote}", deadline) as sync:
            sent_bytes = sync.send(source, partial, mode)
            stored = sync.stat(partial)
        self._check_size(remote, sent_bytes, stored)
        moved = self.shell(f"mv -f {shlex.quote(partial)} {shlex.quote(remote)}", deadline)
        if moved.exit_code != 0:
            self._refuse(f"pushing {remote}", moved.stderr.decode(errors="replace").strip())

    def pull(self, remote: str, local: Path, deadline: Deadline) -> None:
        partial = local.with_name(f"{local.name}.tmp")
        try:
            with partial.open("wb") as target, self._file_job(f"pulling {remote}", deadline) as sync:
                sync.receive(remote, target)
            partial.replace(local)
        finally:
            partial.unlink(missing_ok=True)

    def stat(self, remote: str, deadline: Deadline) -> RemoteFile | None:
        with self._file_job(f"looking at {remote}", deadline) as sync:
            return sync.stat(remote)

    def ask(self, service: str, deadline: Deadline) -> str:
        """What adbd's ``service`` (``root:``) answers until its end: some words of text."""
        with self.job(f"asking for {service}", deadline) as connection:
            connection.request(service)
            answer = connection.read_to_end(_ANSWER_MAX_BYTES)
        return answer.decode(errors="replace")

    def close(self) -> None:
        for stream in list(self._streams):
            stream.close()

    def forget(self, stream: AdbLineStream) -> None:
        """``stream`` has closed itself."""
        self._streams.discard(stream)

    @contextmanager
    def job(self, doing: str, deadline: Deadline) -> Iterator[Connection]:
        """A connection that leads to the device, checked to be able to do what we need."""
        with self.our_errors(doing, deadline), Connection(self._endpoint, deadline) as connection:
            connection.request(f"host:tport:serial:{self._serial}")
            transport_id = int.from_bytes(connection.read_exact(8), "little")
            if not self._worked_before:
                self._check_features(transport_id, deadline)
            self._worked_before = True
            yield connection

    def our_errors(self, doing: str, deadline: Deadline) -> AbstractContextManager[None]:
        return our_errors(doing, self._serial, deadline, worked_before=self._worked_before)

    # By transport id: the server cannot parse a serial that is itself `localfilesystem:PATH` in
    # `host-serial:SERIAL:features`.
    def _check_features(self, transport_id: int, deadline: Deadline) -> None:
        with Connection(self._endpoint, deadline) as connection:
            connection.request(f"host-transport-id:{transport_id}:features")
            features = connection.read_string_block().split(",")
        if "shell_v2" not in features:
            raise DeviceUnusable(
                f"{self._serial} has no adb shell protocol 2, which Android has since 7.0: use a newer device"
            )

    @contextmanager
    def _file_job(self, doing: str, deadline: Deadline) -> Iterator[SyncSession]:
        try:
            with self.job(doing, deadline) as connection:
                yield SyncSession(connection)
        except SyncRefused as refused:
            self._refuse(doing, str(refused))

    def _refuse(self, doing: str, reason: str) -> NoReturn:
        advice = next((say for words, say in REFUSALS.items() if words in reason), "")
        raise DeviceUnusable(f"{self._serial} refuses {doing}: {reason}{advice and '; '}{advice}")

    def _check_size(self, remote: str, sent_bytes: int, stored: RemoteFile | None) -> None:
        stored_bytes = None if stored is None else stored.size_bytes
        if stored_bytes != sent_bytes & 0xFFFFFFFF:
            raise TransportLost(
                f"{self._serial} stored {stored_bytes} of {sent_bytes} bytes of {remote}: "
                "look whether its storage is full"
            )


class AdbLineStream:
    """See ``protocol.LineStream``; the command runs as soon as this exists."""

    def __init__(
        self, transport: AdbTransport, command: str, deadline: Deadline, *, keep_input: bool
    ) -> None:
        self._transport = transport
        self._shell: shell.ShellSession | None = None
        self._stdin = None if keep_input else b""
        self._stderr: list[bytes] = []
        self._exit_code: int | None = None
        self._session = self._run(command, deadline)
        next(self._session)  # up to where the command runs

    @property
    def exit_code(self) -> int:
        if self._exit_code is None:
            raise RuntimeError("the exit code is known once all lines are read")
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
        with self._transport.job(f"running `{_shortened(command)}`", deadline) as connection:
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
                raise ValueError(f"a line has more than {_LINE_MAX_BYTES} bytes")
        if unfinished:
            yield unfinished


def _shortened(command: str) -> str:
    return command if len(command) <= 60 else f"{command[:57]}..."
