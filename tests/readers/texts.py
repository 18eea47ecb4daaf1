"""Text files in the encodings and with the headings that people have."""

from __future__ import annotations

from tests.readers.rows import Refused, Row, Text, content

RUSSIAN = (
    "Однажды весною, в час небывало жаркого заката, у пруда появились два гражданина. Первый из"
    " них был невысок ростом и нёс в руке шляпу.\n\nНикто не пришёл под липы, никто не сел на"
    " скамейку, пуста была аллея."
)
ARABIC = (
    "كان البحر هادئا في ذلك الصباح، ولم يكن هناك أحد على الشاطئ سوى الصياد العجوز الذي جاء قبل"
    " الفجر ليصلح شباكه."
)
CHINESE = "那天早晨海面很平静，岸上除了老渔夫以外没有别人，他在天亮以前就来修补他的渔网。"
POLISH = (
    "Żółw szedł powoli ścieżką nad rzeką, myśląc o swoich książkach. Był ciepły, słoneczny dzień"
    " i dziewczynka śpiewała głośno."
)
GREEK = (
    "Μια φορά κι έναν καιρό, ένα κορίτσι περπατούσε αργά δίπλα στο ποτάμι και σκεφτόταν τα βιβλία"
    " του."
)
JAPANESE = "その朝、海はとても静かで、岸には年老いた漁師のほかに誰もいなかった。"
FRENCH = (
    "C’était l’été : la petite fille marchait à côté de la rivière et pensait à ses œuvres"
    " préférées. Où êtes-vous ?"
)
GERMAN = "Es war früh. Das Mädchen ging über die Straße und hörte die schönen Bäche rauschen."


def _encoded(name: str, text: str, encoding: str) -> Row:
    expected = Text((name,), holds=text)
    return Row(f"{name}.txt", content(text.encode(encoding)), expected)


def _headings(name: str, *headings: str) -> Row:
    text = "\n\n".join(f"{heading}\n\nIt was dark there." for heading in headings)
    return Row(name, content(text.encode()), Text(headings))


_ENGLISH = (
    *("TWENTY", "TWENTY ONE", "TWENTY-TWO", "TWENTY THREE", "TWENTY FOUR", "TWENTY FIVE"),
    *("TWENTY SIX", "TWENTY SEVEN", "TWENTY EIGHT", "TWENTY NINE", "THIRTY", "ONE HUNDRED AND TEN"),
)

ENCODING_ROWS = (
    _encoded("Windows-1251", RUSSIAN, "cp1251"),
    _encoded("KOI8-R", RUSSIAN, "koi8-r"),
    _encoded("Windows-1256", ARABIC, "cp1256"),
    _encoded("GBK", CHINESE, "gbk"),
    _encoded("Windows-1250", POLISH, "cp1250"),
    _encoded("Windows-1253", GREEK, "cp1253"),
    _encoded("Windows-1252 French", FRENCH, "cp1252"),
    _encoded("Windows-1252 German", GERMAN, "cp1252"),
    Row(
        "Shift_JIS.txt",
        content(JAPANESE.encode("shift_jis")),
        Refused("not_a_text", "Save it as UTF-8"),
    ),
    Row(
        "Mac Roman.txt",
        content(FRENCH.encode("mac_roman")),
        Refused("not_a_text", "Save it as UTF-8"),
    ),
    Row(
        "a word in Windows-1251.txt",
        content("Привет".encode("cp1251")),
        Refused("not_a_text", "Save it as UTF-8"),
    ),
    Row(
        "UTF-8 with one bad byte.txt",
        content(GERMAN.encode() + b"\xe9 " + RUSSIAN.encode()),
        Text(("UTF-8 with one bad byte",), holds="rauschen.\ufffd Однажды"),
    ),
)

HEADING_ROWS = (
    _headings("words, English.txt", *(f"CHAPTER {number}" for number in _ENGLISH)),
    _headings("no mark between.txt", "Chapter 1 The Tide", "Chapter 2 What the Sea Kept"),
    _headings("ordinals, English.txt", "The First Chapter", "Chapter the Second", "3rd Chapter"),
    _headings("German.txt", "1. Kapitel", "Zweites Kapitel", "Kapitel Drei", "Kapitel 4: Das Meer"),
    _headings(
        "French.txt",
        "Chapitre premier",
        "Chapitre II",
        "Troisième chapitre",
        "Chapitre vingt et un",
    ),
    _headings(
        "Spanish.txt", "Capítulo uno", "Capítulo 2", "Tercer capítulo", "Capítulo treinta y uno"
    ),
    _headings("Chinese.txt", "第一章", "第二章 海", "第十一回", "第3章：夜", "尾声"),
    _headings(
        "Arabic.txt", "الفصل الأول", "الفصل الثاني عشر", "الفصل ٣", "الفصل الحادي والعشرون", "خاتمة"
    ),
    Row(
        "setext.md",
        content(b"The Harbour\n===========\n\nIt was dark.\n\nThe Sea\n=======\nIt rose.\n"),
        Text(("The Harbour", "The Sea"), words=9),
    ),
    Row(
        "setext, second level.md",
        content(
            b"The Harbour\n-----------\n\nIt was dark.\n\nThe Sea\n---\nIt rose.\n\n---\n\nThen.\n"
        ),
        Text(("The Harbour", "The Sea")),
    ),
    Row(
        "code.md",
        content(
            b"# One\n\n```sh\n# comment\n\n# another\nmake\n```\n\n"
            b"# Two\n\n~~~\n# third\n~~~\n\nEnd.\n"
        ),
        Text(("One", "Two"), holds="# comment"),
    ),
    Row(
        "front matter.md",
        content(
            b'---\ntitle: "Harbour"\nauthor: Ada\ntags:\n  - sea\n---\n\n# One\n\na\n\n# Two\n\nb\n'
        ),
        Text(("One", "Two"), words=4, title="Harbour"),
    ),
)

ROWS = ENCODING_ROWS + HEADING_ROWS
