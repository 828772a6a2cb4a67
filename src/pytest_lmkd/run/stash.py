"""The key of the run's session in pytest's stash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # loading it takes a second, which no run without a device should wait for
    from pytest_lmkd.run.session import LmkdSession

SESSION: pytest.StashKey[LmkdSession] = pytest.StashKey()
