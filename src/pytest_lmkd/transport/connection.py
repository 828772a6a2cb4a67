"""Wraps adbutils' connections: they keep our deadlines and raise our errors.

On its own, adbutils applies a timeout per read, not per request; ignores partial sends; starts a local adb
server when a server, even a remote one, refuses; and raises unrelated exceptions for the same event.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import adbutils
from adbutils.errors import AdbError
from adbutils.errors import AdbTimeout

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import LmkdError
from lmkd_core.base.errors import TransportLost
from pytest_lmkd.transport.endpoint import Endpoint

# adbutils raises or passes on these when a link breaks or a peer violates the protocol.
_BROKEN = (AdbError, EOFError, OSError, AssertionError, struct.error, RuntimeError, ValueError)

_REQUEST_MAX_BYTES = 0xFFFF
"""The length of a request precedes it as four hexadecimal digits."""


class _ServerUnreachableError(Exception):
    """Nothing listens at the adb server's endpoint."""


class DeadlineSocket:
    """The part of a socket that adbutils uses, with one deadline for all calls."""

    def __init__(self, inner: socket.socket, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def _allow_remaining(self) -> None:
        remaining_s = self._deadline.remaining_s()
        if remaining_s == 0:
            raise TimeoutError
        self._inner.settimeout(remaining_s)

    def recv(self, count: int) -> bytes:
        """Exactly ``count`` bytes, fewer only at the end: adbutils unpacks the result of a single call."""
        chunks: list[bytes] = []
        while count > 0:
            self._allow_remaining()
            chunk = self._inner.recv(min(count, 1 << 20))
            if not chunk:
                break
            chunks.append(chunk)
            count -= len(chunk)
        return b"".join(chunks)

    def recv_some(self, max_bytes: int) -> bytes:
        """The bytes that have arrived, at least one; b"" at the end."""
        self._allow_remaining()
        return self._inner.recv(max_bytes)

    def send(self, data: bytes) -> int:
        """Sends all of ``data``: adbutils ignores the returned count."""
        self._allow_remaining()
        self._inner.sendall(data)
        return len(data)

    def send_some(self, data: bytes | memoryview) -> int:
        """Sends as much of ``data`` as the link takes now; returns the number of bytes sent."""
        self._allow_remaining()
        return self._inner.send(data)

    def settimeout(self, timeout_s: float | None) -> None:
        """Does nothing: the deadline applies."""

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()


class Connection(adbutils.AdbConnection):  # type: ignore[misc]  # adbutils has no type information
    """One request to the adb server; never starts a server."""

    def __init__(self, endpoint: Endpoint, deadline: Deadline) -> None:
        self._endpoint = endpoint
        self._deadline = deadline
        super().__init__("", 0)

    def _safe_connect(self) -> DeadlineSocket:
        remaining_s = self._deadline.remaining_s()
        if remaining_s == 0:
            raise TimeoutError
        try:
            return DeadlineSocket(self._endpoint.connect(remaining_s), self._deadline)
        except TimeoutError:
            raise
        except OSError as error:
            raise _ServerUnreachableError(f"{self._endpoint}: {error.strerror or error}") from error

    def request(self, service: str) -> None:
        """Requests ``service`` from the server.

        Raises:
            AdbError: the server refuses; the message is its reason.
        """
        length = len(service.encode())
        if length > _REQUEST_MAX_BYTES:
            raise AdbError(f"a request of {length} bytes exceeds adb's {_REQUEST_MAX_BYTES}")
        self.send_command(service)
        self.check_okay()

    def read_to_end(self, max_bytes: int) -> bytes:
        """All bytes until the other side closes, at most ``max_bytes``."""
        return bytes(self.conn.recv(max_bytes))

    def close(self) -> None:
        # adbutils' own close() sleeps 10 ms after a shutdown, which Linux does not need.
        self.conn.close()


class Client(adbutils.AdbClient):  # type: ignore[misc]  # adbutils has no type information
    """The adb server's own services, all within ``deadline``."""

    def __init__(self, endpoint: Endpoint, deadline: Deadline) -> None:
        super().__init__("", 0)
        self._endpoint = endpoint
        self._deadline = deadline

    def make_connection(self, timeout: float | None = None) -> Connection:
        return Connection(self._endpoint, self._deadline)


@contextmanager
def mapped_errors(action: str, device: str, deadline: Deadline, *, worked_before: bool) -> Iterator[None]:
    """Maps every exception that adbutils raises within to one of our errors.

    A device that cannot be reached at first is unusable. One that has ``worked_before`` is lost, and the
    caller may repeat the trial.
    """
    try:
        yield
    except LmkdError:
        raise
    except (TimeoutError, AdbTimeout) as error:
        raise DeadlineExceeded(
            f"{action} on {device} did not finish within {deadline.seconds:g} s: "
            "check whether the device hangs, or allow more time"
        ) from error
    except AdbError as error:
        raise _refusal(action, device, str(error), worked_before=worked_before) from error
    except _ServerUnreachableError as error:
        lost = TransportLost if worked_before else DeviceUnusable
        raise lost(
            f"{action} on {device} failed because no adb server answers at {error}: "
            "start it with `adb start-server`"
        ) from error
    except _BROKEN as error:
        reason = str(error) or type(error).__name__
        raise TransportLost(
            f"the link to {device} broke while {action} ({reason}): check its cable or its emulator"
        ) from error


def _refusal(action: str, device: str, reason: str, *, worked_before: bool) -> LmkdError:
    lost = TransportLost if worked_before else DeviceUnusable
    if "unauthorized" in reason or "authorizing" in reason:
        return DeviceUnusable(f"{device} is unauthorized: unlock it and accept the USB debugging prompt")
    if "offline" in reason:
        return lost(f"adb reports {device} as offline: reconnect or restart it")
    if "not found" in reason or "no devices" in reason:
        return lost(f"{device} is not attached: run `pytest-lmkd devices` to list attached devices")
    return TransportLost(f"adb failed while {action} on {device}: {reason}")
