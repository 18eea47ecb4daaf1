"""Any history: the pages of a choice are the choice of the whole; days end as the ledger says."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.database.written import WrittenLedger, written_ledger
from tests.profiles import examples

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

FEATURES = ("docx_processing", "txt_upload", "a_feature_that_is_gone")
REASONS = ("Welcome", "welcome back", "100%", "A_b", "Chapter 1")
FILES = (None, "Chapter 1.docx", "chapter 2.txt", "100% done.txt")
QUERIES = (*("chapter", "CHAPTER 1", "welcome", "%", "_", "docx", "gone", "upload"), "nothing")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """A ledger row: a gift with a reason, or a spend on a feature, perhaps with a file."""

    amount: int
    feature: str | None
    reason: str | None
    file_name: str | None
    since_the_last: timedelta


SPENDS = st.builds(
    Row,
    amount=st.integers(-9, -1),
    feature=st.sampled_from(FEATURES),
    reason=st.none(),
    file_name=st.sampled_from(FILES),
    since_the_last=st.sampled_from([timedelta(0), timedelta(hours=5), DAY, 9 * DAY]),
)
GIFTS = st.builds(
    Row,
    amount=st.integers(1, 9),
    feature=st.none(),
    reason=st.sampled_from(REASONS),
    file_name=st.none(),
    since_the_last=st.sampled_from([timedelta(0), timedelta(hours=5), DAY, 9 * DAY]),
)
HISTORIES = st.lists(SPENDS | GIFTS, max_size=14)


def write(ledger: WrittenLedger, rows: list[Row], last: datetime) -> list[tuple[datetime, int]]:
    """Write the rows, the newest at `last`; return the time of each and the balance after it."""
    at = last - sum((row.since_the_last for row in rows[1:]), timedelta(0))
    written = []
    for number, row in enumerate(rows):
        at += row.since_the_last if number else timedelta(0)
        columns: dict[str, Any] = (
            {"feature": row.feature} if row.feature else {"reason": row.reason}
        )
        if row.file_name:
            columns["hold_id"] = _file(ledger, row)
        ledger.write(row.amount, at, **columns)
        written.append((at, ledger.balance))
    return written


def _file(ledger: WrittenLedger, row: Row) -> Any:
    """Hold credits for a file of this name; return the hold."""
    hold = ledger.purse.database.execute(
        """
        with hold as (
            insert into credit_holds (
                user_id, feature, quantity, credits, lots, status, idempotency_key, expires_at,
                ended_at
            )
            values (
                %(user)s, %(feature)s, 1, 1, '{"1": 1}', 'released', gen_random_uuid(), now(), now()
            )
            returning id
        )
        insert into files (
            user_id, feature, filename, size, content_type, hold_id, status, summary, completed_at
        )
        select %(user)s, %(feature)s, %(name)s, 1, 'text/plain', hold.id, 'done', '{}', now()
        from hold
        returning hold_id
        """,
        {"user": ledger.purse.user_id, "feature": row.feature, "name": row.file_name},
    ).fetchone()
    assert hold is not None
    return hold["hold_id"]


def pages(ledger: WrittenLedger, limit: int, *chosen: Any) -> list[dict[str, Any]]:
    """Return the entries of all pages: of these kinds, this feature and this text."""
    entries, cursor = [], None
    for _ in range(20):
        answer = ledger.purse.call(
            "refresh_credits",
            *(ledger.purse.user_id, limit, cursor, None, None, False, 0, *chosen),
        )
        assert len(answer["transactions"]) <= limit
        entries += answer["transactions"]
        if answer["next_cursor"] is None:
            return entries
        cursor = int(answer["next_cursor"])
    raise AssertionError("the pages do not end")


def meets(
    entry: dict[str, Any], kinds: list[str] | None, feature: str | None, query: str | None
) -> bool:
    """Whether an entry is what was asked for, by what it says itself."""
    seen = (entry["description"], entry["feature_name"], entry["file_name"])
    return (
        (kinds is None or entry["kind"] in kinds)
        and (feature is None or entry["feature"] == feature)
        and (query is None or any(query.lower() in (text or "").lower() for text in seen))
    )


@settings(max_examples=examples(cost=3))
@given(
    rows=HISTORIES,
    limit=st.integers(1, 5),
    kinds=st.none() | st.lists(st.sampled_from(["spend", "bonus", "expiry"]), min_size=1),
    feature=st.none() | st.sampled_from(FEATURES),
    query=st.none() | st.sampled_from(QUERIES),
)
def test_the_pages_of_a_choice_are_the_choice_of_all_pages(  # noqa: PLR0913, PLR0917 - what is drawn
    database: Database,
    rows: list[Row],
    limit: int,
    kinds: list[str] | None,
    feature: str | None,
    query: str | None,
) -> None:
    with written_ledger(database) as ledger:
        write(ledger, rows, datetime.now(UTC))
        whole = pages(ledger, limit, None, None, None)
        assert len(whole) == len(rows)
        chosen = pages(ledger, limit, kinds, feature, query)
        assert chosen == [entry for entry in whole if meets(entry, kinds, feature, query)]


@settings(max_examples=examples(cost=3))
@given(
    rows=HISTORIES,
    days=st.integers(1, 4) | st.integers(1, 40) | st.just(366),
    ago=st.sampled_from([timedelta(0), timedelta(hours=23), DAY, 30 * DAY]),
)
def test_each_day_ends_with_the_balance_after_its_last_row(
    database: Database, rows: list[Row], days: int, ago: timedelta
) -> None:
    with written_ledger(database) as ledger:
        row = database.execute("select now() as at").fetchone()
        assert row is not None
        now = row["at"].astimezone(UTC)
        written = write(ledger, rows, now - ago)
        closing: dict[date, int] = defaultdict(int)
        for at, balance in written:
            closing[at.astimezone(UTC).date()] = balance
        expected = []
        for day in (now.date() - timedelta(days=days - 1 - number) for number in range(days)):
            known = [closed for closed in closing if closed <= day]
            expected.append({"date": str(day), "balance": closing[max(known)] if known else 0})
        told = ledger.purse.call("purse.read_balances", ledger.purse.user_id, days)
        assert told == expected
