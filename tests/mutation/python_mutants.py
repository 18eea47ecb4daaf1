"""Edits of a Python module, by its syntax tree: what runs, not annotations or docstrings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tests.mutation.mutant import Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
# Nothing of these runs, or nothing a test could see.
SKIPPED_FIELDS = ("annotation", "returns", "decorator_list", "type_params")


def mutants(path: Path) -> Iterator[Mutant]:
    """Generate every mutant of a module, one edit each."""
    tree = ast.parse(path.read_text("utf-8"))
    for parent, field, index in list(_places(tree)):
        node = _get(parent, field, index)
        for edited in _edits(node):
            _set(parent, field, index, edited)
            yield Mutant(
                place=f"{path.name}:{node.lineno}",
                before=ast.unparse(node),
                after=ast.unparse(ast.fix_missing_locations(edited)),
                text=ast.unparse(ast.fix_missing_locations(tree)) + "\n",
            )
        _set(parent, field, index, node)


def _places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Walk all that runs: where each expression and statement hangs in the tree."""
    for field, value in ast.iter_fields(node):
        if field in SKIPPED_FIELDS:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _says_nothing(child):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield node, field, index if isinstance(value, list) else None
            yield from _places(child)


def _says_nothing(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            return True
        case ast.Expr(value=ast.Constant()):  # a docstring
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(value=ast.Subscript(value=ast.Name(id="Literal"))):  # a type's name
            return True
        case ast.Assign(value=ast.BinOp(op=ast.BitOr())):  # likewise
            return True
    return False


def _edits(node: ast.AST) -> Iterator[Any]:
    match node:
        case ast.Constant():
            yield ast.Constant(_another(node.value))
        case ast.Compare(ops=[operator]):
            yield ast.Compare(node.left, [COMPARISONS[type(operator)]()], node.comparators)
            if isinstance(operator, ast.Lt | ast.Gt):
                opposite = ast.Gt if isinstance(operator, ast.Lt) else ast.Lt
                yield ast.Compare(node.left, [opposite()], node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            yield from node.values
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.Tuple(ctx=ast.Load()) if len(node.elts) > 1:
            yield from _shorter_tuples(node)
        case ast.Call():
            yield from _swapped_arguments(node)
        case ast.stmt():
            yield from _lost_statements(node)


def _shorter_tuples(node: ast.Tuple) -> Iterator[ast.Tuple]:
    for index in range(len(node.elts)):
        yield ast.Tuple(node.elts[:index] + node.elts[index + 1 :], node.ctx)


def _lost_statements(node: ast.stmt) -> Iterator[ast.stmt]:
    match node:
        case ast.Return() if node.value and ast.unparse(node.value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.If() | ast.Raise() | ast.Expr() | ast.Assign():
            yield ast.Pass()


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "_mutant"
    return "mutant"


def _swapped_arguments(call: ast.Call) -> Iterator[ast.Call]:
    for index in range(len(call.args) - 1):
        args = [*call.args]
        args[index : index + 2] = reversed(args[index : index + 2])
        yield ast.Call(call.func, args, call.keywords)
    for one, other in zip(call.keywords, call.keywords[1:], strict=False):
        if ast.unparse(one.value) == ast.unparse(other.value):
            continue
        swapped = {one.arg: other.value, other.arg: one.value}
        keywords = [ast.keyword(k.arg, swapped.get(k.arg, k.value)) for k in call.keywords]
        yield ast.Call(call.func, call.args, keywords)


def _get(parent: ast.AST, field: str, index: int | None) -> Any:
    value = getattr(parent, field)
    return value if index is None else value[index]


def _set(parent: ast.AST, field: str, index: int | None, node: Any) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node
