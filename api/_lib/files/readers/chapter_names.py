"""Tells whether a line names a chapter: "Chapter 4: The Sea", "第一章", "Erstes Kapitel". Pure.

Words and figures in English, German, French, Spanish, Chinese and Arabic; figures also in Italian,
Portuguese, Japanese and Korean.
"""

from __future__ import annotations

import re

MAX_NAME_CHARS = 120
# A title may follow the number without a mark between; a longer one is more likely a sentence.
MAX_UNMARKED_TITLE_CHARS = 60
MAX_UNMARKED_CHINESE_CHARS = 20

_ROMAN = r"[ivxlcdm]{1,8}"

_EN_UNIT = "one|two|three|four|five|six|seven|eight|nine"
_EN_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_EN_TEENS = "ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
_EN_SMALL = rf"(?:{_EN_TENS})(?:[\s-](?:{_EN_UNIT}))?|{_EN_TEENS}|{_EN_UNIT}"
_EN = rf"(?:(?:{_EN_UNIT}|a)[\s-])?hundred(?:[\s-](?:and[\s-])?(?:{_EN_SMALL}))?|{_EN_SMALL}"
_EN_ORDINAL = (
    r"(?:(?:twenty|thirty|forty|fifty)[\s-])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth"
    r"|ninth)|tenth|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth"
    r"|(?:twen|thir|for|fif)tieth|last"
)

_DE_UNIT = "ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun"
_DE_TENS = "zwanzig|drei(?:ß|ss)ig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig"
_DE_TEENS = "zehn|elf|zwölf|(?:drei|vier|fünf|sech|sieb|acht|neun)zehn"
_DE = rf"(?:(?:{_DE_UNIT})und)?(?:{_DE_TENS})|{_DE_TEENS}|eins|(?:{_DE_UNIT})"
_DE_ORDINAL = (
    r"(?:erste|zweite|dritte|vierte|fünfte|sechste|siebe?n?te|achte|neunte|zehnte|elfte|zwölfte"
    r"|(?:drei|vier|fünf|sech|sieb|acht|neun)zehnte"
    rf"|(?:(?:{_DE_UNIT})und)?(?:{_DE_TENS})ste|letzte)[rs]?"
)

_FR_UNIT = "une?|deux|trois|quatre|cinq|six|sept|huit|neuf"
_FR = (
    rf"(?:vingt|trente|quarante|cinquante|soixante)(?:[\s-](?:et[\s-])?(?:{_FR_UNIT}|dix|onze))?"
    rf"|dix(?:[\s-](?:sept|huit|neuf))?|onze|douze|treize|quatorze|quinze|seize|{_FR_UNIT}"
)
_FR_ORDINAL = r"premi(?:er|ère)|second|seconde|derni(?:er|ère)|[\w-]{2,20}ième"

_ES_UNIT = "uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve"
_ES = (
    rf"(?:treinta|cuarenta|cincuenta|sesenta)(?:\s+y\s+(?:{_ES_UNIT}))?|veinte|veinti[a-zéó]{{3,6}}"
    rf"|diez|once|doce|trece|catorce|quince|dieci[a-zé]{{4,6}}|{_ES_UNIT}"
)
_ES_ORDINAL = (
    r"(?:(?:vig|trig)ésim[oa]\s+|décim[oa]\s+)?(?:primer[oa]?|segund[oa]|tercer[oa]?|cuart[oa]"
    r"|quint[oa]|sext[oa]|s[eé]ptim[oa]|octav[oa]|noven[oa])|d[eé]cim[oa]|und[eé]cim[oa]"
    r"|duod[eé]cim[oa]|(?:vig|trig)[eé]sim[oa]|[uú]ltim[oa]"
)

# Word -> the numbers and the ordinals of its language. The first of each pair names chapters, the
# second larger divisions.
_LANGUAGES = (
    ("chapter", "part|book", _EN, _EN_ORDINAL),
    ("kapitel", "teil|buch", _DE, _DE_ORDINAL),
    ("chapitre", "partie|livre", _FR, _FR_ORDINAL),
    ("cap[ií]tulo", "parte|libro", _ES, _ES_ORDINAL),
    ("capitolo", "livro", _EN, _ES_ORDINAL),
)


