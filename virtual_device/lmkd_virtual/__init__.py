"""The virtual device: builds its kernel and file system, and runs it in QEMU.

Depends on the rest of the project only through lmkd_core.base (errors, cache, toolchain).
"""

from lmkd_virtual.architecture import ARCHITECTURES
from lmkd_virtual.architecture import X86_64
from lmkd_virtual.architecture import architecture
from lmkd_virtual.image import Image
from lmkd_virtual.image import build
from lmkd_virtual.instance import PERSONALITIES
from lmkd_virtual.instance import Instance
from lmkd_virtual.instance import check_name
from lmkd_virtual.instance import down
from lmkd_virtual.instance import status
from lmkd_virtual.instance import up

DEFAULT_ABI = X86_64.name

__all__ = [
    "ARCHITECTURES",
    "DEFAULT_ABI",
    "PERSONALITIES",
    "Image",
    "Instance",
    "architecture",
    "build",
    "check_name",
    "down",
    "status",
    "up",
]
