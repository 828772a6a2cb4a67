"""Packs and signs one APK: aapt's binary manifest, and the libraries stored at multiples of 16 KB.

Debian's zipalign aligns libraries only to 4 KB (it has no ``-P``), so this module adds the padding.
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
PASSWORD_VARIABLE = "LMKD_APK_KEY_PASSWORD"  # noqa: S105 - a variable's name, not a password
DEBUG_PASSWORD = "android"  # noqa: S105 - the password of Android's own debug keys
_ALIGNMENT_FIELD = 0xD935  # "Android ZIP Alignment Extra Field" of apksig, which preserves this alignment
_LOCAL_HEADER_SIZE = 30


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    store: Path
    password: str


def debug_key(cache: Cache) -> SigningKey:
    """Returns this user's debug key, generated once and kept in the cache."""

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
    """Returns the user's own key from a keystore with one key.

    The password comes from the environment, because command lines are visible to other users.

    Raises:
        UsageProblem: the keystore does not exist, does not open, or holds more or less than one key.
        DeviceUnusable: a tool is missing.
    """
    require_tools()
    if not store.is_file():
        raise UsageProblem(f"there is no keystore {store}: make one with `keytool -genkeypair`")
    key = SigningKey(store=store, password=os.environ.get(PASSWORD_VARIABLE, DEBUG_PASSWORD))
    key_count = _keytool_listing(key).count("PrivateKeyEntry")
    if key_count != 1:
        raise UsageProblem(f"the keystore {store} holds {key_count} keys: give one that holds a single key")
    return key


def _keytool_listing(key: SigningKey) -> str:
    environment = {PASSWORD_VARIABLE: key.password, "LC_ALL": "C"}
    words = ("-list", "-keystore", str(key.store), "-storepass:env", PASSWORD_VARIABLE)
    try:
        return run_tool("keytool", *words, environment=environment)
    except DeviceUnusable as error:
        reason = str(error).rpartition("\n")[2]
        raise UsageProblem(
            f"the keystore {key.store} does not open ({reason}): its password is read from "
            f"${PASSWORD_VARIABLE}"
        ) from error


def manifest_text(package: str) -> str:
    template = resources.tree("apk-workloads/native") / "AndroidManifest.xml"
    return template.read_text().replace("@PACKAGE@", package)


def build_package(output: Path, package: str, libraries: Mapping[str, Path], key: SigningKey) -> None:
    """Writes the signed APK to ``output``; ``libraries`` maps an ABI to its library.

    Raises:
        DeviceUnusable: a tool failed, for example because of a wrong password.
    """
    manifest = output.with_name("AndroidManifest.xml")  # aapt accepts no other name
    plain, unsigned = (output.with_suffix(end) for end in (".aapt", ".unsigned"))
    manifest.write_text(manifest_text(package))
    run_tool("aapt", "package", "-f", "-M", str(manifest), "-I", str(FRAMEWORK), "-F", str(plain))
    _pack(unsigned, plain, libraries)
    _sign(output, unsigned, key)
    for path in (manifest, plain, unsigned):
        path.unlink()


def _pack(unsigned: Path, plain: Path, libraries: Mapping[str, Path]) -> None:
    """Writes the unsigned APK: the manifest from aapt's archive ``plain``, and the libraries."""
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(unsigned, "w") as target:
        manifest = source.read("AndroidManifest.xml")
        target.writestr(_entry("AndroidManifest.xml"), manifest, zipfile.ZIP_DEFLATED)
        for abi, library in sorted(libraries.items()):
            entry = _entry(f"lib/{abi}/{LIBRARY}")
            entry.extra = _padding(target.start_dir + _LOCAL_HEADER_SIZE + len(entry.filename))
            target.writestr(entry, library.read_bytes(), zipfile.ZIP_STORED)


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, date_time=(2009, 1, 1, 0, 0, 0))  # fixed, for reproducible bytes


def _padding(offset: int) -> bytes:
    """Returns an extra field that, placed at ``offset``, ends at a multiple of 16 KB."""
    zeros = -(offset + 6) % ALIGNMENT
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
