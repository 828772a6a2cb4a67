"""Packs and signs one APK: aapt's binary manifest, and the libraries stored at multiples of 16 KB.

Debian's zipalign aligns libraries to 4 KB only (it has no ``-P``), so the padding is our own.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lmkd_apks.library import LIBRARY
from lmkd_apks.tools import FRAMEWORK
from lmkd_apks.tools import require_tools
from lmkd_apks.tools import run_tool
from lmkd_core.base import resources
from lmkd_core.base.cache import Cache
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import UsageProblem

ALIGNMENT = 16384
PASSWORD_VARIABLE = "LMKD_APK_KEY_PASSWORD"  # noqa: S105 - the name of a variable, not a password
DEBUG_PASSWORD = "android"  # noqa: S105 - what Android's own debug keys have
_ALIGNMENT_FIELD = 0xD935  # "Android ZIP Alignment Extra Field" of apksig, which keeps what it says
_LOCAL_HEADER_SIZE = 30


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    store: Path
    password: str


def debug_key(cache: Cache) -> SigningKey:
    """A key of this user's, made once and kept in the cache."""

    def make(folder: Path) -> None:
        words: tuple[str, ...] = (
            "-genkeypair",
            "-storetype",
            "PKCS12",
            "-alias",
            "debug",
            "-keyalg",
            "RSA",
            "-keysize",
            "2048",
        )
        words += ("-validity", "10000", "-dname", "CN=pytest-lmkd debug")
        run_tool("keytool", *words, "-storepass", DEBUG_PASSWORD, "-keystore", str(folder / "debug.p12"))

    return SigningKey(store=cache.build("apk-key", "debug", make) / "debug.p12", password=DEBUG_PASSWORD)


def own_key(store: Path) -> SigningKey:
    """A keystore with one key; its password stands in the environment, not on a command line.

    Raises:
        UsageProblem: there is no such keystore, it does not open, or it does not hold one key.
        DeviceUnusable: a tool is missing.
    """
    require_tools()
    if not store.is_file():
        raise UsageProblem(f"there is no keystore {store}: make one with `keytool -genkeypair`")
    key = SigningKey(store=store, password=os.environ.get(PASSWORD_VARIABLE, DEBUG_PASSWORD))
    keys = _list(key).count("PrivateKeyEntry")
    if keys != 1:
        raise UsageProblem(f"the keystore {store} holds {keys} keys: give one that holds a single key")
    return key


def _list(key: SigningKey) -> str:
    environment = {PASSWORD_VARIABLE: key.password, "LC_ALL": "C"}
    words = ("-list", "-keystore", str(key.store), "-storepass:env", PASSWORD_VARIABLE)
    try:
        return run_tool("keytool", *words, environment=environment)
    except DeviceUnusable as error:
        reason = str(error).rpartition("\n")[2]
        raise UsageProblem(
            f"the keystore {key.store} does not open ({reason}): its password is taken from "
            f"${PASSWORD_VARIABLE}"
        ) from error


def manifest_text(package: str) -> str:
    template = resources.tree("apk-workloads/native") / "AndroidManifest.xml"
    return template.read_text().replace("@PACKAGE@", package)


def build_package(output: Path, package: str, libraries: Mapping[str, Path], key: SigningKey) -> None:
    """The signed APK at ``output``; ``libraries`` by ABI.

    Raises:
        DeviceUnusable: a tool failed, for example for a wrong password.
    """
    manifest = output.with_name("AndroidManifest.xml")  # aapt takes no other name
    plain, unsigned = (output.with_suffix(end) for end in (".aapt", ".unsigned"))
    manifest.write_text(manifest_text(package))
    run_tool("aapt", "package", "-f", "-M", str(manifest), "-I", str(FRAMEWORK), "-F", str(plain))
    _pack(unsigned, plain, libraries)
    _sign(output, unsigned, key)
    for path in (manifest, plain, unsigned):
        path.unlink()


def _pack(unsigned: Path, plain: Path, libraries: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(plain) as made, zipfile.ZipFile(unsigned, "w") as target:
        manifest = made.read("AndroidManifest.xml")
        target.writestr(_entry("AndroidManifest.xml"), manifest, zipfile.ZIP_DEFLATED)
        for abi, library in sorted(libraries.items()):
            entry = _entry(f"lib/{abi}/{LIBRARY}")
            entry.extra = _padding(target.start_dir + _LOCAL_HEADER_SIZE + len(entry.filename))
            target.writestr(entry, library.read_bytes(), zipfile.ZIP_STORED)


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, date_time=(2009, 1, 1, 0, 0, 0))  # the same bytes whenever it is built


def _padding(at: int) -> bytes:
    """An extra field after which, when it begins at ``at``, the next byte lies at a multiple of 16 KB."""
    zeros = -(at + 6) % ALIGNMENT
    return struct.pack("<HHH", _ALIGNMENT_FIELD, 2 + zeros, ALIGNMENT) + bytes(zeros)


def _sign(output: Path, unsigned: Path, key: SigningKey) -> None:
    words: tuple[str, ...] = (
        "--v1-signing-enabled",
        "false",
        "--v2-signing-enabled",
        "true",
        "--v3-signing-enabled",
        "true",
    )
    words += (
        "--v4-signing-enabled",
        "false",
        "--ks",
        str(key.store),
        "--ks-pass",
        f"env:{PASSWORD_VARIABLE}",
    )
    password = {PASSWORD_VARIABLE: key.password}
    run_tool("apksigner", "sign", *words, "--out", str(output), str(unsigned), environment=password)
