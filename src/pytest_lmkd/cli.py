"""The console script ``pytest-lmkd``, with the commands that do not run under pytest."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import lmkd_reports.commands
import lmkd_virtual.commands
from lmkd_core.base.errors import EXIT_OK
from lmkd_core.base.errors import LmkdError
from pytest_lmkd import __version__
from pytest_lmkd.devices import commands as device_commands

EXIT_INTERRUPTED = 130


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pytest-lmkd",
        description="Measures on Android devices how fast killed apps give their memory back.",
        epilog="Exit status: 0 good, 1 a check failed, 2 wrong usage, 3 no usable device.",
    )
    parser.add_argument("--version", action="version", version=f"pytest-lmkd {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    device_commands.add_parsers(subparsers)
    lmkd_virtual.commands.add_parser(subparsers)
    lmkd_reports.commands.add_parser(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Prints our errors as one sentence on stderr and returns their exit code."""
    options = build_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except LmkdError as error:
        print(f"pytest-lmkd: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader, for example head, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    return code


if __name__ == "__main__":
    sys.exit(main())
