"""Reads KTAP, version 1, strictly (Documentation/dev-tools/ktap.rst of the kernel)."""

from __future__ import annotations

import re
from dataclasses import dataclass

RESULT = re.compile(r"(?P<not_ok>not )?ok (?P<number>\d+) (?P<name>[^ #]+)(?: # SKIP (?P<skipped>.+))?")


@dataclass(frozen=True, slots=True)
class Result:
    """``skipped`` is the reason, or empty. ``explained`` has the diagnostic lines before the result."""

    is_ok: bool
    skipped: str
    explained: tuple[str, ...]


def read_ktap(text: str) -> dict[str, Result]:
    """The results by name, in their order; the plan must be kept."""
    version, plan, *lines = text.splitlines()
    assert version == "KTAP version 1"
    results: dict[str, Result] = {}
    explained: list[str] = []
    for line in lines:
        if line.startswith("# "):
            explained.append(line.removeprefix("# "))
            continue
        parts = RESULT.fullmatch(line)
        assert parts, line
        assert int(parts["number"]) == len(results) + 1, line
        assert parts["name"] not in results, line
        results[parts["name"]] = Result(not parts["not_ok"], parts["skipped"] or "", tuple(explained))
        explained = []
    assert plan == f"1..{len(results)}"
    return results
