"""Staff at the desk, and a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.database.purse import Purse
from tests.desk import Desk
from tests.support import Accounts

if TYPE_CHECKING:
    from psycopg import Connection

    from local.stack import Running
    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]


@pytest.fixture(scope="module")
def admin(stack: RunningStack, running: Running) -> Desk:
    """An admin at the desk."""
    return Desk(stack, Accounts(running).appoint(stack.sign_up(), "admin"))


@pytest.fixture(scope="module")
def colleague(stack: RunningStack, running: Running) -> Desk:
    """Another admin."""
    return Desk(stack, Accounts(running).appoint(stack.sign_up(), "admin"))


@pytest.fixture
def supporter(stack: RunningStack, accounts: Accounts) -> Desk:
    """Somebody of support, whom a test may give another role."""
    return Desk(stack, accounts.appoint(stack.sign_up(), "support"))


@pytest.fixture
def person(stack: RunningStack) -> User:
    """Somebody with 500 credits."""
    return stack.sign_up_buyer()


@pytest.fixture
def purse(database: Database, person: User) -> Purse:
    """Their purse, as the server reaches it."""
    return Purse(database, person.id)
