"""Which kernel a device ran: two builds of one release are two kernels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from lmkd_core.records.device import DeviceRecord

DIGEST_LETTERS = 12
"""Hex digits of a digest in texts for people: 48 bits."""

IMAGE, BUILD_ID, VERSION = "kernel_image_sha256", "kernel_build_id", "kernel_version"

SAME_SYSTEM = (IMAGE, BUILD_ID, VERSION, "accelerator", "host_cpu")
"""Facts in which two records of one and the same device agree, as far as both have them."""


def fact_text(record: DeviceRecord, name: str) -> str:
    """The fact's value as text; empty if the record has none."""
    fact = record.facts.get(name)
    return "" if fact is None or fact.value is None else str(fact.value)


def other_fact(first: DeviceRecord, second: DeviceRecord) -> str:
    """``kernel_release`` or the first of ``SAME_SYSTEM`` in which the two differ; empty if they do not."""
    if first.kernel_release != second.kernel_release:
        return "kernel_release"
    for name in SAME_SYSTEM:
        values = {fact_text(first, name), fact_text(second, name)} - {""}
        if len(values) > 1:
            return name
    return ""


def kernel_id(record: DeviceRecord) -> str:
    """What tells the kernel from others of its release, such as ``image 0123456789ab``.

    The digest of its image, else its build id, else a digest of its version, which holds the time of the
    build; empty where nothing of it is known.
    """
    return id_of({name: fact_text(record, name) for name in (IMAGE, BUILD_ID, VERSION)})


def id_of(facts: Mapping[str, str]) -> str:
    """``kernel_id`` of the facts' values as text; unknown facts are absent or empty."""
    image, build_id, version = (facts.get(name, "") for name in (IMAGE, BUILD_ID, VERSION))
    if image:
        return f"image {short(image)}"
    if build_id:
        return f"build id {short(build_id)}"
    return f"version {short(hashlib.sha256(version.encode()).hexdigest())}" if version else ""


def short(digest: str) -> str:
    """The digest's first digits, for people."""
    return digest[:DIGEST_LETTERS]


def kernel_name(record: DeviceRecord) -> str:
    """``6.12.117 (image 0123456789ab)``: release and ``kernel_id``; old records know the release only."""
    return named(record.kernel_release, kernel_id(record))


def named(release: str, identifier: str) -> str:
    return f"{release} ({identifier})" if identifier else release
