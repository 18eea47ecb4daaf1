"""GET /api/config: the settings that the frontend needs. Its files are the same everywhere."""

from __future__ import annotations

from api._lib.settings import settings
from api._lib.web.buyer_currency import buyer_currency
from api._lib.web.http import Request, Response, endpoint

# As long as the catalogue: a switched-off store shows within a minute. Checkout asks the settings.
CACHE_CONTROL = "private, max-age=60"


def get(request: Request) -> Response:
    """Return the Supabase project, what is switched on, the shop, and what signing in takes.

    The currency is that of the caller's country, so no shared cache may keep the answer.
    tax says whether prices include tax (inclusive), or it is added (exclusive); null: no tax.
    """
    config = settings()
    return Response(
        {
            "supabase_url": config.supabase_url,
            "publishable_key": config.supabase_publishable_key,
            "payments_enabled": config.payments_enabled,
            "files_enabled": config.files is not None,
            "shop": config.shop.public(),
            "currency": buyer_currency(request),
            **config.sign_in.public(),
            **config.refunds.public(),
            "tax": config.invoicing.tax_behavior,
        },
        headers={"Cache-Control": CACHE_CONTROL},
    )


app = endpoint(get=get, cross_origin=())
