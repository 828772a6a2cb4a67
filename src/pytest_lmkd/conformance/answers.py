"""The required answers of process_mrelease(2) and the fate of the target, by case and kernel variant.

``stock`` is upstream Linux 5.15 and later; ``reap-kill-v2`` and ``reap-kill-v3`` are the two versions of the
proposed flag (linux-mm, April and May 2026); ``exit-mm`` is the competing proposal. device_agent/conformance
produces the cases; its answers.c is this table in C, for ``lmkd-conformance --tap``.
"""

from __future__ import annotations

import re

STOCK, V2, V3, EXIT_MM = "stock", "reap-kill-v2", "reap-kill-v3", "exit-mm"
ALL = (STOCK, V2, V3, EXIT_MM)
NO_FLAG = (STOCK, EXIT_MM)
REAP_KILL = (V2, V3)
NO_FALLBACK = (STOCK, V2, V3)

# (case, flags): {variants: the program's answer}
ANSWERS: dict[tuple[str, int], dict[tuple[str, ...], str]] = {
    ("bad-fd", 0): {ALL: "ret=EBADF"},
    ("bad-fd", 1): {NO_FLAG: "ret=EINVAL", REAP_KILL: "ret=EBADF"},
    ("bad-fd", 2): {ALL: "ret=EINVAL"},  # the kernel checks the flags before the descriptor
    ("bad-fd", 0x80000001): {ALL: "ret=EINVAL"},
    ("gone", 0): {ALL: "ret=ESRCH"},
    ("gone", 1): {NO_FLAG: "ret=EINVAL", REAP_KILL: "ret=ESRCH"},
    ("kernel-thread", 0): {ALL: "ret=ESRCH"},
    ("kernel-thread", 1): {NO_FLAG: "ret=EINVAL", REAP_KILL: "ret=ESRCH"},
    ("init", 0): {ALL: "ret=EINVAL"},
    ("init", 1): {NO_FLAG: "ret=EINVAL", (V3,): "ret=EBUSY"},  # v2 reaps it, and the kernel panics
    ("live", 0): {ALL: "ret=EINVAL target=alive freed=no"},
    ("live", 1): {
        NO_FLAG: "ret=EINVAL target=alive freed=no",
        REAP_KILL: "ret=0 target=SIGKILL freed=yes",
    },
    ("live", 3): {ALL: "ret=EINVAL target=alive freed=no"},
    ("zombie", 0): {NO_FALLBACK: "ret=ESRCH target=exit 0", (EXIT_MM,): "ret=0 target=exit 0"},
    ("zombie", 1): {NO_FLAG: "ret=EINVAL target=exit 0", REAP_KILL: "ret=ESRCH target=exit 0"},
    ("dying", 0): {ALL: "ret=0 freed=yes"},
    ("dying", 1): {NO_FLAG: "ret=EINVAL freed=no", REAP_KILL: "ret=0 freed=yes"},
    ("sharer", 0): {ALL: "ret=EINVAL target=alive sharer=alive freed=no"},
    ("sharer", 1): {
        (*NO_FLAG, V2): "ret=EINVAL target=alive sharer=alive freed=no",
        (V3,): "ret=0 target=SIGKILL sharer=SIGKILL freed=yes",
    },
    ("sharer-gone", 0): {ALL: "ret=EINVAL target=alive"},
    ("sharer-gone", 1): {(*NO_FLAG, V2): "ret=EINVAL target=alive", (V3,): "ret=0 target=SIGKILL"},
    ("dying-sharer", 0): {ALL: "ret=EINVAL freed=no sharer=alive"},
    ("dying-sharer", 1): {
        (*NO_FLAG, V2): "ret=EINVAL freed=no sharer=alive",
        (V3,): "ret=0 freed=yes sharer=SIGKILL",
    },
    ("zombie-sharer", 0): {
        NO_FALLBACK: "ret=ESRCH freed=no sharer=alive",
        (EXIT_MM,): "ret=EINVAL freed=no sharer=alive",
    },
    ("zombie-sharer", 1): {
        NO_FLAG: "ret=EINVAL freed=no sharer=alive",
        REAP_KILL: "ret=ESRCH freed=no sharer=alive",
    },
    ("vfork", 0): {ALL: "ret=EINVAL child=alive target=alive"},
    ("vfork", 1): {
        NO_FLAG: "ret=EINVAL child=alive target=alive",
        (V2,): "ret=0 child=SIGBUS target=SIGKILL",  # the memory that the child still uses was reaped
        (V3,): "ret=0 child=SIGKILL target=SIGKILL",
    },
    ("other-user", 0): {ALL: "ret=EINVAL target=alive freed=no"},
    ("other-user", 1): {
        NO_FLAG: "ret=EINVAL target=alive freed=no",
        (V2,): "ret=EPERM target=alive freed=no",
        (V3,): "ret=EBUSY target=alive freed=no",
    },
    ("dying-other-user", 0): {ALL: "ret=0 freed=yes"},
    ("dying-other-user", 1): {
        NO_FLAG: "ret=EINVAL freed=no",
        (V2,): "ret=EPERM freed=no",
        (V3,): "ret=EBUSY freed=no",
    },
    ("sharer-of-other-user", 0): {ALL: "ret=EINVAL target=alive sharer=alive freed=no"},
    ("sharer-of-other-user", 1): {
        (*NO_FLAG, V2): "ret=EINVAL target=alive sharer=alive freed=no",
        (V3,): "ret=EBUSY target=SIGKILL sharer=alive freed=no",  # the signal already sent stands
    },
    ("outside-pid-namespace", 0): {ALL: "ret=EINVAL target=alive freed=no"},
    ("outside-pid-namespace", 1): {
        NO_FLAG: "ret=EINVAL target=alive freed=no",
        (V2,): "ret=0 target=SIGKILL freed=yes",
        (V3,): "ret=EBUSY target=alive freed=no",
    },
    ("oom-reaped", 0): {ALL: "ret=0 freed=yes"},
    ("oom-reaped", 1): {NO_FLAG: "ret=EINVAL freed=yes", REAP_KILL: "ret=0 freed=yes"},
    ("coredump", 0): {ALL: "ret=EINVAL"},
    ("coredump", 1): {NO_FLAG: "ret=EINVAL", REAP_KILL: "ret=0"},
    ("holder-of-live", 0): {ALL: "ret=EINVAL freed=no target=alive"},
    ("holder-of-live", 1): {
        NO_FLAG: "ret=EINVAL freed=no target=alive",
        REAP_KILL: "ret=0 freed=yes target=SIGKILL",
    },
    ("holder-of-zombie", 0): {
        NO_FALLBACK: "before=no ret=ESRCH freed=no after=yes",
        (EXIT_MM,): "before=no ret=0 freed=yes after=yes",
    },
    ("holder-of-zombie", 1): {
        NO_FLAG: "before=no ret=EINVAL freed=no after=yes",
        REAP_KILL: "before=no ret=ESRCH freed=no after=yes",
    },
}

