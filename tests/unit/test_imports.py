"""A cold start pays for every import: who does not need a thing does not import it."""

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
    "api._lib.files.readers.docx",
    "api._lib.files.readers.audio",
    "api._lib.files.processing",
}
STORAGE = {"api._lib.files.storage", "api._lib.files.sigv4", "xml.parsers.expat"}
STRIPE = {"stripe"}
# Endpoint -> what it may import of these when it starts.
NEEDED = {
    "/api/create-checkout-session": STRIPE,
    "/api/reconcile": STRIPE,
    "/api/receipt": STRIPE,
    "/api/webhook": STRIPE,
    "/api/files": STORAGE,
    "/api/files/complete": STORAGE | READERS,
    "/api/files/export": STORAGE | READERS,
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
