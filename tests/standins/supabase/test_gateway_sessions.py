"""Refresh tokens rotate, can be repeated, and end the session if stolen; sign-out ends it too."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.standins.supabase.services import PUBLISHABLE_KEY

if TYPE_CHECKING:
    from local.postgres import Postgres
    from tests.standins.supabase.services import Gateway

KEY = {"apikey": PUBLISHABLE_KEY}
PASSWORD = "correct horse"


class Person:
    """Somebody with an account, on one or several devices."""

    def __init__(self, gateway: Gateway) -> None:
        self._http = gateway.http
        self.email = f"{secrets.token_hex(6)}@example.com"
        self.session = self._post("/signup", email=self.email, password=PASSWORD)

    def sign_in_elsewhere(self) -> dict[str, Any]:
        """Open another session."""
        return self._post("/token?grant_type=password", email=self.email, password=PASSWORD)

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """Use a refresh token; return a session or an error."""
        return self._post("/token?grant_type=refresh_token", refresh_token=refresh_token)

    def user_status(self, session: dict[str, Any]) -> tuple[int, str | None]:
        """Try whether an access token is still good."""
        response = self._http.get("/auth/v1/user", headers=_bearer(session))
        return response.status_code, response.json().get("error_code")

    def sign_out(self, session: dict[str, Any], scope: str) -> int:
        """Sign out; return the status."""
        return self._http.post(
            f"/auth/v1/logout?scope={scope}", headers=_bearer(session)
        ).status_code

    def _post(self, path: str, **body: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.post(f"/auth/v1{path}", json=body, headers=KEY).json()
        return answer


def _bearer(session: dict[str, Any]) -> dict[str, str]:
    return {**KEY, "Authorization": f"Bearer {session['access_token']}"}


@pytest.fixture
def person(gateway: Gateway) -> Person:
    """Somebody who has just signed up."""
    return Person(gateway)


@pytest.fixture
def let_time_pass(database: Postgres) -> Any:
    """Make every token older than the reuse interval."""

    def pass_time() -> None:
        with psycopg.connect(database.url()) as connection:
            connection.execute(
                "update auth.refresh_tokens set updated_at = updated_at - interval '11 seconds'"
            )

    return pass_time


def test_refreshing_gives_new_tokens_for_the_same_session(person: Person) -> None:
    renewed = person.refresh(person.session["refresh_token"])
    assert renewed["refresh_token"] != person.session["refresh_token"]
    assert renewed["user"]["id"] == person.session["user"]["id"]
    assert person.user_status(renewed) == (200, None)
    assert person.user_status(person.session) == (200, None)


def test_a_client_that_missed_the_answer_gets_it_again(person: Person, let_time_pass: Any) -> None:
    first = person.refresh(person.session["refresh_token"])
    let_time_pass()
    again = person.refresh(person.session["refresh_token"])
    assert again["refresh_token"] == first["refresh_token"]


def test_tabs_that_refresh_at_once_agree(person: Person) -> None:
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(person.refresh, [person.session["refresh_token"]] * 10))
    assert len({answer["refresh_token"] for answer in answers}) == 1


def test_an_older_token_is_good_for_a_few_seconds(person: Person) -> None:
    second = person.refresh(person.session["refresh_token"])
    third = person.refresh(second["refresh_token"])
    late = person.refresh(person.session["refresh_token"])
    assert late["refresh_token"] == third["refresh_token"]


def test_an_older_token_used_later_ends_the_session(person: Person, let_time_pass: Any) -> None:
    second = person.refresh(person.session["refresh_token"])
    third = person.refresh(second["refresh_token"])
    let_time_pass()
    stolen = person.refresh(person.session["refresh_token"])
    assert stolen["error_code"] == "refresh_token_already_used"
    assert person.refresh(third["refresh_token"])["error_code"] == "refresh_token_not_found"
    assert person.user_status(third) == (403, "session_not_found")


def test_a_stolen_token_ends_no_other_session(person: Person, let_time_pass: Any) -> None:
    elsewhere = person.sign_in_elsewhere()
    second = person.refresh(person.session["refresh_token"])
    person.refresh(second["refresh_token"])
    let_time_pass()
    person.refresh(person.session["refresh_token"])
    assert person.user_status(elsewhere) == (200, None)


@pytest.mark.parametrize(
    ("scope", "here", "elsewhere"),
    [("local", 403, 200), ("others", 200, 403), ("global", 403, 403), ("", 403, 403)],
)
def test_signing_out_ends_the_sessions_it_names(
    person: Person, scope: str, here: int, elsewhere: int
) -> None:
    other = person.sign_in_elsewhere()
    assert person.sign_out(person.session, scope) == 204
    assert person.user_status(person.session)[0] == here
    assert person.user_status(other)[0] == elsewhere


def test_signing_out_ends_the_refresh_token_too(person: Person) -> None:
    person.sign_out(person.session, "global")
    answer = person.refresh(person.session["refresh_token"])
    assert answer["error_code"] == "refresh_token_not_found"


def test_an_unknown_scope_ends_nothing(person: Person) -> None:
    assert person.sign_out(person.session, "everybody") == 400
    assert person.user_status(person.session) == (200, None)


def test_signing_out_leaves_other_people_alone(person: Person, gateway: Gateway) -> None:
    neighbour = Person(gateway)
    person.sign_out(person.session, "global")
    assert neighbour.user_status(neighbour.session) == (200, None)
