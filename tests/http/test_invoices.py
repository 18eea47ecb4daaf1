"""INVOICES=on: Stripe's invoice for a purchase, against the stand-in through the real SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.stack import running_services
from tests import shop
from tests.desk import Desk
from tests.openapi import as_described
from tests.stripe_events import event
from tests.support import Accounts, RunningStack, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Running
    from tests.support import User


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack whose shop makes invoices, and which receives every event of Stripe's."""
    environ = {"INVOICES": "on", "PROMOTION_CODES_ENABLED": "true"}
    folder = tmp_path_factory.mktemp("invoicing")
    with running_services(folder, environ=environ, report=lambda _line: None) as running:
        stack = RunningStack.of(running.stack)
        stripe_api = shop.stripe_client(stack)
        endpoint = stripe_api.v1.webhook_endpoints.list().data[0]
        stripe_api.v1.webhook_endpoints.update(endpoint.id, {"enabled_events": ["*"]})
        yield running


@pytest.fixture(scope="module")
def stack(running: Running) -> RunningStack:
    """The stack, with what tests do to it."""
    return RunningStack.of(running.stack)


@pytest.fixture
def buyer(stack: RunningStack) -> User:
    """Somebody who has just signed up."""
    return stack.sign_up()


def invoice(stack: RunningStack, user: User, order_id: Any) -> httpx.Response:
    return as_described(stack.get(f"/api/invoice?order_id={order_id}", headers=user.auth))


def entries(stack: RunningStack, user: User) -> list[dict[str, Any]]:
    history: list[dict[str, Any]] = stack.get("/api/credits", headers=user.auth).json()[
        "transactions"
    ]
    return history


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_purchase_leads_to_stripes_invoice_and_its_pdf(stack: RunningStack, buyer: User) -> None:
    session_id = shop.buy(stack, buyer)
    assert stack.balance_of(buyer) == 500
    order = shop.purchase(stack, session_id)
    assert entries(stack, buyer)[0]["invoice"] == f"/api/invoice?order_id={order['id']}"
    assert order["invoice_id"].startswith("in_")
    answer = invoice(stack, buyer, order["id"])
    body = answer.json()
    assert body["number"] in httpx.get(body["invoice_url"]).text
    assert httpx.get(body["invoice_pdf"]).content.startswith(b"%PDF")
    assert answer.headers["cache-control"] == "no-store"


def test_stripe_keeps_the_tax_id_for_an_existing_customer(stack: RunningStack, buyer: User) -> None:
    shop.buy(stack, buyer)
    session_id = shop.begin(stack, buyer)
    shop.pay(stack, session_id, tax_id="DE123456789", business_name="Garden Books", country="DE")
    session = shop.stripe_client(stack).v1.checkout.sessions.retrieve(
        session_id, {"expand": ["customer", "invoice"]}
    )
    found = session.to_dict(recursive=True)
    assert found["customer"]["name"] == "Garden Books"
    assert found["invoice"]["customer_tax_ids"] == [{"type": "eu_vat", "value": "DE123456789"}]


def test_anothers_invoice_is_nobodys(stack: RunningStack, buyer: User) -> None:
    order = shop.purchase(stack, shop.buy(stack, stack.sign_up()))
    assert refusal(invoice(stack, buyer, order["id"])) == (404, "no_invoice")


def test_an_order_that_is_not_paid_has_no_invoice_yet(stack: RunningStack, buyer: User) -> None:
    session_id = shop.begin(stack, buyer)
    shop.pay_by_bank(stack, session_id)
    order = shop.purchase(stack, session_id)
    assert refusal(invoice(stack, buyer, order["id"])) == (404, "no_invoice")
    stack.simulate(f"sessions/{session_id}/settle", outcome="succeeded")
    until(lambda: stack.balance_of(buyer) == 500, "the money is there")
    assert invoice(stack, buyer, order["id"]).status_code == 200
    assert shop.purchase(stack, session_id)["invoice_id"].startswith("in_")


def test_a_free_pack_has_an_invoice_although_it_has_no_receipt(
    stack: RunningStack, buyer: User
) -> None:
    session_id = shop.begin(stack, buyer)
    shop.promote(stack, session_id, "PURSE100")
    shop.pay(stack, session_id)
    until(lambda: stack.balance_of(buyer) == 500, "the webhook has come")
    entry = entries(stack, buyer)[0]
    assert entry["receipt"] is None
    assert stack.get(entry["invoice"], headers=buyer.auth).status_code == 200


def test_an_invoice_that_stripe_has_not_finished_is_not_there_yet(
    stack: RunningStack, buyer: User
) -> None:
    """A session that was paid before its invoice: Stripe names none yet."""
    session_id = shop.begin(stack, buyer)
    order = shop.purchase(stack, session_id)
    session = shop.stripe_client(stack).v1.checkout.sessions.retrieve(session_id)
    paid = session.to_dict(recursive=True) | {"status": "complete", "payment_status": "paid"}
    assert stack.deliver(event("checkout.session.completed", paid)).json()["outcome"] == "applied"
    assert entries(stack, buyer)[0]["invoice"] is not None
    assert refusal(invoice(stack, buyer, order["id"])) == (404, "no_invoice")


def test_receipts_and_invoices_share_a_limit(stack: RunningStack, buyer: User) -> None:
    order = shop.purchase(stack, shop.buy(stack, buyer))
    path = f"order_id={order['id']}"
    for kind in ["receipt", "invoice"] * 10:
        assert stack.get(f"/api/{kind}?{path}", headers=buyer.auth).status_code == 200
    assert refusal(invoice(stack, buyer, order["id"])) == (429, "too_many_attempts")


def test_stripe_failing_is_502(stack: RunningStack, buyer: User) -> None:
    order = shop.purchase(stack, shop.buy(stack, buyer))
    with shop.trouble(stack, fail_next=10, status=500):
        assert refusal(invoice(stack, buyer, order["id"])) == (502, "stripe_failed")
    assert invoice(stack, buyer, order["id"]).status_code == 200


def test_the_desk_finds_the_person_of_an_invoice(
    stack: RunningStack, running: Running, buyer: User
) -> None:
    order = shop.purchase(stack, shop.buy(stack, buyer))
    support = Desk(stack, Accounts(running).appoint(stack.sign_up(), "support"))
    people = support.read("people", q=order["invoice_id"])["people"]
    assert [(each["user_id"], each["found_by"]) for each in people] == [(buyer.id, "Stripe id")]
    assert support.read("people", q="in_1nothing")["people"] == []


def test_events_about_invoices_are_ignored(stack: RunningStack, buyer: User) -> None:
    order = shop.purchase(stack, shop.buy(stack, buyer))
    found = json.loads(str(shop.stripe_client(stack).v1.invoices.retrieve(order["invoice_id"])))
    for kind in ("invoice.paid", "invoice.payment_succeeded", "invoice.finalized"):
        assert stack.deliver(event(kind, found)).json()["outcome"] == "ignored"
    assert stack.balance_of(buyer) == 500
