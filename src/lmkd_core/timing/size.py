"""The size of a run: its blocks and boots, chosen or given by the user."""

from __future__ import annotations

from dataclasses import dataclass

MOST_BLOCKS = 10_000


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a run, as in ``run.json``."""

    blocks: int
    pressure_blocks: int
    boots: int


@dataclass(frozen=True, slots=True)
class Given:
    """The numbers that the user named; None: free to choose."""

    blocks: int | None = None
    pressure_blocks: int | None = None
    boots: int | None = None

    def holds(self, size: Size) -> bool:
        """Whether ``size`` keeps what was named."""
        return self.filled(size.blocks, size.pressure_blocks, size.boots) == size

    def filled(self, blocks: int, pressure_blocks: int, boots: int) -> Size:
        """The named numbers, and these for those that are free."""
        return Size(self.blocks or blocks, self.pressure_blocks or pressure_blocks, self.boots or boots)
