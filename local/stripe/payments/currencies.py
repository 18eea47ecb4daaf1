"""Currencies: codes, decimals, minimum and maximum charge, fractions that cannot be charged."""

from __future__ import annotations


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


ZERO_DECIMAL = _codes("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")
THREE_DECIMAL = _codes("bhd jod kwd omr tnd")
TWO_DECIMAL = _codes(
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad "
    "cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl "
    "htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop "
    "mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar "
    "sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst "
    "xcd yer zar zmw"
)
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL

# Passed in hundredths, but charged whole (https://docs.stripe.com/currencies#special-cases).
WHOLE_ONLY = _codes("isk ugx")

MINIMUM_CHARGE = {
    "aed": 200,
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "isk": 100,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "thb": 1000,
    "ugx": 100,
}
DEFAULT_MINIMUM_CHARGE = 50
MAXIMUM_CHARGE = 99_999_999

SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "krw": "₩"}


def minimum_charge(currency: str) -> int:
    """Return the smallest amount, in minor units, that Stripe charges in a currency."""
    return MINIMUM_CHARGE.get(currency, DEFAULT_MINIMUM_CHARGE)


def step(currency: str) -> int:
    """Return the amount, in minor units, of which every charge must be a multiple."""
    if currency in WHOLE_ONLY:
        return 100
    return 10 if currency in THREE_DECIMAL else 1


def decimals(currency: str) -> int:
    """Return the number of decimals of a currency."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def formatted(amount_minor: int, currency: str) -> str:
    """Return an amount in minor units as text: `$4.99`, `¥500`, `12.50 CHF`."""
    places = decimals(currency)
    number = f"{abs(amount_minor) / 10**places:,.{places}f}"
    sign = "-" if amount_minor < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency.upper()}"
