"""Installs the stand-in Android on a running virtual device. For tests only: it measures nothing of Android.

``python tests/stand_in_android/install.py [NAME]`` installs it by hand: NAME is a device of
``pytest-lmkd virtual up --name NAME``, by default the only one that is up.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import LmkdError
from lmkd_core.base.progress import Progress
from lmkd_core.base.toolchain import build_static
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport import Transport

HERE = Path(__file__).resolve().parent
ABI = "x86_64"
PUSH_S = 120.0

PROGRAMS = {"stand-in-android": ("shared", "daemon"), "stand-in-app": ("shared", "app")}
"""Each program, and the folders of its sources below ``native``."""

STAGE = "/data/local/tmp/stand-in"
"""Pushed files wait here until all are put into place at once."""

PUT_INTO_PLACE = f"""
set -e
umask 022
mkdir -p /dev/socket /data/app /data/user/0 /data/misc/logd-stand-in /data/property /data/system
chmod 755 /data
[ -f /data/property/stand-in ] || cat /system/build.prop {STAGE}/properties |
	awk -F= '{{ value[$1] = $0 }} END {{ for (name in value) print value[name] }}' > /data/property/stand-in
echo 500 > /proc/sys/vm/watermark_scale_factor
for buffer in main system events; do touch /data/misc/logd-stand-in/$buffer; done
chmod 666 /data/misc/logd-stand-in/*
fresh=
for program in {" ".join(PROGRAMS)}; do
	cmp -s {STAGE}/$program /system/bin/$program && continue
	mv -f {STAGE}/$program /system/bin/$program
	fresh=1
done
ln -sf /system/bin/stand-in-android /bin/stand-in-android
mv -f {STAGE}/bin/* /bin/
rm -rf {STAGE}
cp -f /system/bin/stand-in-android /bin/run-as.new
chmod 4755 /bin/run-as.new
mv -f /bin/run-as.new /bin/run-as
[ -z "$fresh" ] || for pid in $(pidof system_server) $(pidof lmkd); do kill $pid; done
pidof lmkd > /dev/null && [ -z "$fresh" ] || stand-in-android lmkd
pidof system_server > /dev/null && [ -z "$fresh" ] || stand-in-android system_server
"""
"""Running daemons of the same program go on running, and so do their apps.

Reclaim begins early (5 % of memory): the memory of the apps does not compress, so swap on zram, which is
memory too, gives nothing back, and a kernel at its last pages would stall lmkd as well.
"""


def install(transport: Transport, progress: Progress = print) -> None:
    """Makes the device answer as Android does; does not change a device that does so already.

    Raises:
        DeviceUnusable: a program cannot be built, or the device refuses.
        TransportLost: the link broke.
    """
    built = {name: _build(name, folders, progress) for name, folders in PROGRAMS.items()}
    _run(transport, f"mkdir -p {STAGE}/bin")
    for name, path in built.items():
        transport.push(path, f"{STAGE}/{name}", 0o755, Deadline(PUSH_S))
    for path in sorted((HERE / "bin").iterdir()):
        transport.push(path, f"{STAGE}/bin/{path.name}", 0o755, Deadline(PUSH_S))
    transport.push(HERE / "properties", f"{STAGE}/properties", 0o644, Deadline(PUSH_S))
    _run(transport, PUT_INTO_PLACE)


def _build(program: str, folders: tuple[str, ...], progress: Progress) -> Path:
    return build_static(program, [HERE / "native" / folder for folder in folders], ABI, progress)


def _run(transport: Transport, command: str) -> None:
    done = transport.shell(command, Deadline(PUSH_S))
    if done.exit_code != 0:
        raise DeviceUnusable(f"the stand-in Android is not installed: {done.stderr.decode(errors='replace')}")


def main() -> None:
    """Installs it on the named device, or on the only one that is up."""
    wanted = sys.argv[1:]
    instances = [instance for instance in lmkd_virtual.status() if not wanted or instance.name in wanted]
    if len(instances) != 1:
        sys.exit(
            f"name one of the virtual devices that are up; found {[instance.name for instance in instances]}"
        )
    with tempfile.TemporaryDirectory(prefix="lmkd-") as folder:
        server = PrivateAdbServer(Path(folder))
        try:
            server.require(Deadline(PUSH_S))
            install(server.connect(f"localfilesystem:{instances[0].adb_socket}", Deadline(PUSH_S)))
        except LmkdError as error:
            sys.exit(str(error))
        finally:
            server.stop(Deadline(PUSH_S))


if __name__ == "__main__":
    main()
