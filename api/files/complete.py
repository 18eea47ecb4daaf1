"""POST /api/files/complete {"file_id"} -> {"file", "balance"}: process an upload, and charge."""

from __future__ import annotations

from api._lib.files.files import file_id_in
from api._lib.files.processing import complete
from api._lib.web.auth import signed_in_user
from api._lib.web.http import Request, Response, endpoint


def post(request: Request) -> Response:
    """Process, once, whoever asks how often; the answer of a file that has ended is the same."""
    user = signed_in_user(request)
    return Response(complete(user.id, file_id_in(request.json_object().get("file_id"))))


app = endpoint(post=post)
