"""The markers that name a test's harness (pyproject.toml), and the rule that costly fixtures need them."""

from __future__ import annotations

import pytest

HARNESSES = ("virtual_device", "host_kernel", "browser", "packages", "compiler", "simulation", "large")
"""The most costly first: a test with several markers counts for the first of them."""

COSTLY_FIXTURES = {
    "boot": "virtual_device",
    "browser": "browser",
    "image": "virtual_device",
    "own_virtual_devices": "virtual_device",
    "workshop": "virtual_device",
}
"""The marker that a test with this fixture needs."""


def harness_rank(item: pytest.Item) -> int:
    """The place of the item's harness in ``HARNESSES``; plain Python comes last."""
    ranks = [rank for rank, name in enumerate(HARNESSES) if item.get_closest_marker(name)]
    return min(ranks, default=len(HARNESSES))


def harness_of(item: pytest.Item) -> str:
    """The name of the item's harness."""
    return (*HARNESSES, "plain Python")[harness_rank(item)]


def check_markers(item: pytest.Item) -> None:
    """Refuses a costly fixture without its marker: `make test-fast` selects by markers.

    Raises:
        UsageError: the marker is missing.
    """
    for fixture in getattr(item, "fixturenames", ()):
        marker = COSTLY_FIXTURES.get(fixture)
        if marker and not item.get_closest_marker(marker):
            raise pytest.UsageError(f"{item.nodeid} uses {fixture!r}: mark it {marker!r} (pyproject.toml)")
