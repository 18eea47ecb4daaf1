"""Functions of api/ without a server, and the settings that they need."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from werkzeug.test import Client

from local.stack import ROOT

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

CORE_SETTINGS = {
    "SITE_URL": "https://shop.example.com/",
    "SUPABASE_URL": "https://abc.supabase.co",
    "SUPABASE_SECRET_KEY": "sb_secret_x",
    "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
    "STRIPE_SECRET_KEY": "sk_test_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_a, whsec_b",
}


def client(name: str) -> Client:
    """Return a client of the function in api/NAME.py."""
    spec = importlib.util.spec_from_file_location(f"api.{name}", ROOT / "api" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app: WSGIApplication = module.app
    return Client(app)
