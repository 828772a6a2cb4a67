"""Reads a variant that the user describes, for ``--lmkd-variant FILE``: TOML with name, base and answers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import NoReturn

from lmkd_core.base.errors import UsageProblem
from pytest_lmkd.conformance.answers import ALL
from pytest_lmkd.conformance.answers import RACES
from pytest_lmkd.conformance.variant import QUESTIONS
from pytest_lmkd.conformance.variant import Variant
from pytest_lmkd.conformance.variant import known_variant

KEYS = ("name", "base", "answers")

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")

NOT_ASKED = "not asked"
"""In place of an answer: the case does not run, for example because it would crash the kernel."""

ERRORS = (
    "EACCES",
    "EAGAIN",
    "EBADF",
    "EBUSY",
    "ECONNREFUSED",
    "ECONNRESET",
    "EINTR",
    "EINVAL",
    "ENOENT",
    "ENOSYS",
    "EPERM",
    "ESRCH",
    "ETIMEDOUT",
)
"""Errors that the program names (device_agent/lib/failure.c); it prints others as E<number>."""

FATE = re.compile(r"alive|SIGKILL|SIGBUS|exit \d+|signal \d+"), "alive, SIGKILL, SIGBUS, exit N or signal N"
FREED = re.compile(r"yes|no"), "yes or no"
SEEN = re.compile(r"seen|never"), "seen or never"
VALUES = {
    "ret": (
        re.compile(rf"0|E\d+|{'|'.join(ERRORS)}"),
        f"0, {', '.join(ERRORS)}, or E<number> for another error",
    ),
    "target": FATE,
    "sharer": FATE,
    "child": FATE,
    "freed": FREED,
    "before": FREED,
    "after": FREED,
    "ok": SEEN,
    "ESRCH": SEEN,
}
"""The values that each word of an answer may have, and how to say so."""

WORD = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")


def read_variant(path: Path, option: str) -> Variant:
    """The variant in the file; error messages quote ``option``.

    Raises:
        UsageProblem: the file cannot be read, or a key of it is wrong; names the key and what it takes.
    """
    try:
        described = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{option} {path}: cannot be read ({error})") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(f"{option} {path}: is not TOML ({error})") from error
    return _Reader(f"{option} {path}").variant(described)


def words_of(answer: str) -> list[tuple[str, str]]:
    """The keys and values of an answer; a value may contain a space, as in ``exit 0``."""
    return WORD.findall(answer)


class _Reader:
    """Checks what the file says. ``where`` names it in messages."""

    def __init__(self, where: str) -> None:
        self._where = where

    def variant(self, described: Mapping[str, Any]) -> Variant:
        for key in described:
            self._one_of(key, key, KEYS, "is no key of such a file")
        base = described.get("base")
        if base is not None:
            self._one_of("base", base, ALL, "is no variant")
        answers = dict(known_variant(base).answers) if base is not None else {}
        return Variant(
            self._name(described.get("name")), answers | self._answers(described.get("answers", {}))
        )

    def _name(self, name: object) -> str:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            self._refuse("name", f"takes 1 to 40 of the characters a-z, 0-9, '.' and '-', not {name!r}")
        if name in ALL:
            self._refuse("name", f"must differ from the known variants {', '.join(ALL)}")
        return name

    def _answers(self, cases: object) -> dict[tuple[str, int], tuple[str, ...]]:
        return {
            (case, flags): self._allowed(f"answers.{case}.{text}", case, flags, value)
            for case, by_flags in self._table("answers", cases).items()
            for text, value in self._table(f"answers.{case}", by_flags).items()
            for flags in [self._flags(case, text)]
        }

    def _flags(self, case: str, text: str) -> int:
        known = {flags for name, flags in QUESTIONS if name == case}
        if not known:
            self._one_of("answers", case, dict.fromkeys(name for name, _ in QUESTIONS), "is no case")
        try:
            flags = int(text, 0)
        except ValueError:
            flags = -1
        if flags not in known:
            self._refuse(f"answers.{case}", f"takes the flags {_list(map(hex, sorted(known)))}, not {text!r}")
        return flags

    def _allowed(self, key: str, case: str, flags: int, value: object) -> tuple[str, ...]:
        if value == NOT_ASKED:
            return ()
        is_race = (case, flags) in RACES
        values = value if is_race and isinstance(value, list) else [value]
        answers = tuple(answer for answer in values if isinstance(answer, str))
        if not answers or len(answers) < len(values):
            self._refuse(key, f"takes a text{' or a list of texts' if is_race else ''}, not {value!r}")
        for answer in answers:
            self._check(key, _keys_of(case), answer)
        return answers

    def _check(self, key: str, wanted: list[str], answer: str) -> None:
        words = words_of(answer)
        if [word for word, _ in words] != wanted or " ".join(map("=".join, words)) != answer:
            form = " ".join(f"{word}=..." for word in wanted)
            self._refuse(key, f'takes "{form}" or "{NOT_ASKED}", not {answer!r}')
        for word, value in words:
            pattern, said = VALUES[word]
            if not pattern.fullmatch(value):
                self._refuse(key, f"{word} takes {said}, not {value!r}")

    def _table(self, key: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._refuse(key, f"is a table, not {value!r}")
        return value

    def _one_of(self, key: str, value: object, known: Iterable[str], problem: str) -> None:
        known = list(known)
        if value not in known:
            self._refuse(key, f"{value!r} {problem}; there are {_list(known)}")

    def _refuse(self, key: str, problem: str) -> NoReturn:
        raise UsageProblem(f"{self._where}: {key}: {problem}")


def _keys_of(case: str) -> list[str]:
    """The words of each answer of the case, in the order of the program."""
    answers = (answers for (name, _), answers in known_variant(ALL[0]).answers.items() if name == case)
    return [word for word, _ in words_of(next(answers)[0])]


def _list(texts: Iterable[str]) -> str:
    return ", ".join(texts)
