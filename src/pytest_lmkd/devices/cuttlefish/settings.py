"""The settings for Cuttlefish's launcher, as ``KEY=VALUE``; they apply to every instance of a run."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lmkd_core.base.errors import UsageProblem

ADB_BASE_PORT = 6520
"""The port of instance 1, followed by the next ones (``adb_host_port`` in Cuttlefish's flags.cc)."""

BOOT_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Settings:
    """None: the launcher's default. ``extra`` holds further options for the launcher, unchanged."""

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
    def start_only_keys(self) -> list[str]:
        """The given keys that have no effect on a running device."""
        keys = ("kernel", "initramfs", "memory_mb", "cpus", "images", "extra")
        return [key for key in keys if getattr(self, key)]


def parse_settings(texts: Iterable[str], option: str) -> Settings:
    """The settings in ``texts``, each ``KEY=VALUE``; error messages quote ``option``.

    Raises:
        UsageProblem: a key is unknown or given twice (only ``extra`` may repeat), or a value is invalid.
    """
    values: dict[str, object] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or key not in PARSERS:
            raise UsageProblem(f"{option} takes KEY=VALUE with one of {', '.join(PARSERS)}, not {text!r}")
        if key in values and key != "extra":
            raise UsageProblem(f"{option} gives {key} twice: one value applies to all instances of a run")
        parsed = PARSERS[key](f"{option} {key}", value)
        values[key] = (*values.get("extra", ()), *parsed) if key == "extra" else parsed  # type: ignore[misc]  # tuples
    return Settings(**values)  # type: ignore[arg-type]  # each of its parser's type


def _file(name: str, text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise UsageProblem(f"{name}={text}: no such file")
    return path


def _folder(name: str, text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.is_dir():
        raise UsageProblem(f"{name}={text}: no such folder")
    return path


def _words(name: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageProblem(f"{name}={text}: {error}") from error


def _number(smallest: int, largest: int) -> Callable[[str, str], int]:
    def parse(name: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and smallest <= int(text) <= largest):
            raise UsageProblem(f"{name} takes a whole number from {smallest} to {largest}, not {text!r}")
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
