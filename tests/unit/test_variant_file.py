"""``--lmkd-variant FILE``: what a file may say of a variant, and how a wrong one is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lmkd_core.base.errors import UsageProblem
from pytest_lmkd.conformance.answers import ALL
from pytest_lmkd.conformance.answers import ANSWERS
from pytest_lmkd.conformance.variant import QUESTIONS
from pytest_lmkd.conformance.variant import known_variant
from pytest_lmkd.conformance.variant_file import ERRORS
from pytest_lmkd.conformance.variant_file import VALUES
from pytest_lmkd.conformance.variant_file import read_variant
from pytest_lmkd.conformance.variant_file import words_of

OPTION = "--lmkd-variant"
NAMED = 'name = "mine"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def test_the_base_answers_what_the_file_leaves_out(file: Path) -> None:
    file.write_text(
        """
        name = "mine"
        base = "reap-kill-v3"
        [answers]
        live.0x1 = "ret=EPERM target=alive freed=no"
        init.0x1 = "not asked"
        race.1 = ["ok=seen ESRCH=never"]
        zombie.0x1 = "ret=E95 target=exit 0"
        """
    )
    variant = read_variant(file, OPTION)
    base = known_variant("reap-kill-v3").answers
    changed = {
        ("live", 1): ("ret=EPERM target=alive freed=no",),
        ("init", 1): (),
        ("race", 1): ("ok=seen ESRCH=never",),
        ("zombie", 1): ("ret=E95 target=exit 0",),
    }
    assert variant.name == "mine"
    assert variant.answers == {**base, **changed}
    assert all(base[question] != answers for question, answers in changed.items())


def test_without_a_base_only_what_the_file_says_is_asked(file: Path) -> None:
    file.write_text(f'{NAMED}[answers.bad-fd]\n0x1 = "ret=EBADF"\n')
    assert read_variant(file, OPTION).answers == {("bad-fd", 1): ("ret=EBADF",)}


@pytest.mark.parametrize("variant", ALL)
def test_each_known_variant_can_be_described(variant: str, file: Path) -> None:
    known = known_variant(variant).answers
    lines = [f"{case}.{flags:#x} = {list(known[case, flags])}" for case, flags in QUESTIONS if case == "race"]
    lines += [
        f'{case}.{flags:#x} = "{known[case, flags][0] if known[case, flags] else "not asked"}"'
        for case, flags in ANSWERS
    ]
    text = "\n".join(lines).replace("race.0x1 = []", 'race.0x1 = "not asked"')
    file.write_text(f"{NAMED}[answers]\n{text}\n")
    assert read_variant(file, OPTION).answers == known


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = ", "is not TOML (Invalid value (at end of document))"),
        ('title = "x"', "title: 'title' is no key of such a file; there are name, base, answers"),
        ("", "name: takes 1 to 40 of the characters a-z, 0-9, .*, not None"),
        ('name = "My patch"', "name: takes .*, not 'My patch'"),
        ('name = "stock"', "name: must differ from the known variants stock, .*"),
        (f'{NAMED}base = "v3"', "base: 'v3' is no variant; there are stock, .*"),
        (f"{NAMED}base = []", "base: .* is no variant; .*"),
        (f"{NAMED}answers = 3", "answers: is a table, not 3"),
        (f'{NAMED}[answers]\nshared.0 = "ret=0"', "answers: 'shared' is no case; there are bad-fd, .*, race"),
        (f'{NAMED}[answers]\nlive = "ret=0"', "answers.live: is a table, not 'ret=0'"),
        (
            f'{NAMED}[answers]\nlive.2 = "ret=0"',
            "answers.live: takes the flags 0x0, 0x1, 0x3, not '2'",
        ),
        (f'{NAMED}[answers]\nlive.one = "ret=0"', "answers.live: takes the flags .*, not 'one'"),
        (f"{NAMED}[answers]\nlive.1 = 0", "answers.live.1: takes a text, not 0"),
        (f'{NAMED}[answers]\nlive.1 = ["ret=0"]', "answers.live.1: takes a text, not .*"),
        (f"{NAMED}[answers]\nrace.1 = []", "answers.race.1: takes a text or a list of texts, not .*"),
        (
            f'{NAMED}[answers]\nlive.1 = "ret=0"',
            'answers.live.1: takes "ret=... target=... freed=..." or "not asked", not \'ret=0\'',
        ),
        (f'{NAMED}[answers]\nbad-fd.1 = "ret=0 "', "answers.bad-fd.1: .*"),
        (
            f'{NAMED}[answers]\nbad-fd.1 = "ret=EINVALID"',
            "answers.bad-fd.1: ret takes 0, EACCES, .*, or E<number> for another error, not 'EINVALID'",
        ),
        (
            f'{NAMED}[answers]\nlive.1 = "ret=0 target=dead freed=yes"',
            "answers.live.1: target takes alive, SIGKILL, .*, not 'dead'",
        ),
        (
            f'{NAMED}[answers]\nlive.1 = "ret=0 target=SIGKILL freed=unknown"',
            "answers.live.1: freed takes yes or no, not 'unknown'",
        ),
        (f'{NAMED}[answers]\nrace.1 = ["ok=0 ESRCH=never"]', "answers.race.1: ok takes seen or never, .*"),
    ],
)
def test_a_wrong_file_is_refused_by_file_and_key(text: str, problem: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(UsageProblem) as refusal:
        read_variant(file, OPTION)
    pattern = problem if ".*" in problem else re.escape(problem)
    assert re.fullmatch(rf"{OPTION} {re.escape(str(file))}: {pattern}", str(refusal.value)), refusal.value


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=f"{OPTION} {tmp_path}: cannot be read"):
        read_variant(tmp_path, OPTION)


def test_a_binary_file_is_refused(file: Path) -> None:
    file.write_bytes(b"name = '\xff'")
    with pytest.raises(UsageProblem, match="cannot be read"):
        read_variant(file, OPTION)


def test_the_errors_are_those_that_the_program_names(checkout: Path) -> None:
    named = re.findall(r'return "(E[A-Z]+)";', (checkout / "device_agent/lib/failure.c").read_text())
    assert sorted(ERRORS) == sorted(named)


def test_all_answers_to_a_case_have_the_same_words() -> None:
    for case, flags in QUESTIONS:
        for variant in ALL:
            for answer in known_variant(variant).answers[case, flags]:
                words = [word for word, _ in words_of(answer)]
                assert words == [word for word, _ in words_of(known_variant("stock").answers[case, 0][0])]
                assert set(words) <= VALUES.keys()


def test_the_example_of_the_page_can_be_read(checkout: Path, file: Path) -> None:
    page = (checkout / "docs" / "conformance.md").read_text()
    file.write_text(page.partition("```toml\n")[2].partition("```")[0])
    assert read_variant(file, OPTION).answers != known_variant("reap-kill-v3").answers
