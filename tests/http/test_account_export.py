"""GET /api/account/export: a copy of one's data, page by page."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.openapi import as_described

if TYPE_CHECKING:
    import httpx
    from psycopg import Connection

    from tests.support import RunningStack, User

PATH = "/api/account/export"


def export(stack: RunningStack, user: User, cursor: str | None = None) -> httpx.Response:
    params = {} if cursor is None else {"cursor": cursor}
    return as_described(stack.get(PATH, headers=user.auth, params=params))


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
def user(stack: RunningStack) -> User:
    """Somebody with 500 credits."""
    return stack.sign_up_buyer()


def test_an_export_has_everything_and_comes_as_a_file(
    stack: RunningStack, user: User, database: Connection[dict[str, Any]]
) -> None:
    database.execute("select spend_credits(%s, 'docx_processing', 1, 'k')", [user.id])
    database.execute("select hold_credits(%s, 'docx_processing', 1, 'h', 60)", [user.id])
    answer = export(stack, user)
    assert answer.headers["content-disposition"] == 'attachment; filename="account.json"'
    found = answer.json()
    assert found["user_id"] == user.id
    profile = found["profile"]
    assert (profile["email"], profile["phone"]) == (user.email, None)
    assert all(profile[name] for name in ("created_at", "last_sign_in_at", "metadata"))
    assert found["account"] == {"balance": 495, "held": 5, "customers": []}
    (order,) = found["orders"]
    assert (order["status"], order["amount_paid"], order["reversals"]) == ("paid", 499, [])
    kinds = [(row["kind"], row["amount"]) for row in found["transactions"]]
    assert kinds == [("purchase", 500), ("spend", -5)]
    assert [(lot["remaining"], lot["held"]) for lot in found["lots"]] == [(495, 5)]
    assert [(hold["status"], hold["credits"]) for hold in found["holds"]] == [("held", 5)]
    assert (found["files"], found["next_cursor"]) == ([], None)
    # Ids are text, because JavaScript's numbers are too small for them.
    assert all(isinstance(row["id"], str) for row in found["transactions"] + found["lots"])


def test_nobody_else_is_in_an_export(stack: RunningStack, user: User) -> None:
    stranger = stack.sign_up_buyer()
    text = export(stack, user).text
    assert stranger.id not in text
    assert stranger.email not in text


def test_a_long_history_is_exported_page_by_page(
    stack: RunningStack, user: User, database: Connection[dict[str, Any]]
) -> None:
    batch = json.dumps(
        [
            {
                "user_id": user.id,
                "feature": "audio_upload",
                "quantity": 1,
                "idempotency_key": f"k{number}",
            }
            for number in range(200)
        ]
    )
    database.execute("select spend_batch(%s)", [batch])
    for _ in range(9):
        database.execute(
            "select reverse_spend(id, 'ann', 'why') from credit_transactions t"
            " where user_id = %s and kind = 'spend'"
            " and not exists (select from credit_transactions r where r.reverses_id = t.id)",
            [user.id],
        )
        spends = batch.replace('"k', f'"{time.monotonic_ns()}')
        database.execute("select spend_batch(%s)", [spends])
    cursor, ids, pages = None, [], 0
    for _ in range(100):
        page = export(stack, user, cursor)
        assert page.status_code == 200
        assert len(page.content) < 3_000_000
        assert ("profile" in page.json()) == (cursor is None)
        ids += [int(row["id"]) for row in page.json()["transactions"]]
        pages += 1
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
    else:
        pytest.fail("an export has no end")
    assert pages > 1
    rows = database.execute(
        "select id from credit_transactions where user_id = %s order by id", [user.id]
    ).fetchall()
    assert ids == [row["id"] for row in rows]


@pytest.mark.parametrize(
    "cursor", ["", "x", "lots:x", "lots:1-2", "orders:1", "lots:" + "9" * 30, "files:a", "profile:"]
)
def test_a_cursor_that_we_did_not_give_is_refused(
    stack: RunningStack, user: User, cursor: str
) -> None:
    assert code(export(stack, user, cursor)) == (400, "invalid_request")


def test_pages_of_exports_are_limited_an_hour(
    stack: RunningStack, user: User, database: Connection[dict[str, Any]]
) -> None:
    assert export(stack, user).status_code == 200
    # Every page costs as much as the first.
    assert export(stack, user, "lots:").status_code == 200
    row = database.execute(
        "update request_counts set requests = requests + 196 where user_id = %s returning requests",
        [user.id],
    ).fetchone()
    assert row == {"requests": 198}
    assert export(stack, user).status_code == 200
    assert export(stack, user, "holds:").status_code == 200
    for cursor in (None, "orders:", "lots:"):
        refused = export(stack, user, cursor)
        assert code(refused) == (429, "too_many_attempts")
        assert 3000 < int(refused.headers["retry-after"]) <= 3600
    database.execute(
        "update request_counts set began_at = began_at - interval '1 hour' where user_id = %s",
        [user.id],
    )
    assert export(stack, user).status_code == 200
