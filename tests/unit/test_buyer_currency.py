"""Which currency the store proposes, by the country of a request."""

from __future__ import annotations

import pytest

from api._lib.web.buyer_currency import _COUNTRIES, CURRENCY_OF, buyer_currency
from api._lib.web.http import Request
from local.stripe.payments.currencies import CURRENCIES


def request(country: str | None) -> Request:
    environ = {} if country is None else {"HTTP_X_VERCEL_IP_COUNTRY": country}
    return Request("GET", {}, environ, b"")


@pytest.mark.parametrize(
    ("country", "currency"),
    [("DE", "eur"), ("GB", "gbp"), ("JP", "jpy"), ("KW", "kwd"), ("US", "usd"), ("LI", "chf")],
)
def test_a_country_has_the_currency_that_is_paid_there(country: str, currency: str) -> None:
    assert buyer_currency(request(country)) == currency


@pytest.mark.parametrize("country", [None, "", "XX", "de", "DE,US", "KP", "A" * 5000])
def test_an_unknown_country_has_none(country: str | None) -> None:
    assert buyer_currency(request(country)) is None


def test_stripe_charges_in_each_and_no_country_has_two() -> None:
    assert set(_COUNTRIES) <= CURRENCIES
    assert sum(len(countries.split()) for countries in _COUNTRIES.values()) == len(CURRENCY_OF)
    assert all(len(country) == 2 and country.isupper() for country in CURRENCY_OF)