def _pattern(chapter: str, division: str, number: str, ordinal: str) -> re.Pattern[str]:
    word = rf"(?:(?P<chapter>{chapter})|(?P<division>{division}))"
    return re.compile(
        rf"{word}\s+(?:(?P<figures>\d{{1,4}})|(?P<roman>{_ROMAN})|{number}|(?:the\s+)?(?:{ordinal}))"
        r"(?P<title>(?!\w).*)"
        rf"|(?:the\s+|das\s+|der\s+|le\s+|la\s+|el\s+)?"
        rf"(?:\d{{1,4}}(?:\.|º|ª|e|er|re|ère|ème|st|nd|rd|th)|{ordinal})\s+"
        rf"(?:{chapter}|{division})(?P<late_title>(?!\w).*)",
        re.IGNORECASE,
    )


_WORDED = tuple(_pattern(*language) for language in _LANGUAGES)
# Most lines have none of these words, and need no closer look.
_HAS_WORD = re.compile(
    "|".join(f"{chapter}|{division}" for chapter, division, _, _ in _LANGUAGES)
    + "|[章节節回卷部篇集話话장부편화]|الفصل|الباب|الجزء|القسم",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"prologue|epilogue|prolog|epilog|pr[oó]logo|ep[ií]logo|épilogue|foreword|afterword|preface"
    r"|vorwort|nachwort|avant-propos|préface|postface|prefacio"
    r"|序章|序言|前言|楔子|引子|尾声|尾聲|后记|後記|مقدمة|المقدمة|تمهيد|خاتمة|الخاتمة",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"(?:第\s?[〇零一二三四五六七八九十百千两兩\d０-９]{1,8}\s?[章节節回卷部篇集話话]"
    r"|제\s?\d{1,4}\s?[장부편화])"
    r"(?P<title>.*)"
)
_AR_UNIT = (
    "(?:الأول|الاول|الثاني|الثالث|الرابع|الخامس|السادس|السابع|الثامن|التاسع|العاشر"
    "|الحادي|الأولى|الاولى|الثانية|الثالثة|الرابعة|الخامسة)"
)
_ARABIC = re.compile(
    r"(?:الفصل|الباب|الجزء|القسم)\s+"
    rf"(?:\d{{1,4}}|[٠-٩]{{1,4}}|{_AR_UNIT}\s+عشر|(?:{_AR_UNIT}\s+و\s?)?"
    r"(?:العشرون|العشرين|الثلاثون|الثلاثين|الأربعون|الأربعين|الخمسون|الخمسين)"
    rf"|{_AR_UNIT}|الأخير)(?P<title>(?!\w).*)"
)
_MARK = re.compile(r"\s*[.:：、\u2014\u2013\u060c|-]")


def names_a_chapter(line: str) -> bool:
    """Whether a line, without spaces around it, names a chapter or a part."""
    if not line or len(line) > MAX_NAME_CHARS:
        return False
    if _NAMED.fullmatch(line):
        return True
    if not _HAS_WORD.search(line):
        return False
    chinese = _CHINESE.fullmatch(line)
    if chinese:
        return _is_chinese_title(chinese["title"])
    arabic = _ARABIC.fullmatch(line)
    if arabic:
        return _is_title(arabic["title"])
    return any(_is_name(found) for pattern in _WORDED if (found := pattern.fullmatch(line)))


def _is_name(found: re.Match[str]) -> bool:
    title = found["title"] or found["late_title"] or ""
    # "Part I played" and "Book I read" are prose.
    needs_mark = bool(found["division"] and found["roman"])
    return _is_title(title, needs_mark=needs_mark)


def _is_title(title: str, *, needs_mark: bool = False) -> bool:
    """Whether what follows a number can be a title: nothing, after a mark, or as titles look."""
    text = title.strip()
    if not text or _MARK.match(title):
        return True
    if needs_mark or len(text) > MAX_UNMARKED_TITLE_CHARS:
        return False
    return not text[0].islower() and text[0] not in ",;)!?" and text[-1] not in ".,;:"


def _is_chinese_title(title: str) -> bool:
    text = title.strip()
    if not text or _MARK.match(title) or title[0].isspace():
        return not text.endswith(("。", "，", "；"))
    return len(text) <= MAX_UNMARKED_CHINESE_CHARS and not re.search("[。，；！？]", text)
