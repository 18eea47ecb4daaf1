"""A person pays, fails to pay, and tries again on the hosted page."""

from __future__ import annotations

import datetime as dt
import html
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import stripe

from local.stripe.payments.card_behaviour import TEST_CARDS, Outcome
from local.stripe.payments.card_input import passes_luhn, read_card
from local.stripe.payments.currencies import formatted
from tests.standins.stripe.harness import STARTER, StandIn

if TYPE_CHECKING:
    import httpx

DECLINED = [card for card in TEST_CARDS if card.outcome is Outcome.DECLINED]


def now(stand_in: StandIn, session: stripe.checkout.Session) -> stripe.checkout.Session:
    """The session as it is now, its intent and charge expanded."""
    return stand_in.client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge"]}
    )


def intent_of(stand_in: StandIn, session: stripe.checkout.Session) -> stripe.PaymentIntent:
    """The session's expanded payment intent."""
    intent = now(stand_in, session).payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    return intent


def kinds(stand_in: StandIn, session: stripe.checkout.Session) -> list[str]:
    """The types of all events about a session's payment, oldest first."""
    intent = stand_in.client.v1.checkout.sessions.retrieve(session.id).payment_intent
    events = stand_in.client.v1.events.list({"limit": 100}).data
    mine: list[str] = []
    for event in reversed(events):
        subject = event.data.object.to_dict()
        if {session.id, intent} & {subject.get("id"), subject.get("payment_intent")} - {None}:
            mine.append(event.type)
    return mine


def assert_sent_back(response: httpx.Response, session: stripe.checkout.Session) -> None:
    """The person is on the way to the shop's success page."""
    assert response.status_code == 303
    expected = f"https://shop.example/done?session_id={session.id}"
    assert response.headers["Location"] == expected


def test_the_page_shows_what_is_bought_and_that_no_money_moves(stand_in: StandIn) -> None:
    text = stand_in.page(stand_in.session()).look().text
    for shown in (
        "Starter",
        "500 credits",
        "$4.99",
        "ada@example.com",
        "No real money moves",
        "4000 0000 0000 9995",
        "https://shop.example/cancelled",
    ):
        assert shown in text


def test_the_page_needs_no_inline_script_or_style(stand_in: StandIn) -> None:
    response = stand_in.page(stand_in.session()).look()
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert "style=" not in response.text
    assert "onclick" not in response.text


def test_a_good_card_pays_and_sends_the_person_back(stand_in: StandIn) -> None:
    session = stand_in.session(
        metadata={"order": "1"},
        payment_intent_data={"metadata": {"order": "1"}, "description": "Starter"},
    )
    assert_sent_back(stand_in.page(session).pay(), session)
    paid = now(stand_in, session)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount_received) == ("succeeded", 499)
    assert intent.metadata.to_dict() == {"order": "1"}
    assert intent.description == "Starter"
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert (charge.status, charge.paid, charge.metadata["order"]) == ("succeeded", True, "1")
    assert charge.balance_transaction is not None


def test_a_card_payments_events_come_in_stripes_order(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay()
    assert kinds(stand_in, session) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.updated",
    ]


@pytest.mark.parametrize("card", DECLINED, ids=lambda card: card.label)
def test_a_declined_card_says_why_and_another_one_pays(stand_in: StandIn, card: object) -> None:
    session = stand_in.session()
    page = stand_in.page(session)
    number = getattr(card, "number", "")
    declined = page.pay(number)
    assert declined.status_code == 402
    assert getattr(card, "message", "") in html.unescape(declined.text)
    failed = intent_of(stand_in, session)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == getattr(card, "code", "")
    assert failed.last_payment_error.to_dict().get("decline_code") == getattr(
        card, "decline_code", ""
    )
    assert_sent_back(page.pay(), session)
    assert intent_of(stand_in, session).id == failed.id
    assert kinds(stand_in, session)[:3] == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]


def test_a_number_that_is_no_test_card_is_declined_in_so_many_words(stand_in: StandIn) -> None:
    response = stand_in.page(stand_in.session()).pay("5555 5555 5555 4444")
    assert response.status_code == 402
    assert "none of the test cards" in response.text


