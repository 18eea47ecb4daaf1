"""GET /api/packages: the packages on sale and what features cost. No token; cacheable."""

from __future__ import annotations

from api._lib import database
from api._lib.web.http import Request, Response, endpoint

# A new price shows within about a minute. Checkout always reads the current price.
CACHE_CONTROL = "public, max-age=0, s-maxage=60, stale-while-revalidate=60"


def get(_request: Request) -> Response:
    """Return the catalogue, in display order."""
    return Response(database.call("read_catalogue"), headers={"Cache-Control": CACHE_CONTROL})


app = endpoint(get=get, cross_origin=())
