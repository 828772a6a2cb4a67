"""Facts that a device's shell tells: many questions in one call, as each call costs a round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmkd_core.base.deadline import Deadline
from lmkd_core.records.schema import Fact

if TYPE_CHECKING:  # every start of pytest loads this module, and adbutils takes a while
    from pytest_lmkd.transport import Transport

ASK_S = 60.0

VALUE_MAX_BYTES = 400
"""What is kept of an answer: device output is untrusted, and tables have narrow columns."""

FIELD, RECORD = "\037", "\036"
"""ASCII's unit and record separators; answers lose theirs."""


@dataclass(frozen=True, slots=True)
class Question:
    """``command`` prints the value; ``source`` says to people where it is from.

    ``absent``: what it means when nothing is printed, and the device does not say why.
    """

    name: str
    command: str
    source: str
    absent: str = "it says nothing"

    def read(self, text: str) -> str | int | bool | None:
        """The value of a printed ``text``; None when it is not what such an answer looks like."""
        return text


class Number(Question):
    """The value is a whole number."""

    def read(self, text: str) -> int | None:
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdecimal() else None


class YesOrNo(Question):
    """The value is whether something other than 0 or false is printed."""

    def read(self, text: str) -> bool:
        return text not in {"0", "false"}


def prop(name: str, android_name: str, kind: type[Question] = Question) -> Question:
    """The question after an Android property."""
    return kind(name, f"getprop {android_name}", f"getprop {android_name}", "the property is not set")


def file(name: str, path: str, kind: type[Question] = Question) -> Question:
    """The question after the content of a small file."""
    return kind(name, f"cat {path}", path, "the file is empty")


def ask(transport: Transport, questions: Sequence[Question]) -> dict[str, Fact]:
    """The facts by name, each with its source, and the reason where there is no value.

    Raises:
        TransportLost: the link broke.
    """
    done = transport.shell("\n".join(map(_script, questions)), Deadline(ASK_S))
    records = done.stdout.decode(errors="replace").split(RECORD)
    answers = {name: (value, error) for name, value, error in map(_fields, records)}
    return {question.name: _fact(question, *answers.get(question.name, ("", ""))) for question in questions}


def _script(question: Question) -> str:
    """Prints name, value, and where there is no value what the command complains of."""
    command, kept = f"{{ {question.command}; }}", f"head -c {VALUE_MAX_BYTES} | tr -d '\\036\\037'"
    return (
        f"value=$({command} 2>/dev/null | {kept}); error=; "
        f'[ -n "$value" ] || error=$({command} 2>&1 >/dev/null | {kept}); '
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
    return Fact(value, question.source, "" if value is not None else f"not what is expected: {text[:60]}")
