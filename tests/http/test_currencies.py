"""A pack in further currencies, from the catalogue to the books, through the real Stripe SDK."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from local.stack import running_services
from local.stripe.payments.currencies import formatted
from tests import shop
from tests.desk import Desk
from tests.http.test_mails import mail
from tests.openapi import as_described
from tests.stripe_events import event
from tests.support import Accounts, RunningStack, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import User

    Database = psycopg.Connection[dict[str, Any]]

CHECKOUT = "/api/create-checkout-session"
CREDITS = 500


class Case(NamedTuple):
    """A price, what 400 of 500 credits cost at it, and how both are written."""

    currency: str
    decimals: int
    price: int
    rest: int
    price_text: str
    rest_text: str


CASES = (
    Case("eur", 2, 449, 359, "4.49 EUR", "3.59 EUR"),
    Case("jpy", 0, 731, 584, "731 JPY", "584 JPY"),
    Case("kwd", 3, 1530, 1220, "1.530 KWD", "1.220 KWD"),
    Case("isk", 2, 69900, 55900, "699.00 ISK", "559.00 ISK"),
)
by_currency = pytest.mark.parametrize("case", CASES, ids=[case.currency for case in CASES])


class Shop(NamedTuple):
    """A shop that sends mails, its database, an admin, and a pack at 4.99 USD."""

    stack: RunningStack
    database: Database
    admin: Desk
    pack: str

    def begin(self, user: User, currency: str | None, **more: Any) -> httpx.Response:
        body = {"package_type": self.pack, "currency": currency}
        return as_described(self.stack.post(CHECKOUT, json=body, headers={**user.auth, **more}))

    def session(self, session_id: str) -> Any:
        client = shop.stripe_client(self.stack)
        return client.v1.checkout.sessions.retrieve(session_id).to_dict()

    def purchase(self, user: User, session_id: str) -> Any:
        return self.stack.get(f"/api/credits?session_id={session_id}", headers=user.auth).json()[
            "purchase"
        ]


@pytest.fixture(scope="module")
def selling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    environ = {"SHOP_NAME": "Purse", "EVENTS_URL": "", "EVENTS_SECRET": ""}
    folder = tmp_path_factory.mktemp("currencies")
    with running_services(
        folder, environ=environ, report=lambda _line: None, tells=True
    ) as running:
        stack = RunningStack.of(running.stack)
        admin = Desk(stack, Accounts(running).appoint(stack.sign_up(), "admin"))
        with psycopg.connect(stack.database_url, autocommit=True, row_factory=dict_row) as database:
            database.execute(
                "insert into credit_packages (id, name, credits, unit_amount)"
                " values ('world', 'World', %s, 499)",
                [CREDITS],
            )
            for case in CASES:
                database.execute(
                    "insert into package_prices values ('world', %s, %s)",
                    [case.currency, case.price],
                )
            yield Shop(stack, database, admin, "world")


@by_currency
def test_a_pack_is_sold_and_refunded_in_a_currency_all_the_way(selling: Shop, case: Case) -> None:
    stack = selling.stack
    user = stack.sign_up()
    packages = as_described(stack.get("/api/packages")).json()["packages"]
    (pack,) = (each for each in packages if each["id"] == selling.pack)
    price = {"currency": case.currency, "unit_amount": case.price, "decimals": case.decimals}
    assert price in pack["prices"]
    assert (pack["currency"], pack["unit_amount"]) == ("usd", 499)

    session_id = selling.begin(user, case.currency).json()["id"]
    session = selling.session(session_id)
    assert (session["currency"], session["amount_total"]) == (case.currency, case.price)
    shop.pay(stack, session_id)
    paid = until(lambda: _paid(selling.purchase(user, session_id)), "it is paid")
    assert (paid["credits"], paid["credited"]) == (CREDITS, CREDITS)
    assert (paid["amount"], paid["currency"], paid["decimals"]) == (
        case.price,
        case.currency,
        case.decimals,
    )
    (entry,) = stack.get("/api/credits", headers=user.auth).json()["transactions"]
    receipt_url = stack.get(entry["receipt"], headers=user.auth).json()["receipt_url"]
    assert formatted(case.price, case.currency) in httpx.get(receipt_url).text
    receipt = mail(stack, user.email, f"{CREDITS} credits added")
    assert f"You paid {case.price_text}." in receipt["text"]

    stack.post(
        "/api/credits",
        json={"feature": "docx_processing", "quantity": 20},
        headers={**user.auth, "Idempotency-Key": secrets.token_hex(8)},
    ).raise_for_status()
    (order,) = selling.admin.read("person", id=user.id)["orders"]
    assert (order["currency"], order["decimals"], order["decimals_ordered"]) == (
        case.currency,
        case.decimals,
        case.decimals,
    )
    id_ = order["order_id"]
    quoted = selling.admin.read("refunds", order_id=id_)["quote"]
    assert (quoted["amount"], quoted["credits"], quoted["currency"], quoted["decimals"]) == (
        case.rest,
        _taken(case),
        case.currency,
        case.decimals,
    )
    selling.admin.done("refund", user, purchase_id=id_, amount=case.rest)
    back = mail(stack, user.email, "Your refund")
    assert f"A refund of {case.rest_text}" in back["text"]
    ((reversal,),) = (
        each["reversals"] for each in selling.admin.read("person", id=user.id)["orders"]
    )
    assert (reversal["amount"], reversal["currency"], reversal["decimals"]) == (
        case.rest,
        case.currency,
        case.decimals,
    )
    booked = selling.database.execute(
        "select unit, sum(received)::bigint as received, sum(returned)::bigint as returned"
        " from book_money where purchase_id = %s group by unit",
        [id_],
    ).fetchall()
    assert booked == [
        {"unit": case.currency, "received": case.price, "returned": case.rest},
    ]


@pytest.mark.parametrize("currency", ["gbp", "zzz", None])
def test_without_a_price_in_the_currency_the_packs_own_counts(
    selling: Shop, currency: str | None
) -> None:
    answer = selling.begin(selling.stack.sign_up(), currency)
    session = selling.session(answer.json()["id"])
    assert (session["currency"], session["amount_total"]) == ("usd", 499)


@pytest.mark.parametrize("currency", ["EUR", "eu", "euros", "", 1, ["eur"], {"eur": 1}])
def test_what_is_no_currency_is_refused(selling: Shop, currency: Any) -> None:
    body = {"package_type": selling.pack, "currency": currency}
    answer = selling.stack.post(CHECKOUT, json=body, headers=selling.stack.sign_up().auth)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


def test_under_one_key_a_checkout_has_one_currency(selling: Shop) -> None:
    user = selling.stack.sign_up()
    first = selling.begin(user, "eur", **{"Idempotency-Key": "one"})
    assert selling.begin(user, "eur", **{"Idempotency-Key": "one"}).json() == first.json()
    other = selling.begin(user, "jpy", **{"Idempotency-Key": "one"})
    assert other.json()["error"]["code"] == "idempotency_key_reused"


def test_one_customer_pays_in_two_currencies(selling: Shop) -> None:
    user = selling.stack.sign_up()
    sessions = []
    for currency in ("eur", "jpy"):
        sessions.append(selling.session(selling.begin(user, currency).json()["id"]))
        shop.pay(selling.stack, sessions[-1]["id"])
    assert [session["currency"] for session in sessions] == ["eur", "jpy"]
    assert sessions[0]["customer"] == sessions[1]["customer"]


def test_a_customer_billed_in_another_currency_gets_a_second_customer(selling: Shop) -> None:
    """Stripe may refuse other currencies to a customer who has a subscription."""
    stack, user = selling.stack, selling.stack.sign_up()
    first = selling.session(selling.begin(user, "eur").json()["id"])
    stack.simulate(f"customers/{first['customer']}/subscribe", currency="eur")
    again, other = (
        selling.session(selling.begin(user, currency).json()["id"]) for currency in ("eur", "jpy")
    )
    assert again["customer"] == first["customer"]
    assert other["customer"] != first["customer"]
    made = shop.stripe_client(stack).v1.customers.retrieve(other["customer"])
    assert (made.email, made.metadata.to_dict() if made.metadata else None) == (
        user.email,
        {"purse_user_id": user.id},
    )
    # The next order in that currency finds the same one, and the account's own stays the first.
    assert selling.session(selling.begin(user, "jpy").json()["id"])["customer"] == made.id
    assert selling.session(selling.begin(user, "eur").json()["id"])["customer"] == first["customer"]
    shop.pay(stack, other["id"])
    until(lambda: _paid(selling.purchase(user, other["id"])), "it is paid")
    url, body = f"{stack.site_url}/api/account", {"balance": CREDITS}
    httpx.request("DELETE", url, json=body, headers=user.auth, timeout=30).raise_for_status()
    for customer in (first["customer"], made.id):
        deleted = shop.stripe_client(stack).v1.customers.retrieve(customer)
        assert deleted.to_dict().get("deleted") is True


@by_currency
def test_what_adaptive_pricing_shows_the_buyer_settles_nothing(selling: Shop, case: Case) -> None:
    """The buyer sees and pays pounds; Stripe's session, payment and refund keep our currency."""
    stack, user = selling.stack, selling.stack.sign_up()
    session_id = selling.begin(user, case.currency).json()["id"]
    stack.simulate(f"sessions/{session_id}/present", currency="gbp", amount=100_000)
    shop.pay(stack, session_id)
    until(lambda: _paid(selling.purchase(user, session_id)), "it is paid")
    session = selling.session(session_id)
    assert session["presentment_details"]["presentment_currency"] == "gbp"
    purchase = selling.purchase(user, session_id)
    assert (purchase["status"], purchase["credited"]) == ("paid", CREDITS)
    assert (purchase["amount"], purchase["currency"]) == (case.price, case.currency)
    shop.refund(stack, session_id, case.price)
    until(
        lambda: stack.get("/api/credits", headers=user.auth).json()["balance"] == 0,
        "the refund took the credits back",
    )


