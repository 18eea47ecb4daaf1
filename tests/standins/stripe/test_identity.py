"""The merchant's name on the payment page, its words, and consent to its terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stripe

from tests.standins.stripe.sdk_shapes import mismatches

if TYPE_CHECKING:
    from tests.standins.stripe.harness import StandIn

TERMS = "https://shop.example/terms"
ASKING = {"consent_collection": {"terms_of_service": "required"}}


def test_without_terms_in_the_account_no_session_asks_for_consent(own_stand_in: StandIn) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="unless a URL is set"):
        own_stand_in.session(**ASKING)
    own_stand_in.sim("account", terms_of_service_url=TERMS)
    assert own_stand_in.session(**ASKING).consent is None


def test_nobody_pays_without_consent(own_stand_in: StandIn) -> None:
    own_stand_in.sim("account", terms_of_service_url=TERMS)
    session = own_stand_in.session(**ASKING)
    page = own_stand_in.page(session)
    assert f'<a href="{TERMS}">Terms of Service</a>' in page.look().text
    refused = page.pay()
    assert refused.status_code == 422
    assert "Accept the terms of service to pay." in refused.text
    assert page.pay(terms="accepted").status_code == 303
    paid = own_stand_in.client.v1.checkout.sessions.retrieve(session.id)
    assert paid.consent is not None
    assert paid.consent.terms_of_service == "accepted"
    assert mismatches(paid.to_dict(), stripe.checkout.Session, "session") == []


def test_a_session_may_name_the_merchant_and_say_more(own_stand_in: StandIn) -> None:
    session = own_stand_in.session(
        branding_settings={"display_name": "Garden Books", "button_color": "#0b6a47"},
        custom_text={"after_submit": {"message": "Questions? help@example.com"}},
    )
    assert session.branding_settings is not None
    assert session.branding_settings.button_color == "#0b6a47"
    page = own_stand_in.page(session).look().text
    assert "Back to Garden Books" in page
    assert "Questions? help@example.com" in page
    assert mismatches(session.to_dict(), stripe.checkout.Session, "session") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"branding_settings": {"button_color": "green"}},
        {"branding_settings": {"logo": {"type": "url", "url": "https://shop.example/logo.png"}}},
        {"consent_collection": {"terms_of_service": "perhaps"}},
        {"custom_text": {"after_submit": {"message": "x" * 1201}}},
        {"locale": "tlh"},
    ],
)
def test_what_stripe_does_not_know_is_refused(
    own_stand_in: StandIn, wrong: dict[str, object]
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        own_stand_in.session(**wrong)