@pytest.mark.parametrize(
    ("fields", "name", "sentence"),
    [
        ({"number": ""}, "number", "Enter a card number."),
        ({"number": "4242"}, "number", "incomplete"),
        ({"number": "4242 4242 4242 4241"}, "number", "invalid"),
        ({"number": "4242 4242 4242 424x"}, "number", "digits only"),
        ({"expiry": "01 / 20"}, "expiry", "in the past"),
        ({"expiry": "13 / 30"}, "expiry", "from 01 to 12"),
        ({"expiry": "soon"}, "expiry", "MM / YY"),
        ({"cvc": "12"}, "cvc", "3 digits"),
        ({"number": "3782 822463 10005"}, "cvc", "4 digits"),
        ({"name": " "}, "name", "Enter the name"),
    ],
    ids=str,
)
def test_a_mistake_is_told_at_its_field_and_charges_nothing(
    stand_in: StandIn, fields: dict[str, str], name: str, sentence: str
) -> None:
    session = stand_in.session()
    response = stand_in.page(session).pay(**fields)
    assert response.status_code == 422
    assert f'id="{name}-problem"' in response.text
    assert sentence in response.text
    assert now(stand_in, session).payment_intent is None


def test_a_guest_is_asked_for_the_address(stand_in: StandIn) -> None:
    session = stand_in.session(customer_email=None)
    page = stand_in.page(session)
    assert 'id="email-problem"' in page.pay(email="nobody").text
    assert_sent_back(page.pay(email="grace@example.com"), session)
    details = now(stand_in, session).customer_details
    assert details is not None
    assert (details.email, details.name) == ("grace@example.com", "Ada Test")


def test_3ds_completed_pays(stand_in: StandIn) -> None:
    session = stand_in.session()
    page = stand_in.page(session)
    asked = page.pay("4000 0025 0000 3155")
    assert asked.status_code == 303
    assert asked.headers["Location"].endswith("/3ds")
    assert "Is this you?" in stand_in.http.get(asked.headers["Location"]).text
    assert intent_of(stand_in, session).status == "requires_action"
    assert_sent_back(page.authenticate("complete"), session)
    assert now(stand_in, session).payment_status == "paid"


def test_3ds_failed_says_so_and_another_card_pays(stand_in: StandIn) -> None:
    session = stand_in.session()
    page = stand_in.page(session)
    page.pay("4000 0025 0000 3155")
    back = page.authenticate("fail")
    assert "unable to authenticate" in stand_in.http.get(back.headers["Location"]).text
    error = intent_of(stand_in, session).last_payment_error
    assert error is not None
    assert error.code == "payment_intent_authentication_failure"
    assert_sent_back(page.pay(), session)


def test_an_answer_to_3ds_that_nobody_asked_for_pays_nothing(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).authenticate("complete")
    assert now(stand_in, session).status == "open"


def test_20_percent_off_lowers_what_is_charged(stand_in: StandIn) -> None:
    session = stand_in.session(allow_promotion_codes=True, line_items=[STARTER, STARTER])
    page = stand_in.page(session)
    page.promote(code="purse20")
    assert "$7.99" in page.look().text
    page.pay()
    paid = now(stand_in, session)
    assert (paid.amount_subtotal, paid.amount_total) == (998, 799)
    assert paid.total_details is not None
    assert paid.total_details.amount_discount == 199
    assert intent_of(stand_in, session).amount_received == 799
    items = stand_in.client.v1.checkout.sessions.line_items.list(session.id).data
    assert sum(item.amount_discount for item in items) == 199
    assert sum(item.amount_total for item in items) == 799


def test_100_percent_off_completes_without_payment(stand_in: StandIn) -> None:
    session = stand_in.session(allow_promotion_codes=True)
    page = stand_in.page(session)
    page.promote(code="PURSE100")
    assert_sent_back(page.pay(), session)
    done = now(stand_in, session)
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert (done.amount_total, done.payment_intent) == (0, None)
    assert kinds(stand_in, session) == ["checkout.session.completed"]


def test_a_code_can_be_taken_back(stand_in: StandIn) -> None:
    session = stand_in.session(allow_promotion_codes=True)
    page = stand_in.page(session)
    page.promote(code="PURSE100")
    page.promote(remove="1")
    assert now(stand_in, session).amount_total == 499


@pytest.mark.parametrize("allowed", [True, False])
def test_a_code_that_does_not_count_is_refused(stand_in: StandIn, *, allowed: bool) -> None:
    session = stand_in.session(allow_promotion_codes=allowed)
    code = "FREE" if allowed else "PURSE100"
    response = stand_in.page(session).promote(code=code)
    assert response.status_code == 422
    assert now(stand_in, session).amount_total == 499


