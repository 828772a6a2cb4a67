"""Finds the source trees shipped with the package: below ``_bundle`` in a wheel, else in the checkout."""

from __future__ import annotations

from pathlib import Path

from lmkd_core.base.errors import DeviceUnusable

_PACKAGES = Path(__file__).resolve().parents[2]
_BUNDLE = _PACKAGES / "pytest_lmkd" / "_bundle"
_CHECKOUT = _PACKAGES.parent


def tree(name: str) -> Path:
    """Returns the folder of a shipped tree, such as ``device_agent/lib`` or ``virtual_device/guest``.

    Raises:
        DeviceUnusable: this installation lacks the tree.
    """
    for base in (_BUNDLE, _CHECKOUT):
        if (base / name).is_dir():
            return base / name
    raise DeviceUnusable(f"this installation of pytest-lmkd lacks {name}: install it again")


def prebuilt(name: str) -> Path | None:
    """Returns a file that only a wheel has, such as ``programs/arm64-v8a/lmkd-agent``; None in a checkout."""
    path = _BUNDLE / name
    return path if path.is_file() else None
