"""One look for each arm on every page: a colour that colour-blind readers can tell apart, and a dash.

Colours after M. Okabe and K. Ito's set, darkened for text on white and lightened for the dark page;
they are CSS variables (``--arm-0`` and on, in ``style.css``), so that a figure follows the reader's
light or dark theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FIXED = ("kill", "kill+mrelease", "reap-kill", "reap-kill-emulated", "kill+mrelease@lmkd", "lmkd")
"""Arms whose look never changes; others take what is free."""

DASHES = ((1, 0), (6, 3), (1, 0), (6, 3), (2, 2), (8, 2, 2, 2))
WIDTHS = (1.75, 1.75, 2.5, 1.75, 1.75, 1.75)


@dataclass(frozen=True, slots=True)
class Look:
    colour: str
    dash: tuple[int, ...]
    width: float


def heat(effect: float, steps: Sequence[float]) -> str:
    """The CSS class of an effect: ``gain-1`` to ``gain-4`` below 0, ``loss-1`` to … above, or ``even``.

    ``steps`` are the sizes at which the next class begins. Blue and orange differ for every kind of colour
    blindness (M. Okabe and K. Ito), and each cell also shows a mark.
    """
    strength = sum(abs(effect) >= step for step in steps)
    if not strength:
        return "even"
    return f"{'gain' if effect < 0 else 'loss'}-{strength}"


def looks(arms: Sequence[str]) -> dict[str, Look]:
    """The look of each arm; arms beyond the palette share looks and are told apart by their labels."""
    free = [place for place, name in enumerate(FIXED) if name not in arms] or list(range(len(FIXED)))
    places = {arm: FIXED.index(arm) for arm in arms if arm in FIXED}
    for number, arm in enumerate(arm for arm in arms if arm not in FIXED):
        places[arm] = free[number % len(free)]
    return {arm: Look(f"var(--arm-{place})", DASHES[place], WIDTHS[place]) for arm, place in places.items()}
