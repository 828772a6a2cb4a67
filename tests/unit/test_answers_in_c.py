"""The C program judges by the suite's own table: its copy is the one that is written from the table."""

from __future__ import annotations

from pathlib import Path

from answers_in_c import answers_in_c

from pytest_lmkd.conformance.answers import ALL
from pytest_lmkd.conformance.answers import ANSWERS

COPY = "device_agent/conformance/answers.c"


def test_the_copy_in_c_is_the_table(checkout: Path) -> None:
    text = (checkout / COPY).read_text()
    assert text == answers_in_c(), f"run: python tests/unit/answers_in_c.py > {COPY}"


def test_the_programs_own_detection_names_the_tables_variants(checkout: Path) -> None:
    """It looks for these names among those of a row."""
    detection = (checkout / "device_agent/lib/variant.c").read_text()
    assert all(f'"{variant}"' in detection for variant in ALL)


def test_a_variant_has_one_answer_to_each_question() -> None:
    for question, by_variants in ANSWERS.items():
        variants = [variant for variants in by_variants for variant in variants]
        assert len(variants) == len(set(variants)), question
