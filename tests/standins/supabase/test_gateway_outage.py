"""While Postgres is down the gateway refuses quickly; afterwards it answers without a restart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.standins.supabase.services import PUBLISHABLE_KEY, running_gateway, running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.postgres import Postgres
    from tests.standins.supabase.services import Gateway

KEY = {"apikey": PUBLISHABLE_KEY}
LOGIN = {"email": "a@example.com", "password": "correct horse"}


@pytest.fixture
def own_database() -> Iterator[Postgres]:
    """A Postgres that tests can stop."""
    with running_postgres() as postgres:
        yield postgres


@pytest.fixture
def own_gateway(own_database: Postgres) -> Iterator[Gateway]:
    """A gateway to it."""
    with running_gateway(own_database) as running:
        yield running


def call(gateway: Gateway) -> tuple[int, str]:
    """Call a missing function, because only the database knows that it is missing."""
    response = gateway.http.post("/rest/v1/rpc/unknown", json={}, headers=KEY)
    return response.status_code, response.json()["code"]


def test_an_outage_is_told_at_once_and_heals_by_itself(
    own_database: Postgres, own_gateway: Gateway
) -> None:
    http = own_gateway.http
    assert call(own_gateway) == (404, "PGRST202")
    assert http.post("/auth/v1/signup", json=LOGIN, headers=KEY).status_code == 200

    own_database.stop()
    started = time.monotonic()
    assert call(own_gateway) == (503, "PGRST000")
    refused = http.post("/rest/v1/rpc/unknown", json={}, headers=KEY)
    assert "retry-after" in refused.headers
    assert http.get("/health").status_code == 503
    login = http.post("/auth/v1/token?grant_type=password", json=LOGIN, headers=KEY)
    assert (login.status_code, login.json()["error_code"]) == (500, "unexpected_failure")
    assert time.monotonic() - started < 5

    own_database.start()
    assert call(own_gateway) == (404, "PGRST202")
    assert http.get("/health").status_code == 200
    assert http.post("/auth/v1/token?grant_type=password", json=LOGIN, headers=KEY).is_success
