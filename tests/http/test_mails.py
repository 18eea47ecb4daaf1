"""Mails about events, as the local mailbox received them."""

from __future__ import annotations

import re
import smtplib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from local.stack import running_services
from tests import plain_http, shop
from tests.support import RunningStack, User, until

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOP = "Ada & <Friends>"


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack that sends mails, as make run does."""
    environ = {"SHOP_NAME": SHOP, "SHOP_SUPPORT_EMAIL": "help@example.com", "EVENTS_URL": ""}
    folder = tmp_path_factory.mktemp("mailing")
    with running_services(
        folder, environ={**environ, "EVENTS_SECRET": ""}, report=lambda _line: None, tells=True
    ) as running:
        yield RunningStack.of(running.stack)


def deliver(stack: RunningStack) -> None:
    stack.scheduled("/api/deliver").raise_for_status()


def mails(stack: RunningStack, address: str, subject: str = "") -> list[dict[str, Any]]:
    """Return the shop's mails to an address, oldest first."""
    answer = plain_http.get(f"{stack.mailbox_url}/api/mails", params={"to": address})
    return [
        mail
        for mail in reversed(answer.raise_for_status().json()["mails"])
        if "shop@example.com" in mail["from"] and subject in mail["subject"]
    ]


def mail(stack: RunningStack, address: str, subject: str) -> dict[str, Any]:
    """Wait for one mail."""
    (found,) = until(lambda: mails(stack, address, subject), subject)
    return found


def spend(stack: RunningStack, user: User, quantity: int, key: str) -> None:
    stack.post(
        "/api/credits",
        json={"feature": "docx_processing", "quantity": quantity},
        headers={**user.auth, "Idempotency-Key": key},
    ).raise_for_status()


def test_a_purchase_is_confirmed_in_the_shop_s_name(mailing: RunningStack) -> None:
    user = mailing.sign_up()
    shop.buy(mailing, user)
    found = mail(mailing, user.email, "500 credits added")
    assert found["from"].startswith('"Ada & <Friends>"')
    assert "You paid 4.99 USD." in found["text"]
    assert "Your balance is 500 credits." in found["text"]
    assert "help@example.com" in found["text"]
    assert "Ada &amp; &lt;Friends&gt;" in found["html"]
    assert mailing.site_url in found["text"]
    # A receipt is sent whatever the person chose.
    assert "unsubscribe" not in found["text"]


def test_a_refund_and_a_failed_bank_debit_are_told(mailing: RunningStack) -> None:
    user = mailing.sign_up()
    session_id = shop.buy(mailing, user)
    shop.refund(mailing, session_id, 100)
    found = mail(mailing, user.email, "Your refund")
    assert "A refund of 1.00 USD" in found["text"]


def test_a_withdrawal_is_confirmed_with_its_time_and_the_owner_is_told(
    mailing: RunningStack,
) -> None:
    user = mailing.sign_up()
    session_id = shop.buy(mailing, user)
    until(lambda: shop.purchase(mailing, session_id)["credits_posted"], "the pack is credited")
    order = shop.purchase(mailing, session_id)
    answer = mailing.post("/api/withdrawal", json={"purchase": str(order["id"])}, headers=user.auth)
    at = datetime.fromisoformat(answer.raise_for_status().json()["withdrawn_at"])
    found = mail(mailing, user.email, "Confirmation of your withdrawal")
    assert f"{at:%-d %B %Y, %H:%M:%S} UTC" in found["text"]
    assert f"Starter, order {order['id']}" in found["text"]
    # Stripe was not asked yet when the mail was written.
    assert "4.99 USD is to go back to you, for the 500 credits" in found["text"]
    assert "A second mail follows when it is on its way." in found["text"]
    mail(mailing, user.email, "Your refund")
    assert "unsubscribe" not in found["text"]
    told = mail(mailing, "owner@example.com", "A buyer withdrew from a purchase")
    assert "4.99 USD is to be refunded for 500 credits." in told["text"]
    assert user.email not in told["text"]


