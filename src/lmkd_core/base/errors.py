"""The one error tree, split by what the caller can do about it.

LmkdError
├── UsageProblem        fix the command                       exit code 2
├── DeviceUnusable      skip this device, or attach another   exit code 3
│   └── CacheDamaged    build the named cache entry again     exit code 3
├── TransportLost       retry the trial
│   └── DeadlineExceeded
├── TrialInvalid        exclude the trial, keep its record
└── AgentBug            report it to us

Lower libraries' exceptions are mapped onto this tree at one border each (adbutils in
``transport.connection``, msgspec in ``wire``); nothing else lets them through. A message names what
failed, on which device, and what to do, in one sentence.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_CHECK_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_DEVICE = 3


class LmkdError(Exception):
    """Base of every error of ours; ``exit_code`` is what a command ends with."""

    exit_code = EXIT_CHECK_FAILED


class UsageProblem(LmkdError):
    """The command asks for something that does not exist or does not fit together."""

    exit_code = EXIT_USAGE


class DeviceUnusable(LmkdError):
    """This device, or the host's means to reach it, cannot run what was asked."""

    exit_code = EXIT_NO_DEVICE


class CacheDamaged(DeviceUnusable):
    """A cached build does not match its recorded checksums."""


class TransportLost(LmkdError):
    """The link to the device broke; the same trial may be tried again."""


class DeadlineExceeded(TransportLost):
    """The device did not answer within the time that the caller allowed."""


class TrialInvalid(LmkdError):
    """The trial ran, but what it measured may not be counted."""


class AgentBug(LmkdError):
    """The agent broke its own protocol: an error of ours, to be reported."""


def error_text(error: Exception) -> str:
    """What went wrong, without this machine's path."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
