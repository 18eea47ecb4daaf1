"""POST /api/files/export {"file_ids": […]} -> {"file", "balance"}: an archive of what is done."""

from __future__ import annotations

from api._lib.errors import InvalidRequestError
from api._lib.files.files import file_id_in
from api._lib.files.processing import export
from api._lib.web.auth import signed_in_user
from api._lib.web.http import Request, Response, endpoint

MAX_FILES = 50


def post(request: Request) -> Response:
    """Make the archive; with an Idempotency-Key, tell of the same one again."""
    user = signed_in_user(request)
    given = request.json_object().get("file_ids")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_FILES:
        raise InvalidRequestError(f"file_ids must be a list of 1 to {MAX_FILES} files' ids.")
    file_ids = list(dict.fromkeys(file_id_in(value) for value in given))
    return Response(export(user.id, file_ids, request.idempotency_key()))


app = endpoint(post=post)
