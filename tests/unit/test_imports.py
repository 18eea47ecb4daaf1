"""A cold start pays for every import, so an endpoint imports only what it needs."""

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
    "api._lib.files.readers.plain_text",
    "api._lib.files.conversion",
    "api._lib.files.export",
}
STORAGE = {"api._lib.files.storage", "api._lib.files.sigv4", "xml.parsers.expat"}
STRIPE = {"stripe", "requests"}
TOKENS = {"jwt", "cryptography"}
HTTP = {"httpx"}
# Parts of Supabase's client, and what they bring: only a function that needs one imports it.
NEVER_AT_START = {
    "postgrest",
    "pydantic",
    "pydantic_core",
    "realtime",
    "storage3",
    "supabase",
    "supabase_auth",
    "supabase_functions",
    "websockets",
    "yarl",
}
# Endpoint -> what it may import of these when it starts. An action of it may import more.
NEEDED = {
    "/api/account": HTTP | TOKENS,
    "/api/admin": HTTP | TOKENS,
    "/api/cron": HTTP,
    "/api/create-checkout-session": HTTP | TOKENS | STRIPE,
    "/api/credits": HTTP | TOKENS,
    "/api/health": HTTP,
    "/api/packages": HTTP,
    "/api/purchases": HTTP | TOKENS | STRIPE,
    "/api/webhook": HTTP,
    "/api/files": HTTP | TOKENS | STORAGE,
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
    watched = READERS | STORAGE | STRIPE | TOKENS | HTTP | NEVER_AT_START
    assert imported & watched <= NEEDED.get(address, set())
