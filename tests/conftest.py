"""Fixtures that several test folders share, the table of where time goes, and rules for the markers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from markers import HARNESSES
from markers import check_markers
from markers import harness_of
from markers import harness_rank
from times import HARNESS
from times import Times

import lmkd_virtual

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def image() -> lmkd_virtual.Image:
    """The kernel and the initramfs of the virtual device, built if the cache has none."""
    return lmkd_virtual.build(print)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--times", metavar="FILE", help="add where the time goes to FILE, and print the table")


def pytest_configure(config: pytest.Config) -> None:
    file = config.getoption("--times")
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Times(Path(file)), "times")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Runs the costly files first if several run in parallel, so that all end at about the same time."""
    rank: dict[Path, int] = {}
    for item in items:
        check_markers(item)
        item.user_properties.append((HARNESS, harness_of(item)))
        rank[item.path] = min(rank.get(item.path, len(HARNESSES)), harness_rank(item))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank[item.path])
