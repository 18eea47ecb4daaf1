#!/usr/bin/env bash
# pandoc 3.9 (pypandoc_binary 1.17): the word count that a DOCX states about itself.
# Expected: docProps/app.xml holds the words of this document, or nothing.
# Seen: every document says 83 words, 475 characters and one page: the reference document's numbers.
# So: app.xml is no source for a word count or a price; count the text.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pypandoc_binary==1.17
cd "$work"
"$work/venv/bin/python" - <<'PY'
import re
import zipfile

import pypandoc

print("pandoc", pypandoc.get_pandoc_version())
seen = set()
for words in (3, 5000):
    pypandoc.convert_text("word " * words, "docx", format="md", outputfile="a.docx")
    app = zipfile.ZipFile("a.docx").read("docProps/app.xml").decode()
    stated = re.findall(r"<(Words|Characters|Pages)>(\d+)<", app)
    print(words, "words written:", stated)
    seen.add(tuple(sorted(stated)))
assert seen == {(("Characters", "475"), ("Pages", "1"), ("Words", "83"))}
PY
