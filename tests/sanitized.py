"""Builds C programs for this host with gcc, under ASan and UBSan: once for all tests, and for later runs.

The programs lie in the user's cache, each under a key made of everything that it is built from.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from lmkd_core.base.cache import Cache
from lmkd_core.base.cache import content_key
from lmkd_core.base.toolchain import C_FLAGS
from lmkd_core.base.toolchain import SOURCES
from lmkd_core.base.toolchain import source_files

SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-pthread")
WARNINGS = tuple(flag for flag in C_FLAGS if flag.startswith(("-W", "-std", "-D")) and "-Wl" not in flag)
"""The product's own."""

CACHE = Cache()  # before a test moves HOME away


def build_sanitized(name: str, sources: Iterable[Path], includes: Iterable[Path]) -> Path:
    """The program ``name``; headers are looked for in ``includes``."""
    sources, includes = list(sources), list(includes)
    command = ["gcc", *WARNINGS, *SANITIZERS, *(f"-I{include}" for include in includes)]
    headers = [header for include in includes for header in source_files(include, "*.h")]
    parts = [str(path).encode() for path in [*includes, *sources]]  # reports of the sanitizers name them
    parts += [path.read_bytes() for path in [*sources, *headers]]

    def make(folder: Path) -> None:
        subprocess.run([*command, "-o", str(folder / name), *map(str, sources)], check=True)

    key = content_key([compiler_version(), "\0".join(command).encode(), *parts])
    return CACHE.build("sanitized", key, make) / name


def sanitized_program(program: str, checkout: Path) -> Path:
    """One of our programs, whole."""
    trees = [checkout / tree for tree in SOURCES[program]]
    sources = [source for tree in trees for source in source_files(tree, "*.c")]
    return build_sanitized(program, sources, trees)


@cache
def compiler_version() -> bytes:
    return subprocess.run(["gcc", "--version"], capture_output=True, check=True).stdout
