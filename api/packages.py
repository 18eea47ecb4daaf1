"""The packages on sale and what features cost.

GET /api/packages: the catalogue. No token; cacheable.
POST /api/packages: count that the page of a signed-in person shows the store.
"""

from __future__ import annotations

from api._lib import database
from api._lib.web.cors import TOKEN
from api._lib.web.http import Request, Response, endpoint

# A new price shows within about two minutes. Checkout always reads the current price. The answer is
# fresh for a while in the browser, too: a preloaded one that is stale at once is asked for again.
CACHE_CONTROL = "public, max-age=30, s-maxage=30, stale-while-revalidate=60"


def get(_request: Request) -> Response:
    """Return the catalogue, in display order."""
    return Response(database.call("read_catalogue"), headers={"Cache-Control": CACHE_CONTROL})


def post(request: Request) -> Response:
    """Count the person once a day; say whether they were counted now."""
    # Imported here: nearly every request is for the catalogue, and needs no access token.
    from api._lib.web.auth import signed_in_user  # noqa: PLC0415

    user = signed_in_user(request)
    return Response({"counted": database.call("note_store_opened", p_user_id=user.id)})


app = endpoint(get=get, post=post, cross_origin=TOKEN)