@pytest.mark.parametrize(
    ("currency", "total", "status"),
    [("eur", 449, "paid"), ("usd", 449, "mismatch"), ("eur", 448, "mismatch")],
)
def test_an_order_settles_in_its_own_currency_alone(
    selling: Shop, currency: str, total: int, status: str
) -> None:
    """Whatever else a session says of conversions, its currency and total count."""
    stack, user = selling.stack, selling.stack.sign_up()
    session = selling.session(selling.begin(user, "eur").json()["id"])
    paid = {
        **session,
        "status": "complete",
        "payment_status": "paid",
        "currency": currency,
        "amount_subtotal": total,
        "amount_total": total,
        "payment_intent": f"pi_{uuid.uuid4().hex}",
        "presentment_details": {"presentment_amount": 72_900, "presentment_currency": "jpy"},
        "currency_conversion": {
            "amount_subtotal": 499,
            "amount_total": 499,
            "fx_rate": "1.11",
            "source_currency": "usd",
        },
    }
    stack.deliver(event("checkout.session.completed", paid))
    assert selling.purchase(user, session["id"])["status"] == status


@pytest.mark.parametrize(
    ("country", "currency"), [("DE", "eur"), ("JP", "jpy"), ("XX", None), ("", None)]
)
def test_the_countrys_currency_is_in_an_answer_that_no_cache_shares(
    selling: Shop, country: str, currency: str | None
) -> None:
    from_there = {"X-Vercel-IP-Country": country}
    config = as_described(selling.stack.get("/api/config", headers=from_there))
    assert config.json()["currency"] == currency
    assert config.headers["cache-control"] == "private, max-age=60"
    # What a shared cache may keep is the same for every country.
    assert (
        selling.stack.get("/api/packages", headers=from_there).content
        == selling.stack.get("/api/packages").content
    )


def _paid(purchase: Any) -> Any:
    return purchase if purchase and purchase["status"] == "paid" else None


def _taken(case: Case) -> int:
    """Return the credits that the refund takes: ceil(credits * refunded / paid)."""
    return -(-CREDITS * case.rest // case.price)
