"""A user who uploads files as the page does: begin, put, complete.

Every answer is checked against openapi.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests import plain_http
from tests.openapi import as_described
from tests.samples import DOCX_TYPE
from tests.stripe_events import Order, event

if TYPE_CHECKING:
    import httpx

    from tests.support import RunningStack, User


# Feature -> a file name and its content type.
FILES = {
    "docx_processing": ("harbour.docx", DOCX_TYPE),
    "txt_upload": ("notes.txt", "text/plain"),
    "audio_upload": ("waves.mp3", "audio/mpeg"),
}


@dataclass(frozen=True)
class Uploader:
    """A user of the stack with 500 credits."""

    stack: RunningStack
    user: User

    @classmethod
    def with_credits(cls, stack: RunningStack, credits_: int = 500) -> Uploader:
        """Sign up a user who bought this many credits."""
        user = stack.sign_up()
        if credits_:
            order = Order(user_id=user.id, credits=credits_)
            stack.deliver(event("checkout.session.completed", order.session()))
        return cls(stack, user)

    def post(self, path: str, body: Any, *, key: str | None = None) -> httpx.Response:
        """Post to the site as this user."""
        headers = {**self.user.auth, **({"Idempotency-Key": key} if key else {})}
        return as_described(self.stack.post(path, json=body, headers=headers))

    def begin(self, feature: str, size: int, **more: Any) -> httpx.Response:
        """Begin an upload."""
        filename, content_type = FILES[feature]
        key = more.pop("key", None)
        body = {
            "feature": feature,
            "filename": filename,
            "size": size,
            "content_type": content_type,
            **more,
        }
        return self.post("/api/files", body, key=key)

    def put(self, feature: str, content: bytes, **more: Any) -> str:
        """Begin an upload and put the file; return its id."""
        begun = self.begin(feature, len(content), **more)
        assert begun.status_code == 200, begun.text
        upload = begun.json()["upload"]
        sent = plain_http.put(upload["url"], content=content, headers=upload["headers"])
        assert sent.status_code == 200, sent.text
        file_id: str = begun.json()["file"]["id"]
        return file_id

    def complete(self, file_id: str) -> httpx.Response:
        """Complete an upload."""
        return self.post("/api/files/complete", {"file_id": file_id})

    def process(self, feature: str, content: bytes, **more: Any) -> dict[str, Any]:
        """Upload a file and complete it; return the file."""
        answer = self.complete(self.put(feature, content, **more))
        assert answer.status_code == 200, answer.text
        file: dict[str, Any] = answer.json()["file"]
        return file

    def export(self, file_ids: list[str], *, key: str | None = None) -> httpx.Response:
        """Export files into one archive."""
        return self.post("/api/files/export", {"file_ids": file_ids}, key=key)

    def files(self, query: str = "") -> dict[str, Any]:
        """List files."""
        answer = as_described(self.stack.get(f"/api/files{query}", headers=self.user.auth))
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    def file(self, file_id: str) -> dict[str, Any]:
        """Return one of the files in the list."""
        return next(file for file in self.files("?limit=100")["files"] if file["id"] == file_id)

    @property
    def credits(self) -> tuple[int, int]:
        """The balance, and how much of it is held."""
        answer = self.stack.get("/api/credits", headers=self.user.auth).json()
        return answer["balance"], answer["held"]


def download(file: dict[str, Any], name: str) -> httpx.Response:
    """Download one of a file's objects by its name."""
    url = next(entry["url"] for entry in file["downloads"] if entry["name"] == name)
    answer = plain_http.get(url)
    assert answer.status_code == 200, answer.text
    return answer


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and code of an error."""
    return answer.status_code, answer.json()["error"]["code"]
