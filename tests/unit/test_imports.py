"""Every import makes a cold start slower, so an endpoint imports only what it needs at once."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local.stack import ROOT
from server.app import address_of, function_files

if TYPE_CHECKING:
    from pathlib import Path

READERS = {
    "tinytag",
    "api._lib.files.readers.docx",
    "api._lib.files.readers.audio",
    "api._lib.files.readers.plain_text",
    "api._lib.files.conversion",
    "api._lib.files.export",
}
STORAGE = {"api._lib.files.storage", "api._lib.files.sigv4", "xml.parsers.expat"}
STRIPE = {"stripe"}
# Endpoint -> what of these it may import when it starts. Some import more for one of their actions.
NEEDED = {
    "/api/create-checkout-session": STRIPE,
    "/api/receipt": STRIPE,
    "/api/webhook": STRIPE,
    "/api/files": STORAGE,
}
LOOK = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("endpoint", sys.argv[1])
before = set(sys.modules)
spec.loader.exec_module(importlib.util.module_from_spec(spec))
print("\\n".join(set(sys.modules) - before))
"""


@pytest.mark.parametrize("path", function_files(), ids=address_of)
def test_an_endpoint_imports_what_it_needs_and_not_what_others_need(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    imported = set(done.stdout.split())
    address = address_of(path)
    assert imported & (READERS | STORAGE | STRIPE) <= NEEDED.get(address, set())
