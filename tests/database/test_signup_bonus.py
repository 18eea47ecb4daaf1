"""grant_signup_bonus: once for an address, however it is written; hashed with a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.database.purse import Purse, key

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def granted(database: Database, address: str | None) -> bool:
    """Ask for the bonus for a new account with this address."""
    purse = Purse(database)
    answer: bool = purse.call("grant_signup_bonus", purse.user_id, address, 5)
    return answer


def hash_of(database: Database, address: str) -> bytes:
    row = database.execute("select purse.address_hash(%s) as hash", [address]).fetchone()
    assert row is not None
    return bytes(row["hash"])


@pytest.mark.parametrize("written", ["{}@example.com", "{}@Example.COM", " {}@example.com "])
def test_an_address_is_the_same_in_capitals_and_with_spaces(
    database: Database, written: str
) -> None:
    mark = key()
    assert granted(database, f"{mark}@example.com") is True
    assert granted(database, written.format(mark)) is False


def test_the_hash_needs_the_key_of_this_database(database: Database) -> None:
    address = f"{key()}@example.com"
    before = hash_of(database, address)
    assert hash_of(database, address) == before
    with database.transaction(force_rollback=True):
        # As in another database: its first hash makes another key.
        database.execute("delete from purse.address_keys")
        other = hash_of(database, address)
        assert other != before
        assert hash_of(database, address) == other
        # Both halves of the key count.
        for half in ("inner_key", "outer_key"):
            database.execute(f"update purse.address_keys set {half} = set_byte({half}, 63, 1)")
            database.execute(f"update purse.address_keys set {half} = set_byte({half}, 0, 1)")
            changed = hash_of(database, address)
            assert changed != other
            other = changed


@pytest.mark.parametrize("address", [None, "", "  "])
def test_nobody_gets_it_without_an_address(database: Database, address: str | None) -> None:
    purse = Purse(database)
    assert purse.refused("grant_signup_bonus", purse.user_id, address, 5) == "PT422"
