"""The structure of our Python code, read from the sources: modules, packages, and who imports whom."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SOURCE_ROOTS = ("src", "reports", "virtual_device", "apk-workloads")
DISTRIBUTED = ("lmkd_core", "lmkd_reports", "lmkd_virtual", "lmkd_apks", "pytest_lmkd")
"""The top-level packages that we ship."""

Graph = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Structure:
    """``imports``: by module, the full names that it imports, anywhere in it, of ours and of others."""

    imports: Graph
    packages: Mapping[str, str]

    def modules(self, package: str) -> list[str]:
        """Those in ``package`` or below it."""
        return sorted(name for name in self.imports if f"{name}.".startswith(f"{package}."))

    def ours(self, module: str) -> frozenset[str]:
        """The modules of ours that ``module`` imports."""
        return frozenset(name for name in self.imports[module] if name in self.imports)

    def tops(self, module: str) -> set[str]:
        """The top-level packages that importing ``module`` loads, through any chain of imports of ours."""
        seen, waiting = {module}, [module]
        found: set[str] = set()
        while waiting:
            for name in self.imports[waiting.pop()]:
                found.add(name.partition(".")[0])
                if name in self.imports and name not in seen:
                    seen.add(name)
                    waiting.append(name)
        return found

    def between_packages(self) -> Graph:
        """Who imports whom, package by package; a package's own ``__init__`` belongs to it."""
        edges: dict[str, set[str]] = {package: set() for package in self.packages.values()}
        for module, package in self.packages.items():
            edges[package] |= {self.packages[name] for name in self.ours(module)} - {package}
        return {package: frozenset(others) for package, others in edges.items()}

    def between_modules(self) -> Graph:
        return {module: self.ours(module) - {module} for module in self.imports}


def read_structure(checkout: Path) -> Structure:
    paths = dict(_modules(checkout))
    imports = {name: frozenset(_imported(path, paths)) for name, path in paths.items()}
    packages = {
        name: name if path.name == "__init__.py" else name.rpartition(".")[0] for name, path in paths.items()
    }
    return Structure(imports, packages)


def circles(graph: Graph) -> list[tuple[str, ...]]:
    """Each way to come back to where one began, once, by depth first search."""
    found: dict[frozenset[str], tuple[str, ...]] = {}

    def visit(node: str, path: tuple[str, ...]) -> None:
        if node in path:
            circle = path[path.index(node) :]
            found.setdefault(frozenset(circle), circle)
        elif node not in done:
            for other in sorted(graph[node]):
                visit(other, (*path, node))
            done.add(node)

    done: set[str] = set()
    for node in sorted(graph):
        visit(node, ())
    return list(found.values())


def _modules(checkout: Path) -> Iterator[tuple[str, Path]]:
    for root in SOURCE_ROOTS:
        for top in DISTRIBUTED:
            for path in (checkout / root / top).rglob("*.py"):
                parts = path.relative_to(checkout / root).with_suffix("").parts
                yield ".".join(parts).removesuffix(".__init__"), path


def _imported(path: Path, known: Iterable[str]) -> Iterator[str]:
    """What an ``import`` statement names; of ``from package import module`` the module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                module = f"{node.module}.{name.name}"
                yield module if module in known else node.module
