"""Compiles the app's library for each ABI with zig, against our own declarations of bionic.

zig has no bionic. So the headers in ``native/bionic`` declare the functions that the app uses, and it is
linked to import libraries generated from the lists ``native/*.symbols``; the device's libraries provide the
functions at run time.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from lmkd_apks.tools import run_tool
from lmkd_core.base import resources
from lmkd_core.base.cache import Cache
from lmkd_core.base.cache import content_key
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from lmkd_core.base.toolchain import source_files
from lmkd_core.base.toolchain import zig_version

LIBRARY = "liblmkdwork.so"
ANDROID_TARGETS: dict[str, tuple[str, ...]] = {
    "arm64-v8a": ("-target", "aarch64-linux-android"),
    "armeabi-v7a": ("-target", "thumb-linux-androideabi", "-mcpu=generic+v7a"),
    "x86_64": ("-target", "x86_64-linux-android"),
    "x86": ("-target", "x86-linux-android"),
}
"""zig's target options for each ABI of apps."""

SHARED_SOURCES = (
    "failure.c",
    "parked.c",
    "text.c",
    "shapes/app_mix.c",
    "shapes/pages.c",
    "shapes/private_anon.c",
    "shapes/private_file.c",
    "shapes/shape.c",
    "shapes/shared_memory.c",
)
"""Sources below device_agent/lib that the app shares with the agent's victims."""

C_FLAGS = (
    "-std=c11",
    "-Os",
    "-fPIC",
    "-fvisibility=hidden",
    "-ffreestanding",
    "-fno-stack-protector",
    "-fno-sanitize=all",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wconversion",
    "-nostdinc",
)
LINK_FLAGS = (
    "-shared",
    "-s",
    "-nostdlib",
    "-Wl,--gc-sections",
    "-Wl,-z,defs",
    # Android with 16 KB pages rejects smaller alignment.
    "-Wl,-z,max-page-size=16384",
    f"-Wl,-soname,{LIBRARY}",
)


def build_library(abi: str, progress: Progress, cache: Cache | None = None) -> Path:
    """Builds the library for ``abi``, cached by content; returns its path.

    Raises:
        DeviceUnusable: zig is not installed, or the sources do not compile.
    """
    cache = cache or Cache()

    def make(folder: Path) -> None:
        progress(f"building {LIBRARY} for {abi}")
        _compile(folder / LIBRARY, abi, cache.root / "zig")

    return cache.build(f"apk-library-{abi}", content_key(_key_parts(abi)), make) / LIBRARY


def symbols(library: str) -> list[str]:
    """Returns the symbols that the app may import from the device's ``library``, for example ``libc``."""
    return (_native_tree() / f"{library}.symbols").read_text().split()


def sources() -> list[Path]:
    agent = resources.tree("device_agent/lib")
    return [*(agent / name for name in SHARED_SOURCES), *source_files(_native_tree() / "app", "*.c")]


def include_flags() -> list[str]:
    folders = (_native_tree() / "app", resources.tree("device_agent/lib"))
    return [f"-I{folder}" for folder in folders]


def _native_tree() -> Path:
    return resources.tree("apk-workloads/native")


def _key_parts(abi: str) -> list[bytes]:
    flags = (abi, *ANDROID_TARGETS[abi], *C_FLAGS, *LINK_FLAGS, *SHARED_SOURCES, zig_version())
    parts = [flag.encode() for flag in flags]
    for tree in (resources.tree("device_agent/lib"), _native_tree()):
        for file in source_files(tree, "*.[ch]") + source_files(tree, "*.symbols"):
            parts += [str(file.relative_to(tree)).encode(), file.read_bytes()]
    return parts


def _compile(output: Path, abi: str, zig_cache: Path) -> None:
    stubs = [_import_library(name, output.parent, abi, zig_cache) for name in ("libc", "liblog")]
    stubs += [_compiler_runtime(output.parent, abi, zig_cache)]
    words = [*C_FLAGS, "-isystem", str(_compiler_headers()), "-isystem", str(_native_tree() / "bionic")]
    words += [*include_flags(), *LINK_FLAGS, "-o", str(output)]
    _zig(zig_cache, "cc", *ANDROID_TARGETS[abi], *words, *map(str, sources()), *map(str, stubs))
    for stub in stubs:
        stub.unlink()


def _import_library(name: str, folder: Path, abi: str, zig_cache: Path) -> Path:
    """Builds a stub with the symbols that the app may import from the device's library ``name``."""
    source, stub = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text("".join(f"void {symbol}(void) {{}}\n" for symbol in symbols(name)))
    words = ("-shared", "-nostdlib", "-ffreestanding", "-fno-builtin", "-w", f"-Wl,-soname,{name}.so")
    _zig(zig_cache, "cc", *ANDROID_TARGETS[abi], *words, "-o", str(stub), str(source))
    source.unlink()
    return stub


def _compiler_runtime(folder: Path, abi: str, zig_cache: Path) -> Path:
    """Builds the 64-bit division for 32-bit ABIs, which bionic does not guarantee to apps."""
    archive = folder / "compiler_rt.a"
    source = _compiler_headers().parent / "compiler_rt.zig"
    target = [word for flag in ANDROID_TARGETS[abi] for word in flag.replace("-mcpu=", "-mcpu ").split()]
    words = ("-static", "-OReleaseSmall", "-fPIC", "-fstrip", "-ffunction-sections")
    _zig(zig_cache, "build-lib", *target, *words, f"-femit-bin={archive}", str(source))
    return archive


def _zig(zig_cache: Path, *words: str) -> None:
    folders = {"ZIG_GLOBAL_CACHE_DIR": str(zig_cache), "ZIG_LOCAL_CACHE_DIR": str(zig_cache)}
    run_tool(sys.executable, "-m", "ziglang", *words, environment=folders)


def _compiler_headers() -> Path:
    ziglang = importlib.util.find_spec("ziglang")
    if ziglang is None or ziglang.origin is None:
        raise DeviceUnusable("the C compiler zig is not installed: run `pip install 'pytest-lmkd[build]'`")
    return Path(ziglang.origin).parent / "lib" / "include"
