"""Parser combinators that report an error as PostgREST does.

PostgREST parses a request with Parsec, and its answers to a malformed request quote Parsec's error.
The combinators follow Parsec's rules: an alternative is tried only if the one before consumed
nothing, and the error that stands furthest in the text is reported, with everything expected there.
Libraries for Python have other rules, so their errors differ (docs/decisions/0012).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

_TAB_WIDTH = 8


@dataclass(frozen=True)
class Failure:
    """What was found and expected at one place; without either, nothing is known.

    `unexpected` is what the text goes on with ("" at its end). `refused` is what a parser forbids
    there; if there is any, `unexpected` is not reported.
    """

    place: int
    unexpected: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether it says anything."""
        return bool(self.unexpected or self.expected or self.refused)

    def merged(self, other: Failure) -> Failure:
        """Return the failure that stands further in the text, or both as one."""
        if self.known != other.known:
            return self if self.known else other
        if self.place != other.place:
            return self if self.place > other.place else other
        return Failure(
            self.place,
            self.unexpected + other.unexpected,
            self.expected + other.expected,
            self.refused + other.refused,
        )


@dataclass(frozen=True)
class Reply:
    """The outcome of a parser. `value` and `place` have a meaning only if it succeeded."""

    succeeded: bool
    consumed: bool
    value: Any
    place: int
    failure: Failure


Step = Callable[[str, int], Reply]


@dataclass(frozen=True)
class Parser:
    """A parser of a part of a text. `p | q` tries q if p failed and consumed nothing."""

    step: Step

    def __or__(self, other: Parser) -> Parser:
        def step(text: str, place: int) -> Reply:
            first = self.step(text, place)
            if first.succeeded or first.consumed:
                return first
            second = other.step(text, place)
            if second.consumed:
                return second
            return replace(second, failure=first.failure.merged(second.failure))

        return Parser(step)

    def map(self, function: Callable[[Any], Any]) -> Parser:
        """Return a parser whose value is a function of this one's."""

        def step(text: str, place: int) -> Reply:
            reply = self.step(text, place)
            return replace(reply, value=function(reply.value)) if reply.succeeded else reply

        return Parser(step)

    def named(self, name: str) -> Parser:
        """Return a parser that reports this name as what it expected."""

        def step(text: str, place: int) -> Reply:
            reply = self.step(text, place)
            if reply.consumed or (reply.succeeded and not reply.failure.known):
                return reply
            return replace(reply, failure=replace(reply.failure, expected=(name,)))

        return Parser(step)


def sequence(*parsers: Parser) -> Parser:
    """Return a parser that runs all of them; its value is the tuple of theirs."""

    def step(text: str, place: int) -> Reply:
        values: list[Any] = []
        reply = nothing(place, None)
        for parser in parsers:
            following = parser.step(text, reply.place)
            if not following.consumed:
                following = replace(
                    following,
                    consumed=reply.consumed,
                    failure=reply.failure.merged(following.failure)
                    if reply.failure.known
                    else following.failure,
                )
            if not following.succeeded:
                return following
            values.append(following.value)
            reply = following
        return replace(reply, value=tuple(values))

    return Parser(step)


def pick(index: int, *parsers: Parser) -> Parser:
    """Return a sequence whose value is that of one of its parsers."""
    return sequence(*parsers).map(lambda values: values[index])


def attempt(parser: Parser) -> Parser:
    """Return a parser that consumed nothing if it failed."""

    def step(text: str, place: int) -> Reply:
        reply = parser.step(text, place)
        return reply if reply.succeeded else replace(reply, consumed=False)

    return Parser(step)


def look_ahead(parser: Parser) -> Parser:
    """Return a parser that consumes nothing if it succeeded."""

    def step(text: str, place: int) -> Reply:
        reply = parser.step(text, place)
        return nothing(place, reply.value) if reply.succeeded else reply

    return Parser(step)


def unless(condition: Callable[[Any], bool], parser: Parser) -> Parser:
    """Return a parser that fails where its value meets a condition."""

    def step(text: str, place: int) -> Reply:
        reply = parser.step(text, place)
        if not reply.succeeded or not condition(reply.value):
            return reply
        return replace(reply, succeeded=False)

    return Parser(step)


def optional(parser: Parser, default: Any = None) -> Parser:
    """Return a parser that succeeds with a default where this one consumed nothing."""
    return parser | always(default)


def always(value: Any) -> Parser:
    """Return a parser that consumes nothing and succeeds."""
    return Parser(lambda _text, place: nothing(place, value))


def many(parser: Parser) -> Parser:
    """Return a parser of any number of repetitions."""

    def step(text: str, place: int) -> Reply:
        last = nothing(place, None)
        values: list[Any] = []
        while True:
            reply = parser.step(text, last.place)
            if not reply.consumed:
                failure = last.failure.merged(reply.failure)
                return replace(last, value=values, failure=failure)
            if not reply.succeeded:
                return reply
            values.append(reply.value)
            last = reply

    return Parser(step)


def many_one(parser: Parser) -> Parser:
    """Return a parser of one or more repetitions."""
    return sequence(parser, many(parser)).map(lambda pair: [pair[0], *pair[1]])


def separated(parser: Parser, separator: Parser) -> Parser:
    """Return a parser of one or more, with a separator between them."""
    following = many(pick(1, separator, parser))
    return sequence(parser, following).map(lambda pair: [pair[0], *pair[1]])


@dataclass(frozen=True)
class ParseError(Exception):
    """Where and why a text could not be parsed, in PostgREST's words."""

    place: str
    reason: str


def parse(parser: Parser, text: str, name: str) -> Any:
    """Return what a text means. It may go on after the parser's end.

    Raises:
        ParseError: The text is malformed. `name` tells the reader which text it is.
    """
    reply = parser.step(text, 0)
    if reply.succeeded:
        return reply.value
    before = text[: reply.failure.place]
    line = before.count("\n") + 1
    column = 1
    for c in before.rpartition("\n")[2]:
        column += _TAB_WIDTH - (column - 1) % _TAB_WIDTH if c == "\t" else 1
    raise ParseError(f'"{name}" (line {line}, column {column})', _reason(reply.failure))


def _reason(failure: Failure) -> str:
    if not failure.known:
        return "unknown parse error"
    parts = []
    if failure.refused:
        parts.append(f"unexpected {_alternatives(failure.refused)}")
    elif failure.unexpected:
        parts.append(f"unexpected {failure.unexpected[0] or 'end of input'}")
    if failure.expected:
        parts.append(f"expecting {_alternatives(failure.expected)}")
    return " ".join(parts)


def _alternatives(names: tuple[str, ...]) -> str:
    *before, last = dict.fromkeys(names)
    return f"{', '.join(before)} or {last}" if before else last


def nothing(place: int, value: Any) -> Reply:
    """Return the reply of a parser that succeeded and consumed nothing."""
    return Reply(succeeded=True, consumed=False, value=value, place=place, failure=Failure(place))
