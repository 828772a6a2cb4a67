"""``--open``: opens a page in the user's browser."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from pathlib import Path


def add_open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="open the page in the browser")


def open_page(page: Path) -> None:
    """Opens the page; says where it is if there is no browser ($BROWSER names one)."""
    try:
        is_open = webbrowser.open(page.resolve().as_uri())
    except (webbrowser.Error, OSError):
        is_open = False
    if not is_open:
        print(f"no browser could be started; the page is {page.resolve()}", file=sys.stderr)
