"""The grammar of PostgREST's query parameters."""

from __future__ import annotations

from typing import Any

from local.supabase.rest.characters import (
    character,
    digit,
    end,
    letter,
    none_of,
    not_followed_by,
    one_of,
    symbol,
    word,
)
from local.supabase.rest.parsing import (
    Parser,
    always,
    attempt,
    look_ahead,
    many,
    many_one,
    optional,
    pick,
    separated,
    sequence,
    unless,
)
from local.supabase.rest.query import (
    Field,
    JsonStep,
    OrderTerm,
    SelectedField,
    SelectedRelation,
)


def _text(parser: Parser) -> Parser:
    return parser.map("".join)


def lexeme(parser: Parser) -> Parser:
    """Return a parser that allows blanks around this one."""
    blanks = many(one_of(" \t"))
    return pick(1, blanks, parser, blanks)


def _dashed(part: Parser) -> Parser:
    dash = attempt(sequence(symbol("-"), not_followed_by(symbol(">"))))
    return separated(part, dash).map("-".join)


def _follows(*parsers: Parser) -> Parser:
    """Return a parser that succeeds before one of these, or at the end."""
    parser = attempt(end)
    for following in reversed(parsers):
        parser = attempt(look_ahead(following)) | parser
    return parser


# Names ---------------------------------------------------------------------------------------

identifier = _text(many_one(letter | digit | one_of("_ $"))).map(str.strip)
_quoted_character = none_of('\\"') | pick(1, symbol("\\"), character(lambda _c: True))
quoted_value = _text(pick(1, symbol('"'), many(_quoted_character), symbol('"')))
delimiter = symbol(".").named("delimiter (.)")
name = (quoted_value | _dashed(identifier)).named("field name (* or [a..z0..9_$])")

_json_key = (quoted_value | _dashed(_text(many_one(none_of("(-:.,>)"))).map(str.strip))).named(
    "any non reserved character different from: .,>()"
)
_json_index = pick(
    0,
    sequence(optional(symbol("-"), "+"), many_one(digit)).map(lambda v: v[0] + "".join(v[1])),
    _follows(word("->"), word("::"), word("."), word(",")),
)
_json_step = sequence(
    attempt(word("->>")).map(lambda _: True) | attempt(word("->")).map(lambda _: False),
    attempt(_json_index.map(lambda index: (index, True)))
    | attempt(_json_key.map(lambda key: (key, False))),
).map(lambda v: JsonStep(v[0], *v[1]))
_json_path = many(_json_step).map(tuple)

field = lexeme(sequence(name, _json_path).map(lambda v: Field(*v)))


def _path_and_field(values: tuple[list[str], tuple[JsonStep, ...]]) -> tuple[Any, Field]:
    (*path, last), steps = values
    return tuple(path), Field(last, steps)


# The left side of a parameter: names of embedded tables, then a column.
tree_path = sequence(separated(name, delimiter), optional(_json_path, ())).map(_path_and_field)
columns = separated(name, lexeme(symbol(",")))

# select --------------------------------------------------------------------------------------

_alias = optional(attempt(pick(0, name, sequence(symbol(":"), not_followed_by(symbol(":"))))))
_cast = optional(pick(1, word("::"), identifier))
_after_field = _follows(word(")"), word(","))
_aggregate = word("sum") | word("avg") | word("count") | attempt(word("max")) | attempt(word("min"))
_embed_parameter = optional(
    pick(1, symbol("!"), attempt(word("left")) | attempt(word("inner")) | attempt(name))
)
_before_embedded = sequence(_embed_parameter, _embed_parameter, attempt(look_ahead(word("("))))
_spread = lexeme(pick(0, pick(1, word("..."), name), _before_embedded))
_relation = lexeme(pick(1, _alias, unless(lambda found: found == "count", name), _before_embedded))
_every_column = sequence(word("*"), _after_field).map(lambda _: SelectedField(Field("*")))
_count = sequence(_alias, word("count()"), _cast, _after_field).map(
    lambda v: SelectedField(Field("*"), v[0], None, "count")
)
_column = sequence(
    _alias,
    field,
    _cast,
    optional(attempt(pick(1, symbol("."), _aggregate, word("()")))),
    _cast,
    _after_field,
).map(lambda v: SelectedField(v[1], v[0], v[2], v[3]))
_selected_field = lexeme(attempt(_every_column) | attempt(_count) | _column)


def _forest(text: str, place: int) -> Any:
    return select.step(text, place)


_embedded = pick(1, symbol("("), Parser(_forest), symbol(")"))
_selected = (
    sequence(attempt(_spread), _embedded).map(lambda v: SelectedRelation(v[0]))
    | sequence(attempt(_relation), _embedded).map(lambda v: SelectedRelation(v[0]))
    | _selected_field
)
select = separated(_selected, lexeme(symbol(","))).map(tuple) | always(())

# order ---------------------------------------------------------------------------------------

_direction = optional(
    attempt(pick(1, delimiter, word("asc"))) | attempt(pick(1, delimiter, word("desc")))
)
_nulls = optional(
    attempt(pick(1, delimiter, word("nullsfirst"))) | attempt(pick(1, delimiter, word("nullslast")))
)
_after_term = attempt(look_ahead(symbol(","))) | attempt(end)
_sorting = sequence(_direction, pick(0, _nulls, _after_term) | _after_term.map(lambda _: None))
_column_term = sequence(field, _sorting).map(lambda v: OrderTerm(v[0], *v[1]))
_relation_term = sequence(name, pick(1, symbol("("), field, symbol(")")), _sorting).map(
    lambda v: OrderTerm(v[1], v[2][0], v[2][1], v[0])
)
order = separated(lexeme(attempt(_relation_term) | _column_term), symbol(",")).map(tuple)
