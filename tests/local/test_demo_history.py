"""The demo user's history: weeks of purchases and use, as if they had been made in that time."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from local.environment import functions_settings
from local.stack import running_services
from tests.ops import forked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.environment import Stack
    from local.stack import Running

LEFT = 1298
KINDS = {"bonus", "spend", "expiry", "purchase", "reversal", "clawback"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack as `make run` starts it for the first time."""
    folder = tmp_path_factory.mktemp("history")
    said: list[str] = []
    with running_services(folder, environ={}, report=said.append, with_history=True) as running:
        assert "giving the demo user six weeks of history (EMPTY=1 starts without)" in said
        assert not [line for line in said if "ends early" in line]
        yield running


@pytest.fixture
def ledger(told: Running) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection as the project's owner."""
    url = told.stack.database_url
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def operate(stack: Stack, command: str, *arguments: str) -> forked.Outcome:
    """Run an operator's command on the stack."""
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "NO_PROXY": "127.0.0.1"}
    settings = {"DATABASE_URL": stack.database_url, **functions_settings(stack)}
    return forked.run(command, arguments, {**environ, **settings})


def rows_of(ledger: psycopg.Connection[dict[str, Any]], query: str) -> list[dict[str, Any]]:
    """Return rows; DEMO in the query stands for the demo user's id."""
    demo = "(select id from auth.users where email = 'demo@example.com')"
    return ledger.execute(query.replace("DEMO", demo)).fetchall()


def test_the_history_has_every_kind_of_movement_in_six_weeks(
    ledger: psycopg.Connection[dict[str, Any]],
) -> None:
    rows = rows_of(
        ledger,
        "select kind::text, created_at from credit_transactions where user_id = DEMO order by id",
    )
    assert {row["kind"] for row in rows} == KINDS
    times = [row["created_at"] for row in rows]
    assert times == sorted(times)
    now = datetime.now(UTC)
    assert timedelta(days=41) < now - times[0] < timedelta(days=43)
    assert now - times[-1] < timedelta(hours=6)


def test_lots_run_out_in_the_history_and_soon(ledger: psycopg.Connection[dict[str, Any]]) -> None:
    lots = rows_of(
        ledger,
        "select * from credit_lots where expires_at is not null and user_id = DEMO order by id",
    )
    now = datetime.now(UTC)
    assert [lot["lapsed"] > 0 for lot in lots] == [True, False]
    assert lots[1]["remaining"] > 0
    assert now < lots[1]["expires_at"] < now + timedelta(days=14)


def test_payments_were_made_declined_refused_and_refunded(
    ledger: psycopg.Connection[dict[str, Any]],
) -> None:
    orders = rows_of(ledger, "select * from purchases where user_id = DEMO order by created_at")
    assert [bool(order["paid_at"]) for order in orders] == [True, False, True, True]
    assert orders[1]["failed_at"]
    assert orders[2]["declined_at"]
    for order in orders:
        # Stripe counts whole seconds.
        ended_at = order["paid_at"] or order["failed_at"]
        assert abs(ended_at - order["created_at"]) < timedelta(minutes=2)
    refund, *more = rows_of(ledger, "select * from purchase_reversals where kind = 'refund'")
    assert not more
    assert orders[3]["created_at"] < refund["occurred_at"]


def test_the_demo_user_sees_it(told: Running) -> None:
    stack = told.stack
    session = httpx.post(
        f"{stack.supabase_url}/auth/v1/token?grant_type=password",
        headers={"apikey": stack.publishable_key},
        json={"email": stack.demo_email, "password": stack.demo_password},
    ).json()
    answer = httpx.get(
        f"{stack.site_url}/api/credits?limit=100&usage=true",
        headers={"Authorization": f"Bearer {session['access_token']}"},
    ).json()
    assert answer["balance"] == LEFT
    assert len(answer["transactions"]) > 35
    assert sum(day["spent"] > 0 for day in answer["usage"]["daily"]) >= 12
    assert answer["next_expiry"]["credits"] > 0


def test_the_desk_has_something_of_everything(told: Running) -> None:
    stack = told.stack
    session = httpx.post(
        f"{stack.supabase_url}/auth/v1/token?grant_type=password",
        headers={"apikey": stack.publishable_key},
        json={"email": stack.admin_email, "password": stack.admin_password},
    ).json()
    headers = {"Authorization": f"Bearer {session['access_token']}"}

    def read(page: str) -> Any:
        answer = httpx.get(f"{stack.site_url}/api/admin/{page}", headers=headers)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    today = read("today")
    euros, dollars = sorted(today["money"]["month"], key=lambda each: str(each["currency"]))
    assert (euros["currency"], dollars["currency"]) == ("eur", "usd")
    assert euros["purchases"] == 1
    assert euros["purchases"] + dollars["purchases"] >= 5
    assert dollars["refunds"] == dollars["disputes"] == 1
    assert [each["email"] for each in today["disputes"]] == ["sam@example.com"]
    assert [each["email"] for each in today["pending"]] == ["kim@example.com"]
    assert today["reconciliation"]["finished_at"]
    assert today["balances"]["off"] == []
    after_fees = read("money")["stripe"]
    assert {each["currency"] for each in after_fees} == {"eur", "usd"}
    assert all(each["fees"] > 0 for each in after_fees)
    (ines,) = read("people?q=ines@example.com")["people"]
    person = read(f"person?id={ines['user_id']}")
    assert [each["action"] for each in person["actions"]] == ["grant", "note"]
    assert person["orders"][0]["decline_code"]


def test_doctor_finds_nothing_wrong_and_reconciliation_nothing_missing(
    told: Running, ledger: psycopg.Connection[dict[str, Any]]
) -> None:
    everything = "select to_jsonb(p) from purchases p order by created_at"
    before = rows_of(ledger, everything)
    again = operate(told.stack, "reconcile", "--since", "2026-01-01")
    assert again.status == 0, again.text
    assert rows_of(ledger, everything) == before
    found = operate(told.stack, "doctor")
    assert found.status == 0, found.text
    assert found.text.endswith("Nothing is wrong.\n")


def test_the_ledger_is_guarded_as_before(ledger: psycopg.Connection[dict[str, Any]]) -> None:
    (guard,) = rows_of(
        ledger,
        "select tgenabled::text from pg_trigger where tgname = 'credit_transactions_only_grow'",
    )
    assert guard["tgenabled"] == "A"
    with pytest.raises(psycopg.errors.RestrictViolation):
        ledger.execute("update credit_transactions set created_at = now()")


def test_settings_that_allow_no_purchase_do_not_stop_the_start(tmp_path: Path) -> None:
    said: list[str] = []
    environ = {"PAYMENTS_ENABLED": "false"}
    with running_services(tmp_path, environ=environ, report=said.append, with_history=True):
        assert [line for line in said if "the history ends early" in line]
