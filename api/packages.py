"""GET /api/packages: what is on sale and what things cost. No token; cacheable."""

from __future__ import annotations

from api._lib import database
from api._lib.web.http import Request, Response, endpoint

# A price change shows within a minute; checkout itself always reads the price of the moment.
CACHE_CONTROL = "public, max-age=0, s-maxage=60, stale-while-revalidate=60"


def get(_request: Request) -> Response:
    """Return the catalogue, in display order."""
    return Response(database.call("read_catalogue"), headers={"Cache-Control": CACHE_CONTROL})


app = endpoint(get=get)
