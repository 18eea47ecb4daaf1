"""The signed-in user's files.

GET /api/files: a page of them, newest first, with addresses to download from.
POST /api/files {feature, filename, size, content_type}: hold what it costs, say where to upload.
"""

from __future__ import annotations

from api._lib.auth import signed_in_user
from api._lib.files import begin_upload, list_files
from api._lib.http import Request, Response, endpoint
from api._lib.paging import page
from api._lib.storage import storage_settings
from api._lib.uploads import new_upload


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
