"""Every case can be played by hand on the control room's page."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from tests.standins.stripe.harness import StandIn


def look(stand_in: StandIn) -> str:
    """Return the page's text without its markup."""
    text = re.sub(r"<[^>]*>", " ", stand_in.http.get("/_sim").text)
    return " ".join(html.unescape(text).split())


def press(stand_in: StandIn, path: str, origin: str | None = None, **fields: str) -> httpx.Response:
    """Submit a form as a browser does from the page, without script."""
    return stand_in.http.post(
        f"/_sim/{path}", data={"back": "", **fields}, headers={"Origin": origin or stand_in.url}
    )


def test_the_page_shows_payments_events_and_switches(stand_in: StandIn) -> None:
    intent = stand_in.pay("4000 0000 0000 7726")
    stand_in.client.v1.refunds.create({"payment_intent": intent, "amount": 100})
    stand_in.sim("disputes", payment_intent=intent, inquiry=True)
    stand_in.sim("webhooks", drop_next=1)
    stand_in.client.v1.customers.create({})
    shown = look(stand_in)
    for words in (
        "Starter $4.99 paid ada@example.com",
        "Refund $1.00 pending Money arrives Refund fails Cancel it",
        "Dispute $3.99 money still with the shop warning needs response",
        "Shop sends evidence Becomes a dispute Bank closes it",
        "checkout.session.completed delivered",
        "customer.created dropped",
        stand_in.receiver.url,
    ):
        assert words in shown


def test_the_page_needs_no_inline_script_or_style(stand_in: StandIn) -> None:
    response = stand_in.http.get("/_sim")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "form-action 'self'" in policy
    assert "style=" not in response.text
    assert "onclick" not in response.text


def test_a_part_is_refunded_as_a_person_writes_it(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    charge = stand_in.charge(intent).id
    back = press(
        stand_in, "refunds", charge=charge, amount=" 1.5 ", currency="usd", back="payment-1"
    )
    assert (back.status_code, back.headers["Location"]) == (303, "/_sim#payment-1")
    assert stand_in.charge(intent).amount_refunded == 150


@pytest.mark.parametrize("amount", ["1.005", "NaN", "Infinity", "1e99", "a lot", "99", "-1"])
def test_an_amount_that_cannot_be_is_told_once(stand_in: StandIn, amount: str) -> None:
    charge = stand_in.charge(stand_in.pay()).id
    press(stand_in, "refunds", charge=charge, amount=amount, currency="usd")
    assert 'id="notice"></p>' not in stand_in.http.get("/_sim").text
    assert 'id="notice"></p>' in stand_in.http.get("/_sim").text
    assert stand_in.client.v1.charges.retrieve(charge).amount_refunded == 0


def test_a_dispute_is_played_by_its_buttons(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    press(stand_in, "disputes", charge=stand_in.charge(intent).id, inquiry="true")
    dispute = stand_in.client.v1.disputes.list({"payment_intent": intent}).data[0].id
    for action in ("escalate", "win"):
        assert f"/_sim/disputes/{dispute}/{action}" in stand_in.http.get("/_sim").text
        press(stand_in, f"disputes/{dispute}/{action}")
    assert stand_in.client.v1.disputes.retrieve(dispute).status == "won"


def test_a_bank_debit_is_settled_by_its_buttons(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay_by_bank()
    assert "Money arrives Debit fails" in look(stand_in)
    press(stand_in, f"sessions/{session.id}/settle", outcome="succeeded")
    paid = stand_in.client.v1.checkout.sessions.retrieve(session.id)
    assert paid.payment_status == "paid"


def test_a_payment_leads_to_its_page_while_it_is_open_and_to_the_shop_after_that(
    stand_in: StandIn,
) -> None:
    session = stand_in.session()
    assert "not paid yet" in look(stand_in)
    assert f'href="/c/pay/{session.id}"' in stand_in.http.get("/_sim").text
    stand_in.page(session).pay_by_bank()
    assert "bank debit pending" in look(stand_in)
    assert f"session_id={session.id}" in stand_in.http.get("/_sim").text
    assert f'href="/c/pay/{session.id}"' not in stand_in.http.get("/_sim").text


def test_labels_say_what_follows(stand_in: StandIn) -> None:
    shown = look(stand_in)
    for words in (
        "Next attempts that are lost They are tried again.",
        "Next events that are never sent Reconciliation has to find them.",
        "Refused: Stripe does nothing and answers with an error.",
        "Lost: Stripe does the work, but its answer does not arrive.",
        "clock stays as it is.",
        "500 Stripe failed",
    ):
        assert words in shown


def test_switches_are_set_and_shown(stand_in: StandIn) -> None:
    press(stand_in, "webhooks", hold="true")
    assert "Held: nothing is sent" in look(stand_in)
    press(stand_in, "webhooks", hold="false")
    press(stand_in, "webhooks", shuffle="4", seed="")
    assert "0 of 4 collected" in look(stand_in)
    press(stand_in, "api", fail_next="2", skip_next="1", status="500")
    assert "2 to refuse after 1" in look(stand_in)


def test_an_event_is_delivered_again_by_its_button(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    event = stand_in.events(intent)[0]["id"]
    stand_in.receiver.wait_for(type="payment_intent.created", id=intent)
    press(stand_in, "webhooks/replay", event=event)
    stand_in.receiver.wait_for(2, type="payment_intent.created", id=intent)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
def test_another_sites_form_cannot_give_orders(stand_in: StandIn, origin: str) -> None:
    assert press(stand_in, "webhooks", origin=origin, hold="true").status_code == 415


def test_a_foreign_name_for_this_machine_is_refused(stand_in: StandIn) -> None:
    response = stand_in.http.get("/_sim", headers={"Host": "evil.example"})
    assert response.status_code == 403


def test_what_people_typed_is_shown_as_text(stand_in: StandIn) -> None:
    stand_in.session(customer_email=None)
    press(stand_in, "api", fail_next="<script>alert(1)</script>")
    assert "<script>alert" not in stand_in.http.get("/_sim").text
