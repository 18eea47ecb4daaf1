"""The signed-in user's files.

GET /api/files: a page of them, newest first, with addresses to download from.
POST /api/files {feature, filename, size, content_type}: hold what it costs, say where to upload.
"""

from __future__ import annotations

from api._lib.files.files import begin_upload, list_files
from api._lib.files.kinds import new_upload
from api._lib.files.storage import storage_settings
from api._lib.web.auth import signed_in_user
from api._lib.web.http import Request, Response, endpoint
from api._lib.web.paging import page


def get(request: Request) -> Response:
    """Answer ?limit= and ?cursor= (from next_cursor)."""
    user = signed_in_user(request)
    limit, cursor = page(request)
    return Response(list_files(user.id, limit=limit, cursor=cursor))


def post(request: Request) -> Response:
    """Begin an upload; with an Idempotency-Key, the same one again for the same request."""
    user = signed_in_user(request)
    limit = storage_settings().max_file_bytes
    upload = new_upload(request.json_object(), max_file_bytes=limit)
    return Response(begin_upload(user.id, upload, request.idempotency_key()))


app = endpoint(get=get, post=post)
