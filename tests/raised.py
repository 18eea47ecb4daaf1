"""Which errors the functions under api/ can answer with, read from their source."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from api._lib import errors
from api._lib.payments.refund_refusals import REASONS
from local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Error = tuple[int, str]  # HTTP status and stable code

API = ROOT / "api"
_REFUSAL = re.compile(r"errcode = 'PT(\d{3})'[^;]*?detail = '(\w+)';")


def raised(module: Path) -> set[Error]:
    """Return the errors that are made in a module, or in any that it imports."""
    return {error for each in _imported(module) for error in _made_in(each)}


def refused_by_the_database() -> set[Error]:
    """Return the refusals of our SQL functions whose code is known."""
    text = "".join(path.read_text("utf-8") for path in (ROOT / "sql").glob("*.sql"))
    # Why a purchase is not refunded is the answer of a function, and then the detail of a refusal.
    reasons = {(409, reason) for reason in REASONS}
    return {(int(status), code) for status, code in _REFUSAL.findall(text)} | reasons


@cache
def _made_in(module: Path) -> frozenset[Error]:
    if module.name == "errors.py":
        return frozenset()
    tree = ast.parse(module.read_text("utf-8"))
    own = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            codes = [word.value for word in node.keywords if word.arg == "code"]
            found |= _error(node.func.id, codes, own)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
            found |= _error(node.exc.id, [], own)
    return frozenset(found)


def _error(name: str, codes: list[ast.expr], own: dict[str, ast.ClassDef]) -> set[Error]:
    """Return the error that a class of this name makes; none if the code is only known later."""
    defaults: dict[str, object] = {}
    while name in own:
        for node in own[name].body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                for target in node.targets:
                    defaults.setdefault(ast.unparse(target), node.value.value)
        name = ast.unparse(own[name].bases[0]) if own[name].bases else ""
    base = getattr(errors, name, None)
    if not (isinstance(base, type) and issubclass(base, errors.PurseError)):
        return set()
    given = [code.value for code in codes if isinstance(code, ast.Constant)]
    if codes and not given:
        return set()
    code = given[0] if given else defaults.get("code", base.code)
    status = defaults.get("status", base.status)
    assert isinstance(status, int)
    assert isinstance(code, str)
    return {(status, code)}


@cache
def _imported(module: Path) -> frozenset[Path]:
    """Return a module and every module of ours that it imports, however indirectly."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imports(path))
    return frozenset(found)


def _imports(module: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            path = ROOT / (name.replace(".", "/") + ".py")
            if name.startswith("api.") and path.exists():
                yield path
