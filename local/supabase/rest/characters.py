"""Parsers of characters and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.supabase.rest.parsing import Failure, Parser, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

# Haskell's names of the characters that it does not show as they are.
_CONTROLS = [
    "NUL",
    "SOH",
    "STX",
    "ETX",
    "EOT",
    "ENQ",
    "ACK",
    "a",
    "b",
    "t",
    "n",
    "v",
    "f",
    "r",
    "SO",
    "SI",
    "DLE",
    "DC1",
    "DC2",
    "DC3",
    "DC4",
    "NAK",
    "SYN",
    "ETB",
    "CAN",
    "EM",
    "SUB",
    "ESC",
    "FS",
    "GS",
    "RS",
    "US",
]


def character(accepts: Callable[[str], bool]) -> Parser:
    """Return a parser of one character that meets a condition."""

    def step(text: str, place: int) -> Reply:
        if place < len(text) and accepts(text[place]):
            return _something(place + 1, text[place])
        return _failed(place, quoted(text[place : place + 1]))

    return Parser(step)


def one_of(characters: str) -> Parser:
    """Return a parser of one of these characters."""
    return character(lambda c: c in characters)


def none_of(characters: str) -> Parser:
    """Return a parser of any other character."""
    return character(lambda c: c not in characters)


def symbol(c: str) -> Parser:
    """Return a parser of one certain character."""
    return character(lambda found: found == c).named(quoted(c))


def word(expected: str) -> Parser:
    """Return a parser of a certain word. If only its beginning is there, it consumed that."""

    def step(text: str, place: int) -> Reply:
        for offset, c in enumerate(expected):
            found = text[place + offset : place + offset + 1]
            if found != c:
                failure = Failure(place, (quoted(found),), (quoted(expected),))
                return Reply(
                    succeeded=False, consumed=offset > 0, value=None, place=place, failure=failure
                )
        return _something(place + len(expected), expected)

    return Parser(step)


def not_followed_by(parser: Parser) -> Parser:
    """Return a parser of one character that consumes nothing and fails where `parser` succeeds."""

    def step(text: str, place: int) -> Reply:
        reply = parser.step(text, place)
        if not reply.succeeded:
            return Reply(
                succeeded=True, consumed=False, value=None, place=place, failure=reply.failure
            )
        failure = Failure(reply.place, refused=(_shown_alone(reply.value),))
        return Reply(succeeded=False, consumed=False, value=None, place=place, failure=failure)

    return Parser(step)


def _at_end(text: str, place: int) -> Reply:
    if place < len(text):
        failure = Failure(place, refused=(_shown_alone(text[place]),))
        return Reply(succeeded=False, consumed=False, value=None, place=place, failure=failure)
    failure = Failure(place, unexpected=("",))
    return Reply(succeeded=True, consumed=False, value=None, place=place, failure=failure)


end = Parser(_at_end).named("end of input")
letter = character(str.isalpha).named("letter")
digit = character(lambda c: c in "0123456789").named("digit")


def quoted(text: str) -> str:
    """Return a text as Haskell shows it; "" for the end of the input."""
    shown = "".join(_shown(c, quote='"') for c in text)
    return f'"{shown}"' if text else ""


def _shown_alone(c: str) -> str:
    shown = _shown(c, quote="'")
    return f"'{shown}'"


def _shown(c: str, *, quote: str) -> str:
    if c in ("\\", quote):
        return f"\\{c}"
    if c < " ":
        return f"\\{_CONTROLS[ord(c)]}"
    if c == "\x7f":
        return "\\DEL"
    return c if c < "\x7f" else f"\\{ord(c)}"


def _something(place: int, value: str) -> Reply:
    return Reply(succeeded=True, consumed=True, value=value, place=place, failure=Failure(place))


def _failed(place: int, unexpected: str) -> Reply:
    failure = Failure(place, (unexpected,))
    return Reply(succeeded=False, consumed=False, value=None, place=place, failure=failure)
