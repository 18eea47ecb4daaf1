"""The shop's identity: what pages, Stripe's payment page and mails call it and link to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api._lib.environment_reader import EnvironmentReader

DEFAULT_NAME = "Purse"
UNNAMED = "SHOP_NAME is missing: a live shop needs a name of its own"
MAX_NAME = 40

# WCAG's level AA for text. White text stands on the colour, and the colour is text on the pages'
# darkest light background (--sunken in tokens.css); the second is the stricter demand. In dark
# mode the pages mix the colour with white, which every colour that passes here allows.
LEAST_CONTRAST = 4.5
LIGHT_BACKGROUND = "#f3edf1"

_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s.<>\"]+")
_COLOR = re.compile(r"#[0-9a-f]{6}")
# Under public/, so that the pages' Content-Security-Policy needs no other origin.
_PATH = re.compile(r"/[A-Za-z0-9][A-Za-z0-9._~/-]*")
_WEB_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+\.[A-Za-z0-9-]+(?::\d{1,5})?(?:/[!#-;=?-~]*)?")


@dataclass(frozen=True)
class Shop:
    """The identity of a shop.

    Attributes:
        name: What people call it.
        is_named: Whether that is a name of its own, and not this software's.
        logo_url: Path of an image on this site; None for the default.
        color: "#rrggbb", dark enough for white text on it; None for the default.
        support_email: Where people write to.
        terms_url: https URL, or a path on this site. The next two likewise.
        privacy_url: Privacy policy.
        imprint_url: Who runs the shop.
        terms_consent: Whether Stripe's payment page asks for consent to the terms.
    """

    name: str
    is_named: bool
    logo_url: str | None
    color: str | None
    support_email: str | None
    terms_url: str | None
    privacy_url: str | None
    imprint_url: str | None
    terms_consent: bool

    def public(self) -> dict[str, str | None]:
        """Return what a page shows, for GET /api/config."""
        return {
            "name": self.name,
            "logo_url": self.logo_url,
            "color": self.color,
            "support_email": self.support_email,
            "terms_url": self.terms_url,
            "privacy_url": self.privacy_url,
            "imprint_url": self.imprint_url,
        }


def read_shop(read: EnvironmentReader) -> Shop:
    """Read the identity from the environment; problems are noted with the reader."""
    name = read.first("SHOP_NAME") or DEFAULT_NAME
    if len(name) > MAX_NAME or not name.isprintable():
        read.problems.append(f"SHOP_NAME must be one line of at most {MAX_NAME} characters")
    logo_url = read.first("SHOP_LOGO_URL")
    if logo_url and not _PATH.fullmatch(logo_url):
        read.problems.append(
            "SHOP_LOGO_URL must be the path of an image under public/, such as /img/logo.svg"
        )
    color = (read.first("SHOP_COLOR") or "").lower()
    if color and not _COLOR.fullmatch(color):
        read.problems.append("SHOP_COLOR must look like #a01652")
    elif color and contrast(color, LIGHT_BACKGROUND) < LEAST_CONTRAST:
        read.problems.append("SHOP_COLOR is too light: white text on it could not be read")
    support_email = read.first("SHOP_SUPPORT_EMAIL")
    if support_email and not _EMAIL.fullmatch(support_email):
        read.problems.append("SHOP_SUPPORT_EMAIL must look like help@example.com")
    terms_url = _link(read, "SHOP_TERMS_URL")
    terms_consent = read.flag("CHECKOUT_TERMS_CONSENT", default=False)
    if terms_consent and not terms_url:
        read.problems.append("CHECKOUT_TERMS_CONSENT needs SHOP_TERMS_URL")
    return Shop(
        name=name,
        is_named=name.strip(" 💎").casefold() != DEFAULT_NAME.casefold(),
        logo_url=logo_url,
        color=color or None,
        support_email=support_email,
        terms_url=terms_url,
        privacy_url=_link(read, "SHOP_PRIVACY_URL"),
        imprint_url=_link(read, "SHOP_IMPRINT_URL"),
        terms_consent=terms_consent,
    )


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio of two colours "#rrggbb", from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB's transfer function


def _link(read: EnvironmentReader, name: str) -> str | None:
    value = read.first(name)
    if value and not (_PATH.fullmatch(value) or _WEB_ADDRESS.fullmatch(value)):
        read.problems.append(
            f"{name} must look like https://example.com/page, or /page on this site"
        )
    return value
