"""The signed-in user's files.

GET /api/files: a page of them, newest first, with download addresses; and how large a file may be.
POST /api/files {feature, filename, size, content_type}: hold the credits, return an upload address.
POST /api/files/complete {"file_id"}: process an upload and charge for it.
POST /api/files/export {"file_ids": […]}: make one archive of processed files and charge for it.

vercel.json rewrites the last two to /api/files?action=complete and /api/files?action=export.
"""

from __future__ import annotations

import re
from typing import Any

from api._lib.errors import InvalidRequestError
from api._lib.files.answers import file_json, processed_json
from api._lib.files.deleting import delete_one
from api._lib.files.kinds import new_upload, size_limits
from api._lib.files.rows import read_files
from api._lib.files.settings import storage_settings
from api._lib.files.uploads import begin_upload, complete_upload
from api._lib.web.actions import choose_by
from api._lib.web.auth import signed_in_user
from api._lib.web.cors import TOKEN_AND_JSON, TOKEN_JSON_AND_KEY
from api._lib.web.http import Request, Response, endpoint
from api._lib.web.paging import page

MAX_EXPORTED_FILES = 50

_FILE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def listing(request: Request) -> Response:
    """Answer ?limit= and ?cursor= (from next_cursor)."""
    user = signed_in_user(request)
    limit, cursor = page(request)
    max_bytes = size_limits(storage_settings().max_file_bytes)
    files, next_cursor = read_files(user.id, limit=limit, cursor=cursor)
    return Response(
        {
            "files": [file_json(file) for file in files],
            "next_cursor": next_cursor,
            "max_bytes": max_bytes,
        }
    )


def begin(request: Request) -> Response:
    """Begin an upload; a repeated Idempotency-Key returns the same upload."""
    user = signed_in_user(request)
    limit = storage_settings().max_file_bytes
    upload = new_upload(request.json_object(), max_file_bytes=limit)
    return Response(begin_upload(user.id, upload, request.idempotency_key()))


def delete(request: Request) -> Response:
    """Delete one file; if its upload is still waited for, its credits are free at once."""
    user = signed_in_user(request)
    storage_settings()
    return Response(delete_one(user.id, _file_id(request.query.get("file_id"))))


def complete(request: Request) -> Response:
    """Process an upload. A request for a file that is done or failed gets the same answer again."""
    user = signed_in_user(request)
    file_id = _file_id(request.json_object().get("file_id"))
    return Response(processed_json(complete_upload(user.id, file_id)))


def export(request: Request) -> Response:
    """Make the archive; a repeated Idempotency-Key returns the same archive."""
    # Imported here, because only this action needs it.
    from api._lib.files.export import export_files  # noqa: PLC0415

    user = signed_in_user(request)
    given = request.json_object().get("file_ids")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_EXPORTED_FILES:
        raise InvalidRequestError(
            f"file_ids must be a list of 1 to {MAX_EXPORTED_FILES} files' ids."
        )
    file_ids = list(dict.fromkeys(_file_id(value) for value in given))
    return Response(processed_json(export_files(user.id, file_ids, request.idempotency_key())))


def _file_id(value: Any) -> str:
    if not isinstance(value, str) or not _FILE_ID.fullmatch(value):
        raise InvalidRequestError("A file's id is needed, as POST /api/files gave it.")
    return value


app = choose_by(
    "action",
    {
        None: endpoint(get=listing, post=begin, delete=delete, cross_origin=TOKEN_JSON_AND_KEY),
        "complete": endpoint(post=complete, cross_origin=TOKEN_AND_JSON),
        "export": endpoint(post=export, cross_origin=TOKEN_JSON_AND_KEY),
    },
)
