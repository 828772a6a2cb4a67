"""The page docs/conformance.md says what the suite holds kernels to: every case, flag and variant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_lmkd.conformance.answers import ALL
from pytest_lmkd.conformance.answers import ANSWERS
from pytest_lmkd.conformance.answers import RISKY
from pytest_lmkd.conformance.answers import allowed_answers

AS_STOCK = "as stock"
NOT_ASKED = "not asked"

Matrix = Mapping[tuple[str, int], Mapping[str, str]]


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "conformance.md").read_text()


def rows(page: str, heading: str) -> Iterator[list[str]]:
    """The cells of the table whose first column has that heading."""
    table = page.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


@pytest.fixture(scope="module")
def matrix(page: str) -> Matrix:
    columns = page.partition("\n| case | flags | ")[2].partition(" |\n")[0].split(" | ")
    table = {}
    for case, flags, *cells in rows(page, "case | flags"):
        name = re.match(r"`([a-z-]+)`", case)
        assert name, case
        key = (name[1], int(flags, 0))
        assert key not in table, key
        table[key] = dict(zip(columns, cells, strict=True))
    return table


def answer(of_variants: Mapping[str, str], variant: str) -> str:
    """What the page says of a cell, spelt out."""
    said = of_variants[variant]
    return of_variants["stock"] if said == AS_STOCK else said


def shown(case: str, flags: int, variant: str) -> str:
    """How the page must show what the suite expects."""
    allowed = allowed_answers(case, flags, variant)
    return f"`{allowed[0].replace('ret=', '')}`" if allowed else NOT_ASKED


def test_the_matrix_has_every_case_flag_and_variant_once_and_in_order(matrix: Matrix) -> None:
    assert list(matrix) == list(ANSWERS)
    assert all(set(of_variants) == set(ALL) for of_variants in matrix.values())


def test_each_cell_is_what_the_suite_expects(matrix: Matrix) -> None:
    said = {(*key, variant): answer(cells, variant) for key, cells in matrix.items() for variant in ALL}
    assert said == {(*key, variant): shown(*key, variant) for key in ANSWERS for variant in ALL}


def test_a_difference_from_stock_is_seen_at_a_glance(matrix: Matrix) -> None:
    for key, of_variants in matrix.items():
        others = {variant: said for variant, said in of_variants.items() if variant != "stock"}
        assert of_variants["stock"] not in others.values(), key


def test_each_case_is_put_into_words_where_it_stands_first(page: str) -> None:
    told = [case for case, *_ in rows(page, "case | flags") if ": " in case]
    assert [case.split("`")[1] for case in told] == list(dict.fromkeys(case for case, _ in ANSWERS))


def test_the_cases_for_a_device_of_our_own_are_named(page: str) -> None:
    named = {case.strip("`") for case, _ in rows(page, "case | why")}
    assert named == {*RISKY, "global-oom"}


def test_the_variants_are_explained(page: str) -> None:
    assert [variant.strip("`") for variant, _ in rows(page, "variant")] == list(ALL)


def test_links_lead_somewhere(page: str, checkout: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert (checkout / "docs" / link).is_file(), link
