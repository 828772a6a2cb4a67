"""Adbutils held to our deadlines and our errors; it is used through here only.

adbutils by itself waits per read, not per job; sends without looking at how much was sent; starts a local
adb server when a (perhaps remote) one refuses; and raises unrelated exceptions for one and the same event.
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

# What adbutils lets through when a link breaks or a peer talks nonsense.
_BROKEN = (AdbError, EOFError, OSError, AssertionError, struct.error, RuntimeError, ValueError)

_REQUEST_MAX_BYTES = 0xFFFF
"""Its length goes ahead of it as four hexadecimal digits."""


class _ServerUnreachableError(Exception):
    """Nobody listens where the adb server should."""


class DeadlineSocket:
    """The part of a socket that adbutils uses, with one deadline over all calls."""

    def __init__(self, inner: socket.socket, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def _allow_remaining(self) -> None:
        remaining_s = self._deadline.remaining_s()
        if remaining_s == 0:
            raise TimeoutError
        self._inner.settimeout(remaining_s)

    def recv(self, count: int) -> bytes:
        """Exactly ``count`` bytes, fewer only at the end: adbutils unpacks what one call returns."""
        chunks: list[bytes] = []
        while count > 0:
            self._allow_remaining()
            chunk = self._inner.recv(min(count, 1 << 20))
            if not chunk:
                break
            chunks.append(chunk)
            count -= len(chunk)
        return b"".join(chunks)

    def recv_some(self, most: int) -> bytes:
        """What has arrived, at least a byte; b"" at the end."""
        self._allow_remaining()
        return self._inner.recv(most)

    def send(self, data: bytes) -> int:
        """All of ``data``: adbutils does not look at the count."""
        self._allow_remaining()
        self._inner.sendall(data)
        return len(data)

    def send_some(self, data: bytes | memoryview) -> int:
        """As much of ``data`` as the link takes now; returns how much."""
        self._allow_remaining()
        return self._inner.send(data)

    def settimeout(self, timeout_s: float | None) -> None:
        """Nothing: the deadline rules."""

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
        """Ask the server for ``service``; AdbError carries the server's reason when it refuses."""
        length = len(service.encode())
        if length > _REQUEST_MAX_BYTES:
            raise AdbError(f"a request of {length} bytes exceeds adb's {_REQUEST_MAX_BYTES}")
        self.send_command(service)
        self.check_okay()

    def read_to_end(self, most: int) -> bytes:
        """What comes until the other side closes, but no more than ``most`` bytes."""
        return bytes(self.conn.recv(most))

    def close(self) -> None:
        # adbutils' own sleeps 10 ms after a shutdown, for nothing on Linux.
        self.conn.close()


class Client(adbutils.AdbClient):  # type: ignore[misc]  # adbutils has no type information
    """The adb server's own services, each job within ``deadline``."""

    def __init__(self, endpoint: Endpoint, deadline: Deadline) -> None:
        super().__init__("", 0)
        self._endpoint = endpoint
        self._deadline = deadline

    def make_connection(self, timeout: float | None = None) -> Connection:
        return Connection(self._endpoint, self._deadline)


@contextmanager
def our_errors(doing: str, device: str, deadline: Deadline, *, worked_before: bool) -> Iterator[None]:
    """Turn whatever adbutils raises within into our errors.

    A device that cannot be reached at first is unusable; one that has ``worked_before`` is lost, and the
    trial may be tried again.
    """
    try:
        yield
    except LmkdError:
        raise
    except (TimeoutError, AdbTimeout) as error:
        raise DeadlineExceeded(
            f"{doing} on {device} did not finish within {deadline.seconds:g} s: "
            "look whether the device hangs, or allow more time"
        ) from error
    except AdbError as error:
        raise _refusal(doing, device, str(error), worked_before=worked_before) from error
    except _ServerUnreachableError as error:
        lost = TransportLost if worked_before else DeviceUnusable
        raise lost(
            f"{doing} on {device} failed, as no adb server answers at {error}: "
            "start it with `adb start-server`"
        ) from error
    except _BROKEN as error:
        reason = str(error) or type(error).__name__
        raise TransportLost(
            f"the link to {device} broke while {doing} ({reason}): look at its cable or its emulator"
        ) from error


def _refusal(doing: str, device: str, reason: str, *, worked_before: bool) -> LmkdError:
    lost = TransportLost if worked_before else DeviceUnusable
    if "unauthorized" in reason or "authorizing" in reason:
        return DeviceUnusable(f"{device} is unauthorized: unlock it and accept the USB debugging prompt")
    if "offline" in reason:
        return lost(f"{device} is offline for adb: reconnect or restart it")
    if "not found" in reason or "no devices" in reason:
        return lost(f"{device} is not attached: see `pytest-lmkd devices` for what is")
    return TransportLost(f"adb failed while {doing} on {device}: {reason}")
