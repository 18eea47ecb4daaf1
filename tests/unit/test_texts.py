"""Everything that the pages say is in public/js/lib/texts, in every language."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PUBLIC = ROOT / "public"
FOLDER = PUBLIC / "js" / "lib" / "texts"
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.js"))
NOT_TRANSLATED = {PUBLIC / "js" / "admin", PUBLIC / "js" / "sheets", FOLDER}
MODULES = sorted(
    path
    for folder in ("js", "elements")
    for path in (PUBLIC / folder).rglob("*.js")
    if path.parent not in NOT_TRANSLATED
)
PAGES = sorted(PUBLIC.rglob("*.html"))
# What a module names besides texts: headers, types of data, and product and format names.
NO_TEXT = {"Files", "DOCX", "purse."}
# The providers' own names, in auth-providers.js, are the same in every language.
NO_TEXT |= {
    *("Apple", "Microsoft", "Bitbucket", "Discord", "Facebook", "Figma", "Google", "Kakao"),
    *("Keycloak", "Notion", "Slack", "Snapchat", "Spotify", "Twitch", "Zoom", "Fly.io"),
}

Form = dict[str, str]


def texts_of(language: str) -> dict[str, Form]:
    """Read a file of texts, which is data only; a text without forms has the form other."""
    source = without_comments((FOLDER / f"{language}.js").read_text("utf-8"))
    body = source[source.index("{") : source.rindex("}") + 1]
    body = re.sub(r"([{,]\s*)(zero|one|two|few|many|other):", r'\1"\2":', body)
    body = re.sub(r",(\s*[}\]])", r"\1", body)
    found: dict[str, str | Form] = json.loads(body, object_pairs_hook=each_key_once)
    return {key: {"other": text} if isinstance(text, str) else text for key, text in found.items()}


def each_key_once(pairs: list[tuple[str, str | Form]]) -> dict[str, str | Form]:
    keys = [key for key, _ in pairs]
    assert sorted(set(keys)) == sorted(keys), "JavaScript takes the later one and says nothing"
    return dict(pairs)


def without_comments(source: str) -> str:
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    return re.sub(r"^\s*//.*$", "", source, flags=re.MULTILINE)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


ENGLISH = texts_of("en")


def literals(source: str) -> list[str]:
    """Return the string literals of a module."""
    return re.findall(r'"((?:[^"\\\n]|\\.)*)"', source)


def name_of(path: Path) -> str:
    return path.relative_to(PUBLIC).as_posix()


def asked_for() -> Iterator[tuple[str, str]]:
    """Yield the path of a module or page, and each key that it names to ask for a text."""
    for path in MODULES:
        source = re.sub(r'=== "[\w-]*"', "", without_comments(path.read_text("utf-8")))
        for argument in re.findall(r"\b(?:t|parts|waitingWork)\(\s*([^,()`]*)", source):
            for key in literals(argument):
                yield name_of(path), key
    for path in PAGES:
        for key in re.findall(r'data-text="([^"]*)"', path.read_text("utf-8")):
            yield name_of(path), key


def prefixes() -> Iterator[tuple[str, str]]:
    """Yield the path of a module, and how a key begins that it makes, as in t(`kind.${x}`)."""
    for path in MODULES:
        source = without_comments(path.read_text("utf-8"))
        for prefix in re.findall(r"(?:\bt\(|= )`([a-z_.]+\.)\$\{", source):
            yield name_of(path), prefix


def test_there_are_two_languages_at_least() -> None:
    assert {"de", "en"} <= set(LANGUAGES)


def test_every_language_has_its_line() -> None:
    source = (PUBLIC / "js" / "lib" / "texts.js").read_text("utf-8")
    named = set(re.findall(r'"\./texts/(\w+)\.js"', source))
    assert named == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_placeholders(language: str) -> None:
    texts = texts_of(language)
    assert list(texts) == list(ENGLISH)
    for key, forms in texts.items():
        assert "other" in forms, key
        for text in forms.values():
            assert text.strip(), key
            assert placeholders(text) == placeholders(ENGLISH[key]["other"]), key
        if len(forms) > 1:
            assert "n" in placeholders(forms["other"]) or key.startswith("unit."), key


@pytest.mark.parametrize(("place", "key"), sorted(set(asked_for())))
def test_every_key_that_is_asked_for_exists(place: str, key: str) -> None:
    assert key in ENGLISH, place


@pytest.mark.parametrize(("module", "prefix"), sorted(set(prefixes())))
def test_every_prefix_that_is_asked_for_exists(module: str, prefix: str) -> None:
    assert [key for key in ENGLISH if key.startswith(prefix)], module


def test_every_text_is_asked_for() -> None:
    keys = {key for _, key in asked_for()}
    keys |= {
        literal
        for path in MODULES
        for literal in literals(without_comments(path.read_text("utf-8")))
    }
    begun = tuple({prefix for _, prefix in prefixes()})
    assert [key for key in ENGLISH if key not in keys and not key.startswith(begun)] == []


@pytest.mark.parametrize("page", PAGES, ids=[path.name for path in PAGES])
def test_a_page_says_in_html_what_the_english_texts_say(page: Path) -> None:
    html = page.read_text("utf-8")
    said = re.findall(r'data-text="([^"]*)"(?: content="([^"]*)")?[^>]*>([^<]*)<', html)
    assert said
    for key, content, text in said:
        assert " ".join((content or text).split()) == ENGLISH[key]["other"], key
    # What is not marked is said by nobody else: only pages without JavaScript show it.
    body = re.sub(r"<noscript>.*?</noscript>", "", html[html.index("<body>") :], flags=re.DOTALL)
    unmarked = re.findall(r"<(?![^>]*data-text)[^>]*>([^<]*[A-Za-z][^<]*)<", body)
    assert [text for text in unmarked if text.strip()] == []


@pytest.mark.parametrize("module", MODULES, ids=[path.name for path in MODULES])
def test_no_module_holds_words_for_people(module: Path) -> None:
    """A heuristic: a capital letter and more, two words in a row, or the end of a sentence."""
    source = without_comments(module.read_text("utf-8"))
    # Errors for developers, imports, selectors and what is compared or sent are no texts.
    source = re.sub(
        r'new (?:Type)?Error\((?:"[^"]*"|[^)]*)\)|^import .*$'
        r"|querySelector\w*\([^)]*\)|startsWith\([^)]*\)",
        "",
        source,
        flags=re.MULTILINE,
    )
    found = literals(source) + re.findall(r"`([^`]*)`", source)
    words = [
        text
        for text in found
        if text not in NO_TEXT
        and not text.startswith("Bearer ${")
        and re.search(r"^[A-Z“][a-z]+($|[ .…])|[a-z]{2,} [a-z]{2,} [a-z]{2,}|[a-z][.!?…]$", text)
    ]
    assert words == []


def test_every_fault_of_a_file_has_its_text() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "api/_lib/files").rglob("*.py"))
    raised = re.findall(
        r'(?:UnreadableFileError|InvalidRequestError)\((?:[^()]|\([^()]*\))*?code="(\w+)"', sources
    )
    assert len(set(raised)) > 10
    assert [code for code in set(raised) if f"work.error.{code}" not in ENGLISH] == []
