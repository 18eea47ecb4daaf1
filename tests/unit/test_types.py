"""The types of purse.js and of the elements: generated, written by hand, and used by an app."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from local.stack import ROOT
from tests.support import cannot_run
from tests.tools.npm import MissingToolError, tool
from tests.tools.types import TYPES, write_types

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.npm
APPS = ROOT / "tests/unit/typescript"
ELEMENTS = ROOT / "public/elements"
STRICT = ("--strict", "--noEmit", "--noUncheckedIndexedAccess")
TARGET = ("--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom")


@pytest.fixture(scope="module")
def tsc() -> Path:
    """TypeScript's compiler."""
    try:
        return tool("tsc")
    except MissingToolError as error:
        cannot_run(f"types were not checked: {error}")


def test_the_committed_types_are_those_of_the_description(tsc: Path, tmp_path: Path) -> None:  # noqa: ARG001 - the tools are there
    write_types(tmp_path / "openapi.d.ts")
    assert (tmp_path / "openapi.d.ts").read_text("utf-8") == TYPES.read_text("utf-8"), (
        "run `make types`"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (APPS / "example.ts",),
        (ELEMENTS / "elements.d.ts",),
        # The types of supabase-js ask for those of Node.js.
        (APPS / "elements.ts", "--skipLibCheck"),
    ],
    ids=lambda arguments: arguments[0].name,
)
def test_an_app_compiles_and_its_mistakes_are_found(
    tsc: Path, arguments: tuple[Path | str, ...]
) -> None:
    done = subprocess.run(
        [tsc, *STRICT, *TARGET, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_everything_that_connect_js_exports_has_its_types() -> None:
    made, declared = (
        exported((ELEMENTS / name).read_text("utf-8")) for name in ("connect.js", "elements.d.ts")
    )
    assert "connect" in made
    assert declared == made


def exported(source: str) -> set[str]:
    """Return the functions and classes that a module exports, of its own or of another one."""
    (others,) = re.findall(r"^export \{([^}]*)\} from", source, re.MULTILINE)
    own = re.findall(r"^export (?:function|class) (\w+)", source, re.MULTILINE)
    return {*own, *(name.strip() for name in others.split(","))}


def test_every_class_and_method_has_its_types() -> None:
    node = shutil.which("node")
    if node is None:
        cannot_run("no Node.js here: the methods of purse.js were not listed")
    script = f"""
    const purse = await import({json.dumps((ROOT / "public/purse.js").as_uri())});
    const methods = ([name, made]) => [name, Object.getOwnPropertyNames(made.prototype).sort()];
    console.log(JSON.stringify(Object.fromEntries(Object.entries(purse).map(methods))));
    """
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True
    )
    text = (ROOT / "public/purse.d.ts").read_text("utf-8")
    classes = re.findall(r"^export class (\w+)[^{]*\{(.*?)\}$", text, re.MULTILINE | re.DOTALL)
    declared = {
        name: sorted({"constructor", *re.findall(r"^  (\w+)(?:<T>)?\(", body, re.MULTILINE)})
        for name, body in classes
    }
    assert declared == json.loads(done.stdout)
