"""Selects devices: ``--lmkd-filter 'sdk >= 34 and abi == "arm64-v8a" and kernel >= "6.1"'``.

The expression has Python's syntax but allows only comparisons of facts. ``ast`` parses it, nothing executes
it.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.schema import Fact

Value = str | int | bool | None

VERSIONS = frozenset({"kernel", "android"})
"""Facts compared number by number: 6.12 is greater than 6.6."""

COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
}

ORDERS = (operator.lt, operator.le, operator.gt, operator.ge)

EXAMPLE = "sdk >= 34 and abi == \"arm64-v8a\" and 'Pixel' in model"


class DeviceFilter:
    """A parsed filter expression. An empty one selects every device.

    Raises:
        UsageProblem: the expression is invalid or names an unknown fact.
    """

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self.text = text.strip()
        self._known = known
        try:
            self._body = ast.parse(self.text or "True", mode="eval").body
        except SyntaxError as error:
            raise self._problem(f"cannot be read ({error.msg})") from error
        self._check(self._body)

    def wants(self, facts: Mapping[str, Fact]) -> bool:
        """Whether the filter selects a device with these facts; comparing a missing fact is false.

        Raises:
            UsageProblem: the expression compares values of different types.
        """
        return bool(self._value(self._body, facts))

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.BoolOp(values=parts):
                any(map(self._check, parts))
            case ast.UnaryOp(op=ast.Not(), operand=part):
                self._check(part)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                self._check(left)
                self._check(right)
            case ast.Name(id=name):
                if name not in self._known:
                    raise self._problem(
                        f"names the unknown fact {name!r}; known: {', '.join(sorted(self._known))}"
                    )
            case ast.Constant(value=str() | int()):
                pass
            case _:
                raise self._problem(f"contains {ast.unparse(node)!r}, which is not a comparison")

    def _value(self, node: ast.expr, facts: Mapping[str, Fact]) -> Value:
        match node:
            case ast.BoolOp(op=ast.And(), values=parts):
                return all(self._value(part, facts) for part in parts)
            case ast.BoolOp(values=parts):
                return any(self._value(part, facts) for part in parts)
            case ast.UnaryOp(operand=part):
                return not self._value(part, facts)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compare(COMPARISONS[type(op)], left, right, facts)
            case ast.Name(id=name):
                return facts[name].value if name in facts else None
            case ast.Constant(value=value):
                return value  # type: ignore[return-value]  # a str or an int, see _check
        raise AssertionError(node)

    def _compare(
        self, compare: Callable[[Any, Any], bool], left: ast.expr, right: ast.expr, facts: Mapping[str, Fact]
    ) -> bool:
        left_value: object = self._value(left, facts)
        right_value: object = self._value(right, facts)
        if left_value is None or right_value is None:
            return False
        names = {node.id for node in (left, right) if isinstance(node, ast.Name)}
        if names & VERSIONS and compare in ORDERS:
            left_value, right_value = _version(left_value), _version(right_value)
        try:
            return compare(left_value, right_value)
        except TypeError as error:
            raise self._problem(f"compares {left_value!r} with {right_value!r}") from error

    def _problem(self, predicate: str) -> UsageProblem:
        return UsageProblem(f"--lmkd-filter {self.text!r} {predicate}; example: {EXAMPLE}")


def _version(value: object) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", str(value))))
