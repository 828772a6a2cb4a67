"""The layers of the code: who may import whom, that no import leads back, and what the ground loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from structure import DISTRIBUTED
from structure import Structure
from structure import circles
from structure import read_structure

CHECKOUT = Path(__file__).resolve().parents[2]
STRUCTURE = read_structure(CHECKOUT)

GROUND = "lmkd_core"
ON_THE_GROUND = ("lmkd_reports", "lmkd_virtual", "lmkd_apks")
"""They know the ground and themselves: the plugin imports them, never the other way round."""

PLUGIN = (
    ("pytest_lmkd.transport",),
    ("pytest_lmkd.lmkd",),
    ("pytest_lmkd.devices", "pytest_lmkd.devices.cuttlefish"),
    ("pytest_lmkd.experiment",),
    ("pytest_lmkd.reclaim",),
    ("pytest_lmkd.pressure", "pytest_lmkd.conformance", "pytest_lmkd.apps"),
    ("pytest_lmkd.run",),
    ("pytest_lmkd",),
)
"""From the lowest: a package imports those below it, and those of its own line only within its tree."""

NOT_IN_PURE_CODE = {"pytest", "_pytest", "adbutils", "xdist"}


@pytest.mark.parametrize("module", STRUCTURE.modules(GROUND))
def test_the_ground_imports_nothing_else_of_ours_nor_pytest_nor_adbutils(module: str) -> None:
    assert not STRUCTURE.tops(module) & ({*DISTRIBUTED, *NOT_IN_PURE_CODE} - {GROUND})


@pytest.mark.parametrize("top", ON_THE_GROUND)
def test_reports_devices_and_apks_stand_on_the_ground_alone(top: str) -> None:
    for module in STRUCTURE.modules(top):
        assert not STRUCTURE.tops(module) & ({*DISTRIBUTED, *NOT_IN_PURE_CODE} - {GROUND, top}), module


@pytest.mark.parametrize("package", [GROUND, *ON_THE_GROUND])
def test_importing_them_loads_neither_pytest_nor_adbutils(package: str) -> None:
    names = [name for name in STRUCTURE.modules(package) if not name.endswith("__main__")]
    script = (
        f"import sys, {', '.join(names)}; print(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not NOT_IN_PURE_CODE & set(done.stdout.split())


def layer(package: str) -> int:
    (found,) = (number for number, packages in enumerate(PLUGIN) if package in packages)
    return found


def test_the_plugins_packages_import_downwards() -> None:
    for package, others in STRUCTURE.between_packages().items():
        for other in others if package.startswith("pytest_lmkd") else ():
            if other.startswith("pytest_lmkd") and not related(package, other):
                assert layer(other) < layer(package), f"{package} imports {other}"


def related(package: str, other: str) -> bool:
    """A package and one inside it, but for the root, which is a layer of its own."""
    outer, inner = sorted((package, other), key=len)
    return outer != "pytest_lmkd" and inner.startswith(f"{outer}.")


def test_no_module_leads_back_to_itself() -> None:
    assert circles(STRUCTURE.between_modules()) == []


def test_no_package_leads_back_to_itself() -> None:
    """Of packages side by side; one and those inside it may import each other."""
    flat = {package: ".".join(package.split(".")[:2]) for package in STRUCTURE.between_packages()}
    graph: dict[str, set[str]] = {name: set() for name in flat.values()}
    for package, others in STRUCTURE.between_packages().items():
        graph[flat[package]] |= {flat[other] for other in others} - {flat[package]}
    assert circles({package: frozenset(others) for package, others in graph.items()}) == []


def test_a_circle_is_found() -> None:
    graph = {"a": frozenset({"b"}), "b": frozenset({"c"}), "c": frozenset({"a"}), "d": frozenset({"a"})}
    assert circles(graph) == [("a", "b", "c")]


def test_a_forbidden_import_is_seen_through_others() -> None:
    imports = {"lmkd_core.a": frozenset({"lmkd_core.b"}), "lmkd_core.b": frozenset({"adbutils"})}
    assert STRUCTURE.tops("lmkd_core.base.errors") == {"__future__"}
    assert Structure(imports, dict.fromkeys(imports, "lmkd_core")).tops("lmkd_core.a") == {
        "lmkd_core",
        "adbutils",
    }


def test_adbutils_is_used_behind_the_transport_only() -> None:
    users = {
        STRUCTURE.packages[module]
        for module, names in STRUCTURE.imports.items()
        if any(name.partition(".")[0] == "adbutils" for name in names)
    }
    assert users == {"pytest_lmkd.transport"}


def test_few_files_lie_at_the_root_of_the_plugin() -> None:
    assert len(list((CHECKOUT / "src" / "pytest_lmkd").glob("*.py"))) <= 8
