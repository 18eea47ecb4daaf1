"""Decodes a text file whose encoding nobody declares, or refuses to guess. Pure.

A wrong guess looks like a success and is charged for, so an encoding is accepted only where the
text itself is evidence for it: a byte order mark, valid UTF-8, the letters of one language, or
a detector that finds a language and no rival.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from api._lib.files.readers.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Formats whose first bytes are letters, so that they could pass for a text.
_NOT_TEXT = (b"%PDF-", b"{\\rtf", b"PK\x03\x04", b"RIFF", b"ID3", b"%!PS")
# Text has tabs, line ends, form feeds, and from old terminals an escape; nothing else below space.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")

# Without the quotation marks, dashes and spaces that all of Windows' code pages share.
_HIGH_BYTE = re.compile(rb"[\x80-\xff](?<![\x82\x84\x85\x91-\x97\xa0\xab\xbb])")
_ASCII_LETTER = re.compile(rb"[A-Za-z]")
_ASCII = bytes(range(0x80))
_NOT_ASCII = bytes(range(0x80, 0x100))
# How ISO 2022 announces another character set, in a text that is ASCII otherwise.
_SHIFT = re.compile(rb"\x1b[$(]")
# Above this share of the letters, a text is not in the Latin alphabet.
_MAX_LATIN_SHARE = 0.3
# Bad bytes that a text in UTF-8 may have: one, and one more for every so many characters.
_CHARACTERS_PER_BAD_BYTE = 1000

_WESTERN = "cp1252"
_LATIN = (_WESTERN, "cp1250", "cp1254", "cp1257", "iso8859-2")
# Beyond a to z, by language. Those of the first group may be rare in a text; in a text of the
# second group they are at least one letter in fifty.
_WESTERN_ALPHABETS = (
    *("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "áâãàçéêíóôõúü", "àèéìíîòóùú", "åäöéü"),
    *("åæøéòóôâêü", "áàäéèëíïîóòöúü", "àçèéíïòóúü"),
)
_OTHER_ALPHABETS = (
    *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž"),
    *("çğıöşüâîû", "ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž", "áðéíóúýþæö"),
)
_RARE_SHARE = 0.02
_SIGNS = frozenset("“”‘’„‚–—…«»‹›•·°§€£©®™½×¿¡†‡\u00a0\u00ad\u00b4\u00aa\u00ba")
# No language writes so many accented letters in a row; another alphabet, misread, does.
_ACCENTED_RUN = re.compile(r"[^\W\d_a-zA-Z]{5}")

_DETECTABLE = (
    *("cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "cp1253", "cp1255", "cp1256", "cp874"),
    *("gb18030", "big5", "cp932", "euc_jp", "cp949"),
)
# Letters of Serbian and of Russian. A text with both is Mac Cyrillic, read as Windows-1251.
_NEVER_TOGETHER = (frozenset("ђѓљњќћџЂЃЉЊЌЋЏ"), frozenset("ыэъщ"))
_MIN_COHERENCE = 0.2
_MIN_LETTERS = 8
# A rival that reads the text differently must be at most this likely, by the detector's measure.
_MAX_RIVAL = 0.75


def decode(data: bytes) -> str:
    """Return the text.

    Raises:
        UnreadableFileError: It is no text, or its encoding is not clear (`not_a_text`).
    """
    if data.startswith(_NOT_TEXT):
        raise _not_a_text()
    if _SHIFT.search(data) and data.isascii():
        raise _unclear()
    text = _decoded(data)
    if _CONTROL.search(text):
        raise _not_a_text()
    return text


def _decoded(data: bytes) -> str:
    mark, encoding = next(
        ((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8")
    )
    try:
        return data[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        if mark:
            raise _not_a_text() from None
    repaired, is_utf_8 = _damaged_utf_8(data)
    if repaired is not None:
        return repaired
    high, letters = len(_HIGH_BYTE.findall(data)), len(_ASCII_LETTER.findall(data))
    if high > _MAX_LATIN_SHARE * (high + letters):
        text = _detected(data)
    else:
        text = None if is_utf_8 else _latin(data, high / max(1, high + letters))
    if text is None:
        raise _unclear()
    return text


def _damaged_utf_8(data: bytes) -> tuple[str | None, bool]:
    """Return the text with its few bad bytes replaced, and whether any of it is UTF-8 at all."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - bad - len(data.translate(None, _NOT_ASCII))
    is_repairable = good >= bad <= 1 + len(text) // _CHARACTERS_PER_BAD_BYTE
    return (text if is_repairable else None), good > 0


def _latin(data: bytes, share: float) -> str | None:
    """Read a text in the Latin alphabet by the letters that it uses beyond a to z.

    Args:
        data: The text.
        share: How many of its letters those are.
    """
    candidates = dict(_readings(data))
    alphabets = _WESTERN_ALPHABETS + (_OTHER_ALPHABETS if share >= _RARE_SHARE else ())
    fitting = [
        text
        for text, letters in candidates.items()
        if any(letters <= frozenset(alphabet) for alphabet in alphabets)
    ]
    if fitting:
        return fitting[0] if len(fitting) == 1 else None
    # Several languages in one text: what Western Europe writes, if nothing else fits.
    western = frozenset("".join(_WESTERN_ALPHABETS))
    return next((text for text, letters in candidates.items() if letters <= western), None)


def _readings(data: bytes) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each possible text with its letters beyond a to z, the usual encoding first."""
    for encoding in _LATIN:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        used = frozenset(data.translate(None, _ASCII).decode(encoding).lower()) - _SIGNS
        if all(char.isalpha() for char in used) and not _ACCENTED_RUN.search(text):
            yield text, used


def _detected(data: bytes) -> str | None:
    """Ask a detector, and believe it only where it finds a language and no rival."""
    # Few uploads need it, and it takes 40 ms to import.
    import charset_normalizer  # noqa: PLC0415 - slow to import

    found = charset_normalizer.from_bytes(data, cp_isolation=list(_DETECTABLE))
    best = found.best()
    if best is None or best.coherence < _MIN_COHERENCE:
        return None
    text = str(best)
    if any(rival.coherence > _MAX_RIVAL * best.coherence and str(rival) != text for rival in found):
        return None
    letters = {char for char in set(text) if char > "\x7f" and char.isalpha()}
    if len(letters) < _MIN_LETTERS or all(letters & group for group in _NEVER_TOGETHER):
        return None
    return text


def _unclear() -> UnreadableFileError:
    return UnreadableFileError(
        "The encoding of this text is not clear. Save it as UTF-8 and try again.", code="not_a_text"
    )


def _not_a_text() -> UnreadableFileError:
    return UnreadableFileError(
        "This is not a plain text file. Save it as text (UTF-8) and try again.", code="not_a_text"
    )
