"""Builds C programs for this host with gcc, under ASan and UBSan."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from pytest_lmkd.toolchain import C_FLAGS
from pytest_lmkd.toolchain import SOURCES
from pytest_lmkd.toolchain import source_files

SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def build_sanitized(sources: Iterable[Path], includes: Iterable[Path], output: Path) -> Path:
    """Compiles with the product's warnings, and with the sanitizers."""
    warnings = [
        flag for flag in C_FLAGS if flag.startswith(("-W", "-std", "-D")) and not flag.startswith("-Wl")
    ]
    command = ["gcc", *warnings, *SANITIZED, "-pthread", "-o", str(output)]
    command += [f"-I{include}" for include in includes]
    subprocess.run([*command, *map(str, sources)], check=True)
    return output


def sanitized_program(program: str, checkout: Path, folder: Path) -> Path:
    """One of our programs, whole."""
    trees = [checkout / tree for tree in SOURCES[program]]
    sources = [source for tree in trees for source in source_files(tree, "*.c")]
    return build_sanitized(sources, trees, folder / program)
