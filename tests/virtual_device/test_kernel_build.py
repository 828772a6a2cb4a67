"""What the kernel's build refuses, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmkd_core.base.cache import Cache
from lmkd_core.base.errors import CacheDamaged
from lmkd_core.base.errors import DeviceUnusable
from lmkd_virtual import busybox
from lmkd_virtual import image
from lmkd_virtual import kernel
from lmkd_virtual.architecture import ARCHITECTURES
from lmkd_virtual.architecture import X86_64
from lmkd_virtual.architecture import Architecture
from lmkd_virtual.kernel import lost_options

pytestmark = pytest.mark.virtual_device  # needs the packages that the device is built from

FRAGMENT = "# memory\nCONFIG_SWAP=y\nCONFIG_PCI=n\nCONFIG_NR_CPUS=4\n"


@pytest.mark.parametrize(
    ("config", "lost"),
    [
        ("CONFIG_SWAP=y\n# CONFIG_PCI is not set\nCONFIG_NR_CPUS=4\n", []),
        ("CONFIG_SWAP=y\nCONFIG_NR_CPUS=4\nCONFIG_MORE=y\n", []),
        ("# CONFIG_SWAP is not set\nCONFIG_NR_CPUS=4\n", ["CONFIG_SWAP=y"]),
        ("CONFIG_SWAP=y\nCONFIG_PCI=y\nCONFIG_NR_CPUS=4\n", ["CONFIG_PCI=n"]),
        ("CONFIG_SWAP=y\nCONFIG_PCI=m\nCONFIG_NR_CPUS=4\n", ["CONFIG_PCI=n"]),
        ("CONFIG_SWAP=y\nCONFIG_NR_CPUS=64\n", ["CONFIG_NR_CPUS=4"]),
        ("CONFIG_SWAPFILE=y\nCONFIG_NR_CPUS=4\n", ["CONFIG_SWAP=y"]),
        ("", ["CONFIG_SWAP=y", "CONFIG_NR_CPUS=4"]),
    ],
)
def test_options_that_the_kernel_did_not_take_are_named(config: str, lost: list[str]) -> None:
    assert lost_options(FRAGMENT, config) == lost


def test_a_missing_source_names_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kernel, "TARBALL", tmp_path / "none.tar.xz")
    with pytest.raises(DeviceUnusable, match=r"run `apt-get install linux-source-6\.12`"):
        image.build(print, Cache(tmp_path))


def test_missing_programs_are_named_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        kernel, "HOST_PROGRAMS", {"sh": "dash", "no-such-1": "package-1", "no-such-2": "package-2"}
    )
    with pytest.raises(DeviceUnusable, match="run `apt-get install package-1 package-2`"):
        image.build(print, Cache(tmp_path))


@pytest.mark.parametrize(
    ("abi", "command"), [("x86_64", "virtual build`"), ("arm64-16k", "virtual build --abi arm64-16k`")]
)
def test_a_device_that_was_never_built_says_how(tmp_path: Path, abi: str, command: str) -> None:
    with pytest.raises(DeviceUnusable, match=f"run `pytest-lmkd {command}"):
        image.find(print, Cache(tmp_path), ARCHITECTURES[abi])


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_no_two_architectures_share_a_kernel(architecture: Architecture) -> None:
    others = [one for one in ARCHITECTURES.values() if one is not architecture]
    assert kernel.kernel_key(architecture) not in map(kernel.kernel_key, others)


def test_a_damaged_kernel_says_how_to_build_it_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entry = cache.build("kernel", kernel.kernel_key(X86_64), lambda folder: _write_image(folder, "whole"))
    _write_image(entry, "damaged")
    with pytest.raises(CacheDamaged, match="run `pytest-lmkd virtual build`"):
        image.find(print, cache)


def _write_image(folder: Path, text: str) -> None:
    (folder / X86_64.kernel_name).write_text(text)


def test_a_busybox_that_needs_libraries_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(busybox, "INSTALLED", Path("/bin/ls"))
    with pytest.raises(DeviceUnusable, match="run `apt-get install busybox-static`"):
        busybox.static_busybox(X86_64, Cache(tmp_path), print)
