"""Writes the C copy of the table of answers, ``device_agent/conformance/answers.c``, to stdout."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping

from pytest_lmkd.conformance.answers import ANSWERS
from pytest_lmkd.conformance.answers import NEEDS_ROOT
from pytest_lmkd.conformance.answers import RACES
from pytest_lmkd.conformance.answers import RISKY

HEAD = """\
// Generated from pytest_lmkd/conformance/answers.py by tests/unit/answers_in_c.py. Change the table there.
#include "answers.h"

#include <stddef.h>
"""


def answers_in_c() -> str:
    """The whole file."""
    lines = [HEAD, "const struct required_answer required_answers[] = {"]
    lines += (f"\t{{ {row} }}," for row in rows())
    lines += ["\t{ NULL, 0, NULL, NULL },", "};", ""]
    lines += [*conditions("needs_root", NEEDS_ROOT), "", *conditions("risky", RISKY)]
    return "\n".join(lines) + "\n"


def rows() -> Iterator[str]:
    for (case, flags), by_variants in ANSWERS.items():
        for variants, answer in by_variants.items():
            yield row(case, flags, variants, answer)
    for (case, flags), by_variants in RACES.items():
        for variants, answers in by_variants.items():
            for answer in answers:
                yield row(case, flags, variants, answer)


def row(case: str, flags: int, variants: tuple[str, ...], answer: str) -> str:
    return f'"{case}", {flags:#x}, "{" ".join(variants)}", "{answer}"'


def conditions(name: str, reasons: Mapping[str, str]) -> list[str]:
    entries = [f'\t{{ "{case}", "{reason}" }},' for case, reason in reasons.items()]
    return [f"const struct condition {name}[] = {{", *entries, "\t{ NULL, NULL },", "};"]


if __name__ == "__main__":
    print(answers_in_c(), end="")
