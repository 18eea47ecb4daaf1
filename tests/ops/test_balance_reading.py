"""Stripe's balance transactions are read with Stripe's client, from the stand-in."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api._lib.errors import DatabaseUnavailableError, StripeFailedError
from api._lib.payments import balance_reading
from api._lib.payments.balance_reading import Reading, balance_at_stripe, read_balance
from api._lib.payments.stripe_client import stripe_client
from api._lib.settings import settings
from tests import shop
from tests.http.refunding import as_function
from tests.support import until
from tests.unit.scripted_server import scripted_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from tests.ops.conftest import Operator
    from tests.support import RunningStack
    from tests.unit.scripted_server import Exchange

    Database = Connection[dict[str, Any]]

TWO_DAYS_SECONDS = 2 * 24 * 3600
LIST = "/v1/balance_transactions"


@pytest.fixture
def stack(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningStack]:
    """A stack for these tests alone, which have read all that is there."""
    with as_function(operator.stack, monkeypatch):
        read_all()
        yield operator.stack


@pytest.fixture
def database(stack: RunningStack) -> Iterator[Database]:
    """The stack's database."""
    with stack.connect() as database:
        yield database


@contextmanager
def relay(
    target: str, change: Callable[[Exchange, int, bytes], tuple[int, bytes] | None]
) -> Iterator[str]:
    """Pass requests on to a server, and let a test change or lose its answers."""

    def script(exchange: Exchange) -> tuple[int, bytes] | None:
        headers = {
            name: value for name, value in exchange.headers.items() if name.lower() != "host"
        }
        answer = httpx.request(
            exchange.command, target + exchange.path, headers=headers, content=exchange.body
        )
        return change(exchange, answer.status_code, answer.content)

    with scripted_server(script) as server:
        yield server.url


@contextmanager
def through(monkeypatch: pytest.MonkeyPatch, setting: str, url: str) -> Iterator[None]:
    """Give this process another address for a while."""
    caches = (settings, stripe_client)
    with monkeypatch.context() as changed:
        changed.setenv(setting, url)
        for cached in caches:
            cached.cache_clear()
        try:
            yield
        finally:
            for cached in caches:
                cached.cache_clear()


def read_all() -> Reading:
    """Read to the end."""
    reading = read_balance(max_requests=1000, seconds=60)
    assert (reading.complete, reading.refused) == (True, [])
    return reading


def buy(stack: RunningStack, card: str = "4242 4242 4242 4242") -> dict[str, Any]:
    """Let somebody new buy the starter pack; return the order once it is credited."""
    session_id = shop.begin(stack, stack.sign_up())
    shop.pay(stack, session_id, card)
    until(lambda: shop.purchase(stack, session_id)["credits_posted"], "the pack is credited")
    return shop.purchase(stack, session_id)


def stored(database: Database) -> list[str]:
    """Return the ids of all transactions that are stored."""
    rows = database.execute("select id from stripe_balance_transactions").fetchall()
    return sorted(row["id"] for row in rows)


def at_stripe(stack: RunningStack) -> list[str]:
    """Return the ids of all transactions at Stripe."""
    pages = shop.stripe_client(stack).v1.balance_transactions.list({"limit": 100})
    return sorted(each.id for each in pages.auto_paging_iter())


