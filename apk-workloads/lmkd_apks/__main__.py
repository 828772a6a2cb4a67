"""The command ``python -m lmkd_apks build --count N --out DIR``: builds the apps and prints their paths."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lmkd_apks.build import build_apks
from lmkd_apks.package import PASSWORD_VARIABLE
from lmkd_apks.package import own_key
from lmkd_core.base.errors import EXIT_OK
from lmkd_core.base.errors import LmkdError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lmkd_apks", description=__doc__)
    build = parser.add_subparsers(required=True).add_parser("build", help="build the workload apps")
    build.add_argument("--count", type=int, default=12, help="number of apps, 1 to 99 (default 12)")
    build.add_argument(
        "--out", type=Path, default=Path("results/apks"), help="output folder (default results/apks)"
    )
    build.add_argument(
        "--keystore", type=Path, help=f"keystore of your own; its password is read from ${PASSWORD_VARIABLE}"
    )
    return parser


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> int:
    options = _parser().parse_args()
    try:
        key = own_key(options.keystore) if options.keystore else None
        for path in build_apks(options.count, options.out, _print_progress, key):
            print(path)
    except LmkdError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
