"""``--open``: opens a page in the user's browser."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from pathlib import Path

from lmkd_core.base.errors import UsageProblem


def add_open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="open the page in the browser")


def check_open(options: argparse.Namespace) -> None:
    """For commands that write a page only with --html. Raises: UsageProblem: --open without it."""
    if options.open and not options.html:
        raise UsageProblem("--open needs a page: name its file with --html FILE")


def open_page(page: Path) -> None:
    """Opens the page; says where it is if there is no browser ($BROWSER names one)."""
    try:
        is_open = webbrowser.open(page.resolve().as_uri())
    except (webbrowser.Error, OSError):
        is_open = False
    if not is_open:
        print(f"no browser could be started; the page is {page.resolve()}", file=sys.stderr)
