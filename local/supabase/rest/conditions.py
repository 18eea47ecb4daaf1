"""The grammar of PostgREST's filters: `eq.1`, `not.in.(1,2)`, `or=(a.eq.1,b.is.null)`."""

from __future__ import annotations

from typing import Any

from local.supabase.rest.characters import (
    character,
    none_of,
    not_followed_by,
    symbol,
    word,
)
from local.supabase.rest.grammar import delimiter, field, identifier, lexeme, name, quoted_value
from local.supabase.rest.parsing import (
    Parser,
    always,
    attempt,
    many,
    optional,
    pick,
    separated,
    sequence,
)
from local.supabase.rest.query import (
    Comparison,
    Filter,
    Is,
    IsDistinct,
    Logic,
    Membership,
    TextSearch,
)


def _first_of(*words: str) -> Parser:
    parser = attempt(word(words[-1]))
    for alternative in reversed(words[:-1]):
        parser = attempt(word(alternative)) | parser
    return parser


def _in_any_case(text: str) -> Parser:
    return sequence(*(symbol(c) | symbol(c.upper()) for c in text)).map(lambda _: text)


def _words_in_any_case(*words: str) -> Parser:
    parser = attempt(_in_any_case(words[-1]))
    for alternative in reversed(words[:-1]):
        parser = attempt(_in_any_case(alternative)) | parser
    return parser


_plain_operator = _first_of("neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj").named(
    "unknown single value operator"
)
_quantifiable_operator = _first_of(
    "eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch"
).named("unknown single value operator")
_quantifier = optional(
    attempt(pick(1, symbol("("), attempt(word("any")) | word("all"), symbol(")")))
)
_language = optional(attempt(pick(1, symbol("("), identifier, symbol(")"))))
_negation = attempt(sequence(word("not"), delimiter)).map(lambda _: True) | always(False)

_element = attempt(pick(0, quoted_value, not_followed_by(none_of(",)")))) | many(none_of(",)")).map(
    "".join
)
_list = pick(1, lexeme(symbol("(")), separated(_element, symbol(",")), lexeme(symbol(")"))).map(
    tuple
)
_truth = _words_in_any_case("null", "unknown", "true", "false").named(
    "null or trilean value (unknown, true, false)"
)


def _condition(value: Parser) -> Parser:
    """Return the parser of `eq.1`; its value is whether it is negated, and the operation."""
    membership = pick(1, attempt(sequence(word("in"), delimiter)), _list).map(Membership)
    truth = pick(1, attempt(sequence(word("is"), delimiter)), _truth).map(Is)
    distinct = pick(1, attempt(sequence(word("isdistinct"), delimiter)), value).map(IsDistinct)
    search = sequence(
        _first_of("fts", "plfts", "phfts", "wfts"), _language, pick(1, delimiter, value)
    ).map(lambda v: TextSearch(*v))
    plain = sequence(_plain_operator, pick(1, delimiter, value)).map(lambda v: Comparison(*v))
    quantified = sequence(_quantifiable_operator, _quantifier, pick(1, delimiter, value)).map(
        lambda v: Comparison(v[0], v[2], v[1])
    )
    operation = (
        membership | truth | distinct | attempt(search) | attempt(plain) | attempt(quantified)
    ).named("operator (eq, gt, ...)")
    return sequence(_negation, operation)


# The right side of a parameter `column=…`.
filter_value = _condition(many(character(lambda _c: True)).map("".join))

_array = sequence(word("{"), many(none_of("{}")).map("".join), word("}")).map("".join)
_value_in_list = (
    attempt(pick(0, quoted_value, not_followed_by(none_of(",)"))))
    | attempt(_array)
    | many(none_of(",)")).map("".join)
)


def _filter(values: tuple[Any, ...]) -> Filter:
    column, _, (negated, operation) = values
    return Filter(column, operation, negated)


def _logic(values: tuple[Any, ...]) -> Logic:
    negated, operator, conditions = values
    return Logic(operator, tuple(conditions), negated)


def _nested(text: str, place: int) -> Any:
    return logic.step(text, place)


_operator = (attempt(word("and")) | word("or")).named("logic operator (and, or)")
logic = attempt(sequence(field, delimiter, _condition(_value_in_list)).map(_filter)) | sequence(
    _negation.named("negation operator (not)"),
    _operator,
    pick(
        1,
        lexeme(symbol("(")),
        separated(Parser(_nested), lexeme(symbol(","))),
        lexeme(symbol(")")),
    ),
).map(_logic)

# The left side of `and=(…)`: names of embedded tables, perhaps `not`, and the operator.
logic_path = separated(name, delimiter)