EITHER = ("ok=seen ESRCH=seen", "ok=seen ESRCH=never", "ok=never ESRCH=seen")

RACES: dict[tuple[str, int], dict[tuple[str, ...], tuple[str, ...]]] = {
    ("race", 0): {NO_FALLBACK: EITHER, (EXIT_MM,): ("ok=seen ESRCH=never",)},
    ("race", 1): {REAP_KILL: EITHER},
}
"""Race between the target's exit and the call: the allowed answers over 200 rounds."""

RISKY = {
    "init": "the target is init, and a faulty kernel crashes with it",
    "coredump": "it changes kernel.core_pattern for all processes",
    "oom-reaped": "it triggers the kernel's OOM killer and reads the kernel log",
}
"""Cases that run only on our virtual devices, with the risk."""

NEEDS_ROOT = {
    "kernel-thread": "only root may call it on a kernel thread",
    "init": "only root may call it on init",
    "other-user": "only root has processes of several users",
    "dying-other-user": "only root has processes of several users",
    "sharer-of-other-user": "only root has processes of several users",
    "outside-pid-namespace": "only root may create namespaces",
    "oom-reaped": "only root may limit the memory of the target",
    "coredump": "only root may change kernel.core_pattern",
    "holder-of-live": "only root may block the kernel's own page faults (userfaultfd)",
    "holder-of-zombie": "only root may block the kernel's own page faults (userfaultfd)",
}
"""Cases that need root, because other users cannot produce them or get a different answer."""


def allowed_answers(case: str, flags: int, variant: str) -> tuple[str, ...]:
    """The answers that a kernel of that variant may give, as root sees them; none: not to be asked."""
    by_variants = RACES.get((case, flags)) or {
        variants: (answer,) for variants, answer in ANSWERS[case, flags].items()
    }
    for variants, answers in by_variants.items():
        if variant in variants:
            return answers
    return ()


def without_memory(answer: str) -> str:
    """The answer of a program that cannot see whether memory was freed: without root or memory cgroups."""
    return re.sub(r"\b(before|freed|after)=\w+", r"\1=unknown", answer)
