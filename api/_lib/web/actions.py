"""One function for several endpoints, chosen by a query parameter.

Vercel's Hobby plan takes at most twelve functions, so some files under api/ answer several paths.
vercel.json rewrites such a path to the file with a query parameter. The path itself cannot be used:
Vercel does not document what a function's PATH_INFO is after a rewrite.

The parameter is no secret and grants nothing. Anybody may send it, and each endpoint checks its
caller itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from api._lib.errors import NotFoundError
from api._lib.web.http import MAX_QUERY_FIELDS, Request, Response, endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def choose_by(parameter: str, endpoints: Mapping[str | None, WSGIApplication]) -> WSGIApplication:
    """Make one WSGI application of several.

    Args:
        parameter: The query parameter that names an endpoint. If it is repeated, the last counts.
        endpoints: The endpoints by their name; None is for requests without the parameter.
    """
    unknown = endpoint(get=_not_found, post=_not_found)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        name = _last(environ.get("QUERY_STRING", ""), parameter)
        return endpoints.get(name, unknown)(environ, start_response)

    return app


def _last(query: str, parameter: str) -> str | None:
    try:
        fields = parse_qs(query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        # Too many fields: whichever endpoint reads this query answers 400.
        return None
    return fields[parameter][-1] if parameter in fields else None


def _not_found(_request: Request) -> Response:
    raise NotFoundError
