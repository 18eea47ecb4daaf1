"""The headers that every answer of the site carries, whatever was asked for."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from server.app import create_app

EVERYWHERE = (
    *("/", "/account", "/admin", "/payment/success", "/nowhere", "/js/nothing.js", "/assets/x.js"),
    *("/purse.js", "/elements/connect.js", "/css/tokens.css", "/openapi.json", "/api/nothing"),
)
# Modules, elements and descriptions that pages of other origins load.
PUBLIC = ("/js/", "/elements/", "/assets/", "/purse.js", "/openapi.json")
FOREIGN = {"Origin": "https://foreign.example.com"}


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_every_answer_has_the_policy_and_keeps_its_type(path: str, method: str) -> None:
    with Client(create_app()).open(path, method=method, headers=FOREIGN) as answer:
        headers = answer.headers
    assert "require-trusted-types-for 'script'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    is_public = path.startswith(PUBLIC)
    assert headers.get("Access-Control-Allow-Origin") == ("*" if is_public else None)
    assert "Access-Control-Allow-Credentials" not in headers
    embeds = "cross-origin" if is_public else "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == embeds
