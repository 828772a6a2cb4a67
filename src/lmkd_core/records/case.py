"""A conformance case as recorded."""

from __future__ import annotations

import msgspec

from lmkd_core.records.schema import SCHEMA


class CaseRecord(msgspec.Struct, frozen=True, tag="case", kw_only=True):
    """One conformance case: the answer of a kernel of ``variant`` to ``process_mrelease`` with ``flags``.

    ``expected`` is empty for a case that only counts. ``variant`` is the detected one, or the name in the
    file of ``--lmkd-variant``.
    """

    schema: int = SCHEMA
    device: str
    suite: str
    case: str
    flags: int
    variant: str
    answer: str
    expected: str
    passed: bool
    boot_id: str
