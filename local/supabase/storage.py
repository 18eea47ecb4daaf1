"""Passes requests about buckets on to the storage, which checks their key itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from flask import Blueprint, Response, request

if TYPE_CHECKING:
    from local.supabase.settings import Settings

TIMEOUT_SECONDS = 10
_PASSED_HEADERS = ("Authorization", "Content-Type")


def create_storage(settings: Settings) -> Blueprint:
    """Make the routes /storage/v1/bucket and /storage/v1/bucket/{id}."""
    blueprint = Blueprint("storage", __name__, url_prefix="/storage/v1")
    client = httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS)

    @blueprint.route("/bucket", methods=["GET", "POST"])
    @blueprint.get("/bucket/<bucket>")
    def pass_on(bucket: str = "") -> Response:
        url = f"{settings.storage_url}/bucket{f'/{bucket}' if bucket else ''}"
        headers = {
            name: request.headers[name] for name in _PASSED_HEADERS if name in request.headers
        }
        try:
            answer = client.request(
                request.method, url, headers=headers, content=request.get_data()
            )
        except httpx.HTTPError:
            return Response(status=503)
        return Response(answer.content, answer.status_code, mimetype="application/json")

    return blueprint
