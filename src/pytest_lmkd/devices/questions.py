"""Reads facts with a device's shell: many questions per call, since each call costs a round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmkd_core.base.deadline import Deadline
from lmkd_core.records.schema import Fact

if TYPE_CHECKING:  # every start of pytest loads this module; adbutils is slow to load
    from pytest_lmkd.transport import Transport

ASK_S = 60.0

VALUE_MAX_BYTES = 400
"""Longer answers are cut unless the question allows more: device output is untrusted."""

FIELD, RECORD = "\037", "\036"
"""ASCII's unit and record separators. They are removed from answers."""


@dataclass(frozen=True, slots=True)
class Question:
    """A fact to ask for. ``command`` prints its value; ``source`` names its origin for readers.

    ``absent``: the reason to give if the command prints nothing, not even an error. Of a longer answer only
    ``max_bytes`` are read.
    """

    name: str
    command: str
    source: str
    absent: str = "the device gives no answer"
    max_bytes: int = VALUE_MAX_BYTES

    def read(self, text: str) -> str | int | bool | None:
        """The value of the printed ``text``; None if it has the wrong form."""
        return text


class Number(Question):
    """A question whose answer is a whole number."""

    def read(self, text: str) -> int | None:
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdecimal() else None


class YesOrNo(Question):
    """A question whose answer is true unless ``0`` or ``false`` is printed."""

    def read(self, text: str) -> bool:
        return text not in {"0", "false"}


def prop(name: str, android_name: str, kind: type[Question] = Question) -> Question:
    """A question for an Android property."""
    return kind(name, f"getprop {android_name}", f"getprop {android_name}", "the property is not set")


def file(name: str, path: str, kind: type[Question] = Question) -> Question:
    """A question for the content of a small file."""
    return kind(name, f"cat {path}", path, "the file is empty")


def ask(transport: Transport, questions: Sequence[Question]) -> dict[str, Fact]:
    """The facts by name, each with its source and, if it has no value, the reason.

    Raises:
        TransportLost: the link broke.
    """
    done = transport.shell("\n".join(map(_script, questions)), Deadline(ASK_S))
    records = done.stdout_text.split(RECORD)
    answers = {name: (value, error) for name, value, error in map(_fields, records)}
    return {question.name: _fact(question, *answers.get(question.name, ("", ""))) for question in questions}


def _script(question: Question) -> str:
    """The shell command that prints the name, the value and, if there is no value, the error output."""
    command, cut = f"{{ {question.command}; }}", f"head -c {question.max_bytes} | tr -d '\\036\\037'"
    return (
        f"value=$({command} 2>/dev/null | {cut}); error=; "
        f'[ -n "$value" ] || error=$({command} 2>&1 >/dev/null | {cut}); '
        f'printf \'{question.name}\\037%s\\037%s\\036\' "$value" "$error"'
    )


def _fields(record: str) -> tuple[str, str, str]:
    name, _, rest = record.partition(FIELD)
    value, _, error = rest.partition(FIELD)
    return name, " ".join(value.split()), " ".join(error.split())


def _fact(question: Question, text: str, error: str) -> Fact:
    if not text:
        return Fact(None, question.source, error or question.absent)
    value = question.read(text)
    return Fact(value, question.source, "" if value is not None else f"unexpected answer: {text[:60]}")
