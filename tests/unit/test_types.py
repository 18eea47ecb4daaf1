"""The types of purse.js: generated, written by hand, and used by an app."""

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
EXAMPLE = ROOT / "tests/unit/typescript/example.ts"
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


def test_an_app_compiles_and_its_mistakes_are_found(tsc: Path) -> None:
    done = subprocess.run(
        [tsc, *STRICT, *TARGET, EXAMPLE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


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
