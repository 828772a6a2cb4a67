"""A kernel's configuration as the results directory keeps it: ``kernels/SHA256.config.gz``, one per content.

The name's digest is that of the text, unpacked: two packers give one text different files.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from pathlib import Path

FOLDER = "kernels"

MOST_PACKED_BYTES = 1024 * 1024
"""Of ``/proc/config.gz``. Usual: 10 to 80 kB."""

MOST_TEXT_BYTES = 8 * 1024 * 1024
"""Of the unpacked text: a device's file may be anything. Usual: 50 to 350 kB."""

GZIP = 16 + zlib.MAX_WBITS
"""zlib's name for gzip's format."""

SHA256 = re.compile(r"[0-9a-f]{64}")
SET = re.compile(r"(CONFIG_\w+)=(.*)", re.ASCII)


def unpack(packed: bytes) -> bytes:
    """The text of a ``config.gz``.

    Raises:
        ValueError: it is not gzip's format, is cut, or is larger than any configuration.
    """
    if len(packed) > MOST_PACKED_BYTES:
        raise ValueError(f"larger than {MOST_PACKED_BYTES} bytes")
    unpacker = zlib.decompressobj(GZIP)
    try:
        text = unpacker.decompress(packed, MOST_TEXT_BYTES + 1)
    except zlib.error as error:
        raise ValueError(f"not a gzip file ({error})") from error
    if len(text) > MOST_TEXT_BYTES:
        raise ValueError(f"larger than {MOST_TEXT_BYTES} bytes when unpacked")
    if not unpacker.eof:
        raise ValueError("cut off")
    return text


def pack(text: bytes) -> bytes:
    """Equal texts give equal bytes."""
    return gzip.compress(text, mtime=0)


def digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def path_of(run_dir: Path, sha256: str) -> Path | None:
    """The file of that digest in a results directory; None if ``sha256``, from a record, is no digest."""
    return run_dir / FOLDER / f"{sha256}.config.gz" if SHA256.fullmatch(sha256) else None


def read(run_dir: Path, sha256: str) -> bytes | None:
    """The kept text; None if the directory has none of that digest, or it is damaged."""
    path = path_of(run_dir, sha256)
    try:
        if path is None or path.stat().st_size > MOST_PACKED_BYTES:
            return None
        text = unpack(path.read_bytes())
    except (OSError, ValueError):
        return None
    return text if digest(text) == sha256 else None


def options(text: bytes) -> dict[str, str]:
    """The options that are set, by name without ``CONFIG_``."""
    lines = text.decode(errors="replace").splitlines()
    found = [SET.fullmatch(line) for line in lines]
    return {match[1].removeprefix("CONFIG_"): match[2] for match in found if match}
