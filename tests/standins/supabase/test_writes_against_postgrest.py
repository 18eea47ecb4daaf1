"""The gateway refuses writes of tables as the real PostgREST does, and keeps none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.standins.supabase.compare import ROLES, USER, Ask, as_user, send
from tests.standins.supabase.services import PASSWORD, PUBLISHABLE_KEY

if TYPE_CHECKING:
    import httpx

    from local.postgres import Postgres
    from tests.standins.supabase.services import Gateway


def write(
    method: str, path: str, body: Any, who: str, headers: dict[str, str] | None = None
) -> Ask:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    every = {"Content-Type": "application/json", **(headers or {})}
    return Ask(path, who, every, method, content)


WRITES = [
    write(method, path, body, who, {"Prefer": prefer})
    for who in ROLES
    for prefer in ("return=minimal", "return=representation")
    for method, path, body in (
        ("POST", "wares", {"id": 1}),
        ("POST", "wares", [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]),
        ("POST", "wares?select=id", {"id": 1}),
        ("POST", "wares?select=nothing", {"id": 1}),
        ("POST", "wares?columns=id,name", {"id": 1, "other": 2}),
        ("POST", "wares?columns=nothing", {"id": 1}),
        ("POST", "wares", {"nothing": 1}),
        ("POST", "wares", {}),
        ("POST", "wares", []),
        ("POST", "wares", b""),
        ("POST", "wares", b"{"),
        ("POST", "wares", [{"id": 1}, {"name": "a"}]),
        ("POST", "cheap_wares", {"id": 1}),
        ("POST", "no_such_table", {"id": 1}),
        ("POST", "notes", {"id": 1}),
        ("PATCH", "wares?id=eq.1", {"name": "a"}),
        ("PATCH", "wares", {"name": "a"}),
        ("PATCH", "wares?nothing=eq.1", {"name": "a"}),
        ("PATCH", "wares?id=noop.1", {"name": "a"}),
        ("PATCH", "wares?id=eq.1", {"nothing": "a"}),
        ("PATCH", "wares?limit=1", {"name": "a"}),
        ("PATCH", "notes?id=eq.1", {"body": "a"}),
        ("PATCH", "own?id=eq.1", {"nothing": 1}),
        ("DELETE", "wares?id=eq.1", b""),
        ("DELETE", "wares", b""),
        ("DELETE", "wares?or=(id.eq.1,nothing.eq.2)", b""),
        ("DELETE", "wares?limit=1", b""),
        ("DELETE", "no_such_table?id=eq.1", b""),
        ("DELETE", "notes", b""),
        ("PUT", "wares?id=eq.1", {"id": 1, "name": "a"}),
        ("PUT", "wares?name=eq.1", {"id": 1, "name": "a"}),
        ("PUT", "wares?id=gt.1", {"id": 1}),
        ("PUT", "wares?id=eq.1&limit=1", {"id": 1}),
        ("PUT", "wares", {"id": 1}),
    )
] + [
    # Granted to users; row-level security refuses the row of another.
    write("POST", "own", {"id": 9, "owner": "99999999-2222-4333-8444-555555555555"}, "user"),
    write("POST", "own", {"id": 9, "owner": USER}, "anon"),
    write("POST", "own", {"id": 9, "owner": USER}, "service"),
    write("POST", "own", {"id": 9, "owner": "no uuid"}, "user"),
    write("POST", "own", {"id": 1, "owner": USER}, "user"),
    write("POST", "own", {"id": None, "owner": USER}, "user"),
    write("PATCH", "own?id=eq.1", {"owner": "99999999-2222-4333-8444-555555555555"}, "user"),
    write("POST", "", {"id": 1}, "user"),
    write("POST", "wares", b"x", "user", {"Content-Type": "application/foo"}),
]


@pytest.mark.parametrize("ask", WRITES, ids=str)
def test_the_gateway_answers_as_postgrest_does(
    ask: Ask, gateway: Gateway, postgrest: httpx.Client
) -> None:
    ours, theirs = send(ask, gateway, postgrest)
    assert ours == theirs


def test_a_write_that_is_allowed_is_taken_back(gateway: Gateway, database: Postgres) -> None:
    row = json.dumps({"id": 10, "owner": USER}).encode()
    ask = Ask("own", "user", method="POST", content=row)
    headers = {"apikey": PUBLISHABLE_KEY, "Authorization": as_user(gateway)}
    assert ask.put_to(gateway.http, "/rest/v1", headers).status_code == 501
    with psycopg.connect(database.url("postgres", PASSWORD)) as connection:
        found = connection.execute("select id from own order by id").fetchall()
    assert (10,) not in found
