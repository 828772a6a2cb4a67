"""StandInShell: a transport that only has ``shell``, which runs this machine's ``sh``."""

from __future__ import annotations

import subprocess

from lmkd_core.base.deadline import Deadline
from pytest_lmkd.transport import Completed


class StandInShell:
    serial = "stand-in"

    def shell(self, command: str, deadline: Deadline, stdin: bytes = b"") -> Completed:
        done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, input=stdin)
        return Completed(done.stdout, done.stderr, done.returncode)
