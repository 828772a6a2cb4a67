"""Whether this host can start Cuttlefish at all: told at once, before anything is started.

What is asked for is what Cuttlefish itself asks for (``ValidateHostConfiguration`` in its
vm_manager/host_configuration.cpp) and what its machine needs: KVM and vsock.
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
"""By what Cuttlefish knows its host tools in ``bin`` (``GetStartBinName`` in its host_tool_target.cpp)."""

INSTALL = "install the package cuttlefish-base (docs/cuttlefish.md says from where)"


@dataclass(frozen=True, slots=True)
class Host:
    """Where the host's means are; other than the defaults only in tests."""

    kvm: Path = Path("/dev/kvm")
    vhost_vsock: Path = Path("/dev/vhost-vsock")
    network_group: str = "cvdnetwork"
    container_marks: tuple[Path, ...] = (Path("/.dockerenv"), Path("/run/.containerenv"))

    def reason_unusable(self, settings: Settings) -> str:
        """Why none can be started with ``settings``, and what to do; empty when nothing is against it."""
        return (
            self._why_no_kvm()
            or self._why_no_vsock(settings)
            or self._why_no_network()
            or _why_no_images(settings)
        )

    def _why_no_kvm(self) -> str:
        if not self.kvm.exists():
            return f"there is no {self.kvm}: allow virtualization in the firmware, then `sudo modprobe kvm`"
        if not os.access(self.kvm, os.R_OK | os.W_OK):
            return f"you may not use {self.kvm}: run `sudo usermod -aG kvm $USER` and log in again"
        try:
            _create_machine(self.kvm)
        except OSError as error:
            return (
                f"{self.kvm} is there, but no machine can be made with it ({error.strerror}): in a virtual "
                "machine allow nested virtualization, or end what else uses it"
            )
        return ""

    def _why_no_vsock(self, settings: Settings) -> str:
        if any("vhost_user_vsock" in word for word in settings.extra):  # then it is a program, not the kernel
            return ""
        if not self.vhost_vsock.exists():
            return f"there is no {self.vhost_vsock}: run `sudo modprobe vhost_vsock`"
        if not os.access(self.vhost_vsock, os.R_OK | os.W_OK):
            return f"you may not use {self.vhost_vsock}: run `sudo chmod 666 {self.vhost_vsock}`"
        return ""

    def _why_no_network(self) -> str:
        if any(mark.exists() for mark in self.container_marks):  # Cuttlefish does not ask for it there either
            return ""
        try:
            group = grp.getgrnam(self.network_group)
        except KeyError:
            return f"there is no group {self.network_group}: {INSTALL}"
        if group.gr_gid not in {os.getegid(), *os.getgroups()}:
            return (
                f"you are not in the group {self.network_group}: run "
                f"`sudo usermod -aG {self.network_group} $USER` and log in again"
            )
        return ""


def images_folder(settings: Settings) -> Path:
    """Where the launcher looks for images (``DefaultProductPath`` in Cuttlefish's create.cpp)."""
    named = os.environ.get("ANDROID_PRODUCT_OUT") or os.environ.get("HOME") or "."
    return settings.images or Path(named).absolute()


def tools_folder(settings: Settings) -> Path:
    """Where the host tools are: with the images, or where ``DefaultHostPath`` of create.cpp looks."""
    if settings.images is not None and has_tools(settings.images):
        return settings.images
    variables = ("ANDROID_HOST_OUT", "ANDROID_SOONG_HOST_OUT", "HOME")
    named = next((os.environ[name] for name in variables if os.environ.get(name)), ".")
    return Path(named).absolute()


def has_tools(folder: Path) -> bool:
    return any((folder / "bin" / name).is_file() for name in LAUNCHERS)


def _why_no_images(settings: Settings) -> str:
    images, tools = images_folder(settings), tools_folder(settings)
    if not any(images.glob("*.img")):
        return (
            f"there are no images (*.img) in {images}: fetch some with `cvd fetch`, and name their folder "
            "with images=DIR or ANDROID_PRODUCT_OUT"
        )
    if not has_tools(tools):
        return (
            f"there are no host tools (bin/cvd_internal_start) in {tools}: unpack cvd-host_package.tar.gz "
            "beside the images, or set ANDROID_HOST_OUT"
        )
    return ""


def _create_machine(kvm: Path) -> None:
    """That the node opens proves nothing: under a hypervisor without nesting this is what fails."""
    device = os.open(kvm, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.close(fcntl.ioctl(device, KVM_CREATE_VM, 0))
    finally:
        os.close(device)
