"""What is told to Cuttlefish's launcher: ``KEY=VALUE``, given once for every instance of a run."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lmkd_core.base.errors import UsageProblem

ADB_BASE_PORT = 6520
"""Of instance 1; the next ones follow (``adb_host_port`` in Cuttlefish's assemble_cvd/flags.cc)."""

BOOT_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Settings:
    """None: what the launcher does by itself. ``extra`` goes to it as it is."""

    kernel: Path | None = None
    initramfs: Path | None = None
    memory_mb: int | None = None
    cpus: int | None = None
    images: Path | None = None
    launcher: Path | None = None
    extra: tuple[str, ...] = ()
    adb_base_port: int = ADB_BASE_PORT
    boot_timeout_s: int = BOOT_TIMEOUT_S

    @property
    def of_a_start(self) -> list[str]:
        """The keys that are given and mean nothing to a device that runs already."""
        keys = ("kernel", "initramfs", "memory_mb", "cpus", "images", "extra")
        return [key for key in keys if getattr(self, key)]


def parse_settings(texts: Iterable[str], option: str) -> Settings:
    """The settings that ``texts`` give, each ``KEY=VALUE``; ``option`` is named in errors.

    Raises:
        UsageProblem: an unknown key, one given twice (only ``extra`` adds up), or a value that cannot be.
    """
    values: dict[str, object] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in PARSERS:
            raise UsageProblem(f"{option} takes KEY=VALUE with one of {', '.join(PARSERS)}, not {text!r}")
        if key in values and key != "extra":
            raise UsageProblem(f"{option} gives {key} twice: it is one for all instances of a run")
        parsed = PARSERS[key](f"{option} {key}", value)
        values[key] = (*values.get("extra", ()), *parsed) if key == "extra" else parsed  # type: ignore[misc]  # tuples
    return Settings(**values)  # type: ignore[arg-type]  # each of its parser's type


def _file(what: str, text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise UsageProblem(f"{what}={text}: there is no such file")
    return path


def _folder(what: str, text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.is_dir():
        raise UsageProblem(f"{what}={text}: there is no such folder")
    return path


def _words(what: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageProblem(f"{what}={text}: {error}") from error


def _number(smallest: int, largest: int) -> Callable[[str, str], int]:
    def parse(what: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and smallest <= int(text) <= largest):
            raise UsageProblem(f"{what} takes a whole number from {smallest} to {largest}, not {text!r}")
        return int(text)

    return parse


PARSERS: dict[str, Callable[[str, str], object]] = {
    "kernel": _file,
    "initramfs": _file,
    "memory_mb": _number(512, 1024 * 1024),
    "cpus": _number(1, 1024),
    "images": _folder,
    "launcher": _file,
    "extra": _words,
    "adb_base_port": _number(1, 65535),
    "boot_timeout_s": _number(1, 24 * 3600),
}
