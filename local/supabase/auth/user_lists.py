"""Pages of users, for the admin's list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from psycopg import sql
from psycopg.rows import class_row

from local.supabase.auth.errors import AuthError
from local.supabase.auth.users import COLUMNS, User

if TYPE_CHECKING:
    import psycopg
    from werkzeug.datastructures import MultiDict

DEFAULT_PER_PAGE = 50
_NUMBER = re.compile(r"[0-9]{1,18}")
_DIRECTIONS = {"ASC": sql.SQL("asc"), "DESC": sql.SQL("desc")}


@dataclass(frozen=True)
class Page:
    """Which users a list shows.

    Attributes:
        number: The page, from 1 on.
        size: Users on a page.
        direction: ASC or DESC, by the time of creation.
        wanted: Part of the address or of the name; "" for everybody.
    """

    number: int
    size: int
    direction: str
    wanted: str

    @classmethod
    def of(cls, parameters: MultiDict[str, str]) -> Page:
        """Read the parameters of a list.

        Raises:
            AuthError: One is malformed.
        """
        size = _number(parameters, "per_page", DEFAULT_PER_PAGE)
        if size == 0:
            # GoTrue divides by it.
            raise AuthError(500, "unexpected_failure", "Internal Server Error")
        return cls(
            number=_number(parameters, "page", 1),
            size=size,
            direction=_direction(parameters.get("sort", "")),
            wanted=parameters.get("filter", ""),
        )


def find(connection: psycopg.Connection, page: Page) -> tuple[list[User], int]:
    """Return the users of a page, and how many there are on all pages."""
    condition = sql.SQL("""
        from auth.users
        where aud = 'authenticated'
          and (%(wanted)s = '' or email like %(like)s
            or raw_user_meta_data ->> 'full_name' ilike %(like)s)
    """)
    values = {
        "wanted": page.wanted,
        "like": f"%{page.wanted}%",
        "limit": page.size,
        "offset": (max(page.number, 1) - 1) * page.size,
    }
    query = sql.SQL(
        "select {} {} order by created_at {}, id limit %(limit)s offset %(offset)s"
    ).format(COLUMNS, condition, _DIRECTIONS[page.direction])
    with connection.cursor(row_factory=class_row(User)) as cursor:
        found = cursor.execute(query, values).fetchall()
    count = sql.SQL("select count(*) {}").format(condition)
    row = connection.execute(count, values).fetchone()
    return found, row[0] if row else 0


def link_header(path: str, page: Page, total: int) -> str:
    """Return the header Link with the next and the last page of a list."""
    last = -(-total // page.size)
    links = [f'<{_at(path, last)}>; rel="last"']
    if last > page.number:
        links.insert(0, f'<{_at(path, page.number + 1)}>; rel="next"')
    return ", ".join(links)


def _at(path: str, number: int) -> str:
    place, _, query = path.partition("?")
    parameters = {**dict(parse_qsl(query)), "page": str(number)}
    return f"{place}?{urlencode(sorted(parameters.items()))}"


def _number(parameters: MultiDict[str, str], name: str, default: int) -> int:
    text = parameters.get(name, "")
    if text and not _NUMBER.fullmatch(text):
        raise AuthError(
            400,
            "validation_failed",
            f'Bad Pagination Parameters: strconv.ParseUint: parsing "{text}": invalid syntax',
        )
    return int(text) if text else default


def _direction(sort: str) -> str:
    field, _, direction = sort.partition(" ")
    if sort and field != "created_at":
        raise _bad_sort(f"bad field for sort '{field}'")
    if direction and direction.upper() not in _DIRECTIONS:
        raise _bad_sort(f"bad direction for sort '{direction}', only 'asc' and 'desc' allowed")
    return direction.upper() or "DESC"


def _bad_sort(reason: str) -> AuthError:
    return AuthError(400, "validation_failed", f"Bad Sort Parameters: {reason}")
