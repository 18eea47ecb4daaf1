"""An endpoint that fails in each way an answer can fail; `?fault=` chooses one.

It is served by gunicorn and, in place of a function's own source, by Vercel's runtime.
"""

from __future__ import annotations

from typing import Any

from api._lib.web.http import Request, Response, endpoint

FAULTS: dict[str, Response] = {
    "body that is no JSON value": Response({"value": object()}),
    "body with a number that JSON lacks": Response({"value": float("nan")}),
    "header with a line break": Response({}, headers={"X-Fault": "a\r\nX-Injected: b"}),
    "header beyond ASCII": Response({}, headers={"X-Fault": "\N{SNOWMAN}"}),
    "status that does not exist": Response({}, status=799),
}


class QuotingError(Exception):
    """An exception whose text must not be told or logged."""


def handle(request: Request) -> Response:
    """Answer with the fault that the query names, or 200 without one."""
    fault = request.query.get("fault")
    if fault == "exception":
        raise QuotingError("somebody@example.com")
    ok: dict[str, Any] = {"ok": True}
    return FAULTS[fault] if fault else Response(ok)


app = endpoint(get=handle, post=handle)
