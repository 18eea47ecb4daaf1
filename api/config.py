"""GET /api/config: what the frontend, which has no build, must know of its deployment."""

from __future__ import annotations

from api._lib.settings import settings
from api._lib.web.http import Request, Response, endpoint


def get(_request: Request) -> Response:
    """Return the Supabase project's address, its publishable key, and what is switched on."""
    config = settings()
    return Response(
        {
            "supabase_url": config.supabase_url,
            "publishable_key": config.supabase_publishable_key,
            "payments_enabled": config.payments_enabled,
            "files_enabled": config.storage is not None,
        },
        headers={"Cache-Control": "no-cache"},
    )


app = endpoint(get=get)
