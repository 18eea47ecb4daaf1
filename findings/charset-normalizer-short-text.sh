#!/usr/bin/env bash
# charset-normalizer 3.5.3: two ordinary sentences in a legacy encoding.
# Expected: Japanese in Shift_JIS is found, or reported with a high chaos; French in ISO 8859-1 keeps
#           its accents.
# Seen: the Japanese becomes Korean (cp949) and the French cp1250 ("Premičre"), each with chaos 0.0,
#       which reads as "certain". Russian in windows-1251 and in KOI8-R is right, also with 0.0.
# So: chaos alone is no measure of certainty. Coherence and the language must speak as well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check charset-normalizer==3.5.3
"$work/venv/bin/python" - <<'PY'
from charset_normalizer import from_bytes

texts = {
    "shift_jis": "第一章 海は静かで、舟は岸に沿ってゆっくりと進んだ。誰も何も言わなかった。",
    "iso-8859-1": "Première partie. La mer était calme, et la barque allait doucement près du rivage où l'été",
    "koi8-r": "Глава первая. Море было спокойно, и лодка шла тихо вдоль берега. Никто не говорил ни слова.",
}
seen = {}
for encoding, text in texts.items():
    best = from_bytes(text.encode(encoding)).best()
    seen[encoding] = (best.encoding, best.chaos, str(best) == text)
    print(f"{encoding}: found {best.encoding}, chaos {best.chaos}, coherence {best.coherence}: {str(best)[:24]}")
assert seen["shift_jis"] == ("cp949", 0.0, False)
assert seen["iso-8859-1"] == ("cp1250", 0.0, False)
assert seen["koi8-r"] == ("koi8_r", 0.0, True)
PY
