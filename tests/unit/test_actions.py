"""web/actions.py: a query parameter chooses one of several endpoints."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from api._lib.web.actions import choose_by
from api._lib.web.http import MAX_QUERY_FIELDS, Request, Response, endpoint


def ask(query: str, method: str = "GET") -> tuple[int, str]:
    def default(_request: Request) -> Response:
        return Response("default")

    def other(request: Request) -> Response:
        return Response(f"other {request.query['action']}")

    app = choose_by("action", {None: endpoint(get=default), "other": endpoint(post=other)})
    answer = Client(app).open(f"/?{query}", method=method)
    body = answer.get_json()
    return answer.status_code, body["error"]["code"] if "error" in body else body


def test_the_parameter_chooses_the_endpoint_and_so_its_methods() -> None:
    assert ask("") == (200, "default")
    assert ask("action=other", "POST") == (200, "other other")
    assert ask("action=other") == (405, "method_not_allowed")
    assert ask("", "POST") == (405, "method_not_allowed")


def test_the_last_of_several_counts() -> None:
    """A rewrite adds its parameter after the client's."""
    assert ask("action=nothing&action=other", "POST") == (200, "other other")
    assert ask("action=other&action=nothing", "POST") == (404, "not_found")


@pytest.mark.parametrize("query", ["action=nothing", "action=", "action=Other", "action=other%20"])
def test_an_unknown_name_is_not_found(query: str) -> None:
    assert ask(query) == (404, "not_found")


def test_too_many_parameters_are_refused_as_everywhere() -> None:
    query = "&".join(["action=other", *(f"x{number}=" for number in range(MAX_QUERY_FIELDS))])
    assert ask(query) == (400, "invalid_request")
