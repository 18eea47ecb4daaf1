"""A member of staff at the desk: asks, previews and acts by the API."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.openapi import as_described

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]


@dataclass(frozen=True)
class Desk:
    """Somebody at the desk; every answer is checked against the description."""

    stack: RunningStack
    staff: User

    def ask(self, page: str, **query: str) -> httpx.Response:
        """GET a page of the desk: today, people, person, verdict, checks, export."""
        return as_described(
            self.stack.get(f"/api/admin/{page}", params=query, headers=self.staff.auth)
        )

    def read(self, page: str, **query: str) -> Any:
        """GET a page of the desk and return its JSON."""
        answer = self.ask(page, **query)
        assert answer.status_code == httpx.codes.OK, answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        return answer.json()

    def act(
        self, action: str, person: User | str, *, key: str | None = None, **more: Any
    ) -> httpx.Response:
        """Do something about a person, under a new key unless one is given."""
        user_id = person if isinstance(person, str) else person.id
        body = {"action": action, "user_id": user_id, "reason": "They asked", **more}
        headers = {**self.staff.auth, "Idempotency-Key": key or secrets.token_hex(8)}
        return as_described(self.stack.post("/api/admin/act", json=body, headers=headers))

    def done(self, action: str, person: User | str, **more: Any) -> Any:
        """Do something that is expected to work; return what it changed."""
        answer = self.act(action, person, **more)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def preview(self, action: str, person: User | str, **more: Any) -> Any:
        """Return what an action would change."""
        return self.done(action, person, preview=True, **more)


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error."""
    return answer.status_code, answer.json()["error"]["code"]


def actions_about(database: Database, user_id: str) -> list[dict[str, Any]]:
    """Return what staff did about somebody, oldest first."""
    return database.execute(
        "select * from admin_actions where user_id = %s order by id", [user_id]
    ).fetchall()


def same_effect(previewed: Any, done: Any) -> bool:
    """Whether two results say the same but for ids of rows."""

    def told(result: Any) -> Any:
        rows = [(row["kind"], row["amount"], row["balance_after"]) for row in result["ledger"]]
        return result["accounts"], rows

    return bool(told(previewed) == told(done))
