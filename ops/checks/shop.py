"""Check the shop's identity: its name, and what a person must find before they pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api._lib.desk.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.settings import Settings


def check_shop(config: Settings) -> Iterator[Finding]:
    """Check that a shop with a live key has a name, and say which links it lacks."""
    shop = config.shop
    if shop.is_named:
        yield Finding("ok", f"The shop is called {shop.name}.")
    elif config.livemode:
        yield Finding(
            "WRONG",
            "STRIPE_SECRET_KEY is a live key and the shop has no name of its own, so checkouts are"
            " refused.",
            "Set SHOP_NAME and redeploy.",
        )
    else:
        yield Finding("note", "The shop has no name yet. Set SHOP_NAME before you go live.")
    missing = [
        name
        for name, value in (
            ("SHOP_SUPPORT_EMAIL", shop.support_email),
            ("SHOP_TERMS_URL", shop.terms_url),
            ("SHOP_PRIVACY_URL", shop.privacy_url),
            ("SHOP_IMPRINT_URL", shop.imprint_url),
        )
        if value is None
    ]
    if config.livemode and missing:
        yield Finding(
            "note",
            "The pages do not say how to reach you, or under which terms you sell.",
            f"Set {', '.join(missing)} if the law where you sell asks for it.",
        )
    if shop.terms_consent:
        yield Finding(
            "note",
            "Stripe asks for consent to the terms. It refuses every checkout unless the account"
            " names its terms.",
            "Stripe > Settings > Public details > Terms of service, in live mode and in test mode.",
        )