def test_a_withdrawal_of_a_used_pack_says_why_nothing_goes_back(mailing: RunningStack) -> None:
    user = mailing.sign_up()
    session_id = shop.buy(mailing, user)
    until(lambda: shop.purchase(mailing, session_id)["credits_posted"], "the pack is credited")
    spend(mailing, user, 100, "all of it")
    order = str(shop.purchase(mailing, session_id)["id"])
    mailing.post("/api/withdrawal", json={"purchase": order}, headers=user.auth).raise_for_status()
    found = mail(mailing, user.email, "Confirmation of your withdrawal")
    assert "Nothing of this pack is left that could be refunded." in found["text"]


def test_buyer_and_owner_are_told_of_a_refund_that_was_refused(mailing: RunningStack) -> None:
    user = mailing.sign_up()
    session_id = shop.buy(mailing, user)
    until(lambda: shop.purchase(mailing, session_id)["credits_posted"], "the pack is credited")
    order = shop.purchase(mailing, session_id)
    with shop.no_webhooks(mailing):
        shop.refund(mailing, session_id, 499)
        mailing.post(
            "/api/withdrawal", json={"purchase": str(order["id"])}, headers=user.auth
        ).raise_for_status()
    deliver(mailing)
    told = mail(mailing, "owner@example.com", "A refund was not made")
    assert f"order {order['id']} ended as refused: charge_already_refunded" in told["text"]
    found = mail(mailing, user.email, "Confirmation of your withdrawal")
    assert "We received your withdrawal on" in found["text"]
    corrected = mail(mailing, user.email, "Your refund was not made")
    assert "4.99 USD does not go back to you by itself" in corrected["text"]
    assert "The shop looks at it" in corrected["text"]
    assert "unsubscribe" not in corrected["text"]


def test_a_low_balance_is_told_once_and_the_mail_can_be_stopped(mailing: RunningStack) -> None:
    user = mailing.sign_up()
    shop.buy(mailing, user)
    spend(mailing, user, 98, "most of it")
    deliver(mailing)
    found = mail(mailing, user.email, "10 credits left")
    link = re.search(r"https?://\S+/unsubscribe\?token=(\S+)", found["text"])
    assert link
    one_click = plain_http.post(
        f"{mailing.site_url}/api/unsubscribe",
        params={"token": link[1]},
        data={"List-Unsubscribe": "One-Click"},
    )
    assert (one_click.status_code, one_click.json()) == (200, {"unsubscribed": True})
    spend(mailing, user, 1, "a little more")
    spend(mailing, user, 1, "the rest")
    shop.buy(mailing, user)
    spend(mailing, user, 98, "most of it again")
    deliver(mailing)
    assert len(until(lambda: mails(mailing, user.email, "500 credits added")[1:], "receipt")) == 1
    assert len(mails(mailing, user.email, "credits left")) == 1


@pytest.mark.parametrize("token", ["", "unknown", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_link_stops_nothing(mailing: RunningStack, token: str) -> None:
    answer = plain_http.post(f"{mailing.site_url}/api/unsubscribe", params={"token": token})
    assert answer.status_code == 404


def test_the_owner_is_told_of_a_dispute(mailing: RunningStack) -> None:
    user = mailing.sign_up()
    session_id = shop.buy(mailing, user)
    mailing.simulate("disputes", payment_intent=shop.payment_of(mailing, session_id))
    found = mail(mailing, "owner@example.com", "A payment is disputed")
    assert user.email not in found["text"]
    assert user.email not in found["html"]


def test_a_guest_without_an_address_holds_nobody_up(mailing: RunningStack) -> None:
    with mailing.connect() as database:
        database.execute(
            "select grant_credits(gen_random_uuid(), 30, 'bonus', 'ann', 'because', 'key')"
        )
    deliver(mailing)
    with mailing.connect() as database:
        row = database.execute(
            """
            select count(*) filter (where delivered_at is null) as pending
            from outbox_deliveries where endpoint = 'mail'
            """
        ).fetchone()
    assert row is not None
    assert row["pending"] == 0


def test_the_mailbox_takes_what_any_client_sends(mailing: RunningStack) -> None:
    with smtplib.SMTP(mailing.smtp_host, int(mailing.smtp_port)) as server:
        server.sendmail("a@example.com", ["b@example.com"], b"Subject: hello\r\n\r\nhi")
    answer = plain_http.get(f"{mailing.mailbox_url}/api/mails", params={"to": "b@example.com"})
    assert [mail["subject"] for mail in answer.json()["mails"]] == ["hello"]
