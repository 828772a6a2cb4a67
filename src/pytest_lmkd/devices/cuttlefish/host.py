"""Checks whether this host can start Cuttlefish, before anything is started.

These are Cuttlefish's own checks (``ValidateHostConfiguration`` in its vm_manager/host_configuration.cpp) and
the needs of its virtual machine: KVM and vsock.
"""

from __future__ import annotations

import fcntl
import grp
import os
from dataclasses import dataclass
from pathlib import Path

from pytest_lmkd.devices.cuttlefish.settings import Settings

KVM_CREATE_VM = 0xAE01
"""linux/kvm.h: ``_IO(KVMIO, 0x01)``."""

LAUNCHERS = ("cvd_internal_start", "launch_cvd")
"""Cuttlefish identifies its host tools in ``bin`` by these (``GetStartBinName`` in host_tool_target.cpp)."""

INSTALL = "install the package cuttlefish-base (see docs/cuttlefish.md)"


@dataclass(frozen=True, slots=True)
class Host:
    """Paths and names on the host; only tests change the defaults."""

    kvm: Path = Path("/dev/kvm")
    vhost_vsock: Path = Path("/dev/vhost-vsock")
    network_group: str = "cvdnetwork"
    container_marks: tuple[Path, ...] = (Path("/.dockerenv"), Path("/run/.containerenv"))

    def reason_unusable(self, settings: Settings) -> str:
        """The reason why no instance can start with ``settings``, with the remedy; empty if one can."""
        return (
            self._reason_no_kvm()
            or self._reason_no_vsock(settings)
            or self._reason_no_network()
            or _reason_no_images(settings)
        )

    def _reason_no_kvm(self) -> str:
        if not self.kvm.exists():
            return (
                f"{self.kvm} does not exist: enable virtualization in the firmware, then `sudo modprobe kvm`"
            )
        if not os.access(self.kvm, os.R_OK | os.W_OK):
            return f"you may not use {self.kvm}: run `sudo usermod -aG kvm $USER` and log in again"
        try:
            _create_machine(self.kvm)
        except OSError as error:
            return (
                f"{self.kvm} exists but cannot create a virtual machine ({error.strerror}): if the host is a "
                "virtual machine, enable nested virtualization, otherwise stop other users of KVM"
            )
        return ""

    def _reason_no_vsock(self, settings: Settings) -> str:
        if any("vhost_user_vsock" in word for word in settings.extra):  # a program then replaces the kernel
            return ""
        if not self.vhost_vsock.exists():
            return f"{self.vhost_vsock} does not exist: run `sudo modprobe vhost_vsock`"
        if not os.access(self.vhost_vsock, os.R_OK | os.W_OK):
            return f"you may not use {self.vhost_vsock}: run `sudo chmod 666 {self.vhost_vsock}`"
        return ""

    def _reason_no_network(self) -> str:
        if any(mark.exists() for mark in self.container_marks):  # Cuttlefish skips this check there, too
            return ""
        try:
            group = grp.getgrnam(self.network_group)
        except KeyError:
            return f"the group {self.network_group} does not exist: {INSTALL}"
        if group.gr_gid not in {os.getegid(), *os.getgroups()}:
            return (
                f"you are not in the group {self.network_group}: run "
                f"`sudo usermod -aG {self.network_group} $USER` and log in again"
            )
        return ""


def images_folder(settings: Settings) -> Path:
    """The folder where the launcher expects images (``DefaultProductPath`` in Cuttlefish's create.cpp)."""
    default = os.environ.get("ANDROID_PRODUCT_OUT") or os.environ.get("HOME") or "."
    return settings.images or Path(default).absolute()


def tools_folder(settings: Settings) -> Path:
    """The folder of the host tools: that of the images, else that of ``DefaultHostPath`` in create.cpp."""
    if settings.images is not None and has_tools(settings.images):
        return settings.images
    variables = ("ANDROID_HOST_OUT", "ANDROID_SOONG_HOST_OUT", "HOME")
    default = next((os.environ[name] for name in variables if os.environ.get(name)), ".")
    return Path(default).absolute()


def has_tools(folder: Path) -> bool:
    return any((folder / "bin" / name).is_file() for name in LAUNCHERS)


def _reason_no_images(settings: Settings) -> str:
    images, tools = images_folder(settings), tools_folder(settings)
    if not any(images.glob("*.img")):
        return (
            f"there are no images (*.img) in {images}: fetch some with `cvd fetch`, and set images=DIR or "
            "ANDROID_PRODUCT_OUT to their folder"
        )
    if not has_tools(tools):
        return (
            f"there are no host tools (bin/cvd_internal_start) in {tools}: unpack cvd-host_package.tar.gz "
            "into the folder of the images, or set ANDROID_HOST_OUT"
        )
    return ""


def _create_machine(kvm: Path) -> None:
    """Creates and closes a virtual machine. Without nested virtualization, this fails although open works."""
    device = os.open(kvm, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.close(fcntl.ioctl(device, KVM_CREATE_VM, 0))
    finally:
        os.close(device)
