"""The error classes of this project, one per remedy.

LmkdError
├── UsageProblem        fix the command                       exit code 2
├── DeviceUnusable      skip this device, or attach another   exit code 3
│   └── CacheDamaged    build the named cache entry again     exit code 3
├── TransportLost       retry the trial
│   └── DeadlineExceeded
├── TrialInvalid        exclude the trial, keep its record
└── AgentBug            report it to us

Exceptions of third-party libraries are converted to these classes in one module each (adbutils in
``transport.connection``, msgspec in ``wire``) and do not escape it. A message names the failure, the
device and the remedy, in one sentence.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_CHECK_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_DEVICE = 3


class LmkdError(Exception):
    """Base class of all errors of this project; a command that raises one exits with ``exit_code``."""

    exit_code = EXIT_CHECK_FAILED


class UsageProblem(LmkdError):
    """The command asks for something that does not exist, or its options conflict."""

    exit_code = EXIT_USAGE


class DeviceUnusable(LmkdError):
    """The device, or the host software needed to reach it, cannot do what was asked."""

    exit_code = EXIT_NO_DEVICE


class CacheDamaged(DeviceUnusable):
    """A cached build does not match its recorded checksums."""


class TransportLost(LmkdError):
    """The link to the device broke; the trial may be repeated."""


class DeadlineExceeded(TransportLost):
    """The operation did not finish within the time that the caller allowed."""


class TrialInvalid(LmkdError):
    """The trial ran, but its measurement must not be counted."""


class AgentBug(LmkdError):
    """The agent violated its own protocol: a bug in this project, to be reported."""


def error_text(error: Exception) -> str:
    """Returns the error's message; for an OSError only its cause, without a path of this machine."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