def postings_of(database: Database, order: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    """Return kind, debit, credit and amount of what Stripe's balance did about an order."""
    rows = database.execute(
        "select kind, debit, credit, amount from book_stripe where purchase_id = %s order by id",
        [order["id"]],
    ).fetchall()
    return sorted((row["kind"], row["debit"], row["credit"], row["amount"]) for row in rows)


def balance_of_rows(database: Database) -> dict[str, int]:
    """Return Stripe's balance by the rows."""
    row = database.execute("select read_stripe_balance(false) as it").fetchone()
    assert row is not None
    currencies: dict[str, int] = row["it"]["currencies"]
    return currencies


def test_a_payment_and_what_went_back_are_read_with_their_fees(
    stack: RunningStack, database: Database
) -> None:
    order, disputed = buy(stack), buy(stack)
    shop.refund(stack, order["checkout_session_id"], 100)
    stack.simulate("disputes", payment_intent=disputed["payment_intent_id"])
    assert read_all().added == 4
    assert postings_of(database, order) == [
        ("charge", "stripe_balance", "cash", 499),
        ("fee", "fees", "stripe_balance", 44),
        ("refund", "cash", "stripe_balance", 100),
    ]
    assert postings_of(database, disputed) == [
        ("charge", "stripe_balance", "cash", 499),
        ("dispute", "cash", "stripe_balance", 499),
        ("fee", "fees", "stripe_balance", 44),
        ("fee", "fees", "stripe_balance", 1500),
    ]
    assert balance_of_rows(database) == balance_at_stripe()


def test_a_second_reading_finds_nothing_new(stack: RunningStack, database: Database) -> None:
    """Its window begins a day before the last run, so it lists the same pages again."""
    order = buy(stack)
    assert read_all().added == 1
    before = postings_of(database, order)
    assert read_all().added == 0
    assert postings_of(database, order) == before
    assert stored(database) == at_stripe(stack)


def test_another_currency_is_converted_as_stripe_says(
    stack: RunningStack, database: Database
) -> None:
    stack.simulate("account", settlement_currency="eur", exchange_rate=0.9123)
    try:
        order = buy(stack)
    finally:
        stack.simulate("account", settlement_currency="")
    read_all()
    assert postings_of(database, order) == [
        ("charge", "stripe_balance", "conversion", 455),
        ("conversion", "conversion", "cash", 499),
        ("fee", "fees", "stripe_balance", 43),
    ]
    row = database.execute(
        """
        select t.exchange_rate::text as rate, t.currency, t.source_currency
        from stripe_balance_transactions t where t.payment_intent_id = %s
        """,
        [order["payment_intent_id"]],
    ).fetchone()
    assert row == {"rate": "0.9123", "currency": "eur", "source_currency": "usd"}
    assert balance_of_rows(database) == balance_at_stripe()


def test_a_payment_of_another_product_is_in_the_balance_and_not_ours(
    stack: RunningStack, database: Database
) -> None:
    with shop.no_webhooks(stack):
        session_id = shop.begin(stack, stack.sign_up())
        shop.pay(stack, session_id)
    intent = shop.payment_of(stack, session_id)
    read_all()
    rows = database.execute(
        "select b.kind, b.debit, b.credit, b.amount from book_stripe b"
        " join stripe_balance_transactions t on t.id = b.transaction_id"
        " where t.payment_intent_id = %s",
        [intent],
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        ("other", "stripe_balance", "stripe_other", 455)
    ]
    # Reconciliation finds the order, and the books follow.
    assert stack.scheduled("/api/reconcile").status_code == 200
    assert postings_of(database, shop.purchase(stack, session_id)) == [
        ("charge", "stripe_other", "cash", 499),
        ("fee", "fees", "stripe_other", 44),
    ]


def test_a_run_that_reaches_its_bound_goes_on_in_the_next(
    stack: RunningStack, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(balance_reading, "PAGE_SIZE", 1)
    # Without the last run, everything is listed again.
    database.execute("update balance_readings set reached_at = null")
    for _ in range(3):
        buy(stack)
    added = []
    for _ in range(2):
        reading = read_balance(max_requests=1, seconds=60)
        assert not reading.complete
        added.append(reading.added)
    late = buy(stack)
    assert added == [1, 1]
    assert read_all().added == 1
    # Paid after the run began, so the next run has it.
    assert postings_of(database, late) == []
    read_all()
    assert len(postings_of(database, late)) == 2
    assert stored(database) == at_stripe(stack)


@pytest.mark.parametrize("status", [500, 429])
def test_a_run_that_stripe_cuts_short_loses_and_doubles_nothing(
    stack: RunningStack, database: Database, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(balance_reading, "PAGE_SIZE", 2)
    orders = [buy(stack) for _ in range(5)]
    trouble = shop.trouble(stack, skip_next=1, fail_next=3, status=status, path=LIST)
    with trouble, pytest.raises(StripeFailedError):
        read_balance(max_requests=1000, seconds=60)
    assert sum(bool(postings_of(database, order)) for order in orders) == 2
    read_all()
    assert [len(postings_of(database, order)) for order in orders] == [2] * 5
    assert stored(database) == at_stripe(stack)


def test_a_page_whose_answer_was_lost_is_not_stored_again(
    stack: RunningStack, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is stored, and the process never hears of it."""
    monkeypatch.setattr(balance_reading, "PAGE_SIZE", 2)
    orders = [buy(stack) for _ in range(3)]

    def lose(exchange: Exchange, status: int, content: bytes) -> tuple[int, bytes] | None:
        return None if exchange.path.endswith("record_balance_page") else (status, content)

    with (
        relay(stack.supabase_url, lose) as url,
        through(monkeypatch, "SUPABASE_URL", url),
        pytest.raises(DatabaseUnavailableError),
    ):
        read_balance(max_requests=1000, seconds=60)
    assert read_all().added == 1
    assert [len(postings_of(database, order)) for order in orders] == [2] * 3


def test_where_a_run_stopped_may_be_gone(stack: RunningStack, database: Database) -> None:
    """All test data was deleted at Stripe."""
    buy(stack)
    database.execute("update balance_readings set started_at = now(), after_id = 'txn_gone'")
    assert read_all().added == 1
    assert stored(database) == at_stripe(stack)


def test_a_transaction_that_cannot_be_read_holds_up_no_other(
    stack: RunningStack, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = buy(stack), buy(stack)

    def odd(_exchange: Exchange, status: int, content: bytes) -> tuple[int, bytes]:
        answer = json.loads(content)
        for found in answer.get("data", []):
            if found["source"]["payment_intent"] == first["payment_intent_id"]:
                found["net"] = None
        return status, json.dumps(answer).encode()

    with relay(stack.stripe_api_base, odd) as url, through(monkeypatch, "STRIPE_API_BASE", url):
        reading = read_balance(max_requests=1000, seconds=60)
    assert (reading.complete, reading.added, len(reading.refused)) == (True, 1, 1)
    assert len(postings_of(database, second)) == 2
    read_all()
    assert len(postings_of(database, first)) == 2


def test_what_left_with_a_payout_is_known_when_it_has_arrived(
    stack: RunningStack, database: Database
) -> None:
    order = buy(stack)
    stack.simulate("clock", advance_seconds=TWO_DAYS_SECONDS)
    try:
        stack.simulate("payouts", currency="usd")
        read_all()
        assert payout_of(database, order) is None
        stack.simulate("clock", advance_seconds=TWO_DAYS_SECONDS)
        read_all()
        payout = payout_of(database, order)
        found = shop.stripe_client(stack).v1.payouts.list({"status": "paid"}).data[0]
        assert payout == found.id
        moved = database.execute(
            "select b.debit, b.credit, b.amount from book_stripe b"
            " join stripe_balance_transactions t on t.id = b.transaction_id"
            " where t.source_id = %s",
            [payout],
        ).fetchall()
        assert [tuple(row.values()) for row in moved] == [("cash", "stripe_balance", found.amount)]
        assert balance_of_rows(database) == balance_at_stripe()
    finally:
        stack.simulate("clock", reset=True)


def test_a_payout_by_hand_is_looked_at_once(stack: RunningStack, database: Database) -> None:
    buy(stack)
    stack.simulate("clock", advance_seconds=TWO_DAYS_SECONDS)
    try:
        payout = shop.stripe_client(stack).v1.payouts.create({"amount": 100, "currency": "usd"})
    finally:
        stack.simulate("clock", reset=True)
    read_all()
    row = database.execute(
        "select finished_at is not null as done from payout_listings where payout_id = %s",
        [payout.id],
    ).fetchone()
    assert row == {"done": True}
    assert balance_of_rows(database) == balance_at_stripe()


def payout_of(database: Database, order: dict[str, Any]) -> str | None:
    """Return the payout that an order's charge left with, if it is known."""
    row = database.execute(
        "select y.payout_id from stripe_payout_transactions y"
        " join stripe_balance_transactions t on t.id = y.transaction_id"
        " where t.payment_intent_id = %s",
        [order["payment_intent_id"]],
    ).fetchone()
    return None if row is None else row["payout_id"]


def test_the_daily_job_goes_on_when_the_balance_cannot_be_read(
    stack: RunningStack, database: Database
) -> None:
    order = buy(stack)
    with shop.trouble(stack, fail_next=3, status=500, path=LIST):
        answer = stack.scheduled("/api/reconcile")
    assert (answer.status_code, answer.json()["complete"]) == (200, True)
    assert postings_of(database, order) == []
    assert stack.scheduled("/api/reconcile").status_code == 200
    assert len(postings_of(database, order)) == 2
