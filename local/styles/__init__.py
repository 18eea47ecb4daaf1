"""The colours, spaces and text of every page of the local stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, send_from_directory

if TYPE_CHECKING:
    from flask import Flask


def add_styles(app: Flask) -> None:
    """Serve /styles/base.css, which a page links before its own style sheet."""

    @app.get("/styles/base.css")
    def base_styles() -> Response:
        return send_from_directory(Path(__file__).parent, "base.css")
