"""Makes a record out of its typed parts: what was planned, what was measured, and the verdict on it."""

from __future__ import annotations

from typing import TypeVar

import msgspec

Built = TypeVar("Built", bound=msgspec.Struct)


def record_of(kind: type[Built], *parts: msgspec.Struct, **fields: object) -> Built:
    """A ``kind`` whose fields come from ``parts``, by name, and from ``fields``; the later one wins.

    A field of a part that ``kind`` lacks is dropped, such as the number by which an agent answers.
    ``schema`` is never copied: the new record is of today's.

    Raises:
        TypeError: a field without a default is in none of them.
    """
    names = [name for name in kind.__struct_fields__ if name != "schema"]
    values = {name: getattr(part, name) for part in parts for name in names if name in part.__struct_fields__}
    return kind(**(values | fields))
