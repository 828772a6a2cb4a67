"""Long simulation of the claims of a whole page that survive the correction for all strata.

    .venv/bin/python bench/claims.py [--pages 1000]

The pages are those of tests/reports/test_page_claims.py: 27 strata, three pairs of arms and 8 controls, each
comparison judged by the verdict's test. Prints how many pages without a true difference have a surviving
claim; the same for the first pair alone, without which no other claim survives; then the surviving claims of
four devices with true 0.5x effects, on one page and each alone. Exits with status 1 if the rate exceeds 5 %
by more than two Monte-Carlo errors, or a device loses a claim.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import test_page_claims

SIZES = (12, 15, 20, 30, 50)
MOST_WRONG = 0.05


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    pages = parser.parse_args().pages
    within_bounds = [few_are_wrong(blocks, pages) for blocks in SIZES]
    within_bounds += [few_are_wrong(blocks, 3 * pages, pairs=1, seed=1) for blocks in SIZES]
    return 0 if all([*within_bounds, none_is_lost(pages)]) else 1


def few_are_wrong(blocks: int, pages: int, pairs: int = 3, seed: int = 0) -> bool:
    rate = test_page_claims.wrong_pages(blocks, pages, pairs, seed) / pages
    error = math.sqrt(rate * (1 - rate) / pages)
    is_within = rate <= MOST_WRONG + 2 * math.sqrt(MOST_WRONG * (1 - MOST_WRONG) / pages)
    broken = "" if is_within else "BOUND BROKEN  "
    print(f"{rate:6.1%} +- {error:.1%}  {broken}{pages} pages, {pairs} pairs, {blocks} blocks", flush=True)
    return is_within


def none_is_lost(pages: int) -> bool:
    counts = np.array(list(test_page_claims.together_and_alone(pages)))  # pages, together or alone, device
    together, alone = counts[:, 0], counts[:, 1]
    fewer, more = int((together < alone).sum()), int((together > alone).sum())
    print(
        f"{together.mean():6.1f} claims survive on a device of four, {alone.mean():.1f} on it alone; "
        f"fewer on {fewer} of {alone.size} devices, more on {more}",
        flush=True,
    )
    return fewer == 0


if __name__ == "__main__":
    sys.exit(main())