@pytest.mark.parametrize(
    ("outcome", "payment_status", "intent_status"),
    [("succeeded", "paid", "succeeded"), ("failed", "unpaid", "requires_payment_method")],
)
def test_a_bank_debit_completes_now_and_settles_later(
    stand_in: StandIn, outcome: str, payment_status: str, intent_status: str
) -> None:
    session = stand_in.session()
    assert_sent_back(stand_in.page(session).pay_by_bank(), session)
    waiting = now(stand_in, session)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    assert intent_of(stand_in, session).status == "processing"
    stand_in.sim(f"sessions/{session.id}/settle", outcome=outcome)
    assert now(stand_in, session).payment_status == payment_status
    assert intent_of(stand_in, session).status == intent_status
    settled = f"checkout.session.async_payment_{outcome}"
    assert settled in kinds(stand_in, session)
    received = stand_in.receiver.wait_for(type=settled, id=session.id)
    assert received[0].subject["payment_status"] == payment_status


def test_a_debit_settles_once(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay_by_bank()
    stand_in.sim(f"sessions/{session.id}/settle", outcome="succeeded")
    again = stand_in.http.post(f"/_sim/sessions/{session.id}/settle", json={"outcome": "failed"})
    assert again.status_code == 400


def test_another_account_number_is_refused(stand_in: StandIn) -> None:
    response = stand_in.page(stand_in.session()).pay_by_bank("12345")
    assert response.status_code == 422
    assert 'id="account-problem"' in response.text


def test_submitting_twice_pays_once(stand_in: StandIn) -> None:
    session = stand_in.session()
    page = stand_in.page(session)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(page.pay, ["4242 4242 4242 4242"] * 8))
    for answer in answers:
        assert_sent_back(answer, session)
    assert kinds(stand_in, session).count("charge.succeeded") == 1


def test_a_paid_session_leads_on_to_the_shop(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay()
    text = stand_in.page(session).look().text
    assert "cannot be paid twice" in text
    assert f"https://shop.example/done?session_id={session.id}" in text


def test_an_expired_session_says_so_and_leads_back(stand_in: StandIn) -> None:
    session = stand_in.session()
    page = stand_in.page(session)
    expired = stand_in.client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    for response in (page.look(), page.pay()):
        assert response.status_code == 410
        assert "This checkout has expired" in response.text
        assert "https://shop.example/cancelled" in response.text
    stand_in.receiver.wait_for(type="checkout.session.expired", id=session.id)


def test_a_finished_session_cannot_be_expired(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay()
    with pytest.raises(stripe.InvalidRequestError, match="complete"):
        stand_in.client.v1.checkout.sessions.expire(session.id)


def test_expiry_cancels_an_attempt_that_failed(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay("4000000000000002")
    stand_in.client.v1.checkout.sessions.expire(session.id)
    intent = intent_of(stand_in, session)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "expired")


def test_a_session_expires_by_the_clock(own_stand_in: StandIn) -> None:
    session = own_stand_in.session()
    own_stand_in.sim("clock", advance_seconds=24 * 3600 + 60)
    own_stand_in.receiver.wait_for(type="checkout.session.expired", id=session.id)
    assert now(own_stand_in, session).status == "expired"


def test_an_unknown_session_has_a_page_too(stand_in: StandIn) -> None:
    response = stand_in.http.get("/c/pay/cs_test_nothing")
    assert response.status_code == 404
    assert "There is no such checkout" in response.text


def test_what_is_typed_is_shown_as_text(stand_in: StandIn) -> None:
    response = stand_in.page(stand_in.session()).pay("4242", name='"><script>alert(1)</script>')
    assert "<script>alert" not in response.text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (499, "usd", "$4.99"),
        (500, "jpy", "¥500"),
        (123456, "eur", "€1,234.56"),
        (1250, "chf", "12.50 CHF"),
        (1234, "kwd", "1.234 KWD"),
        (-100, "usd", "-$1.00"),
    ],
)
def test_amounts_read_as_people_write_them(amount: int, currency: str, text: str) -> None:
    assert formatted(amount, currency) == text


def test_every_test_card_has_a_valid_number() -> None:
    assert all(passes_luhn(card.number) for card in TEST_CARDS)


def test_a_card_is_good_until_the_end_of_its_month() -> None:
    card, problems = read_card("4242424242424242", "11/26", "123", dt.date(2026, 11, 30))
    assert (card is not None, problems) == (True, {})
    assert "expiry" in read_card("4242424242424242", "11/26", "123", dt.date(2026, 12, 1))[1]
