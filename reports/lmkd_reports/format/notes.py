"""Numbered notes: the same text keeps its number wherever it is referred to."""

from __future__ import annotations

from collections.abc import Sequence


class Notes:
    """Collects notes while a report is being put together."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def refer(self, texts: Sequence[str]) -> list[int]:
        """The numbers of ``texts``, new ones for those not seen before."""
        return [self._numbers.setdefault(text, len(self._numbers) + 1) for text in texts]

    @property
    def texts(self) -> list[str]:
        return list(self._numbers)
