#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2): length of an IMA ADPCM WAV.
# Expected: the fact chunk holds the number of frames that were written, as for PCM and MS ADPCM.
# Seen: the last block is padded, so 176,400 frames become 179,916 (mono) and 177,567 (stereo), and for
#       stereo the fact chunk holds half of that (88,783). MS ADPCM has the right number in fact, and
#       libsndfile itself does not read it: its own file comes back with 179,696 and 177,132 frames.
# So: the length of ADPCM is blocks x samples per block; the fact chunk decides nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check soundfile==0.14.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import struct

import numpy
import soundfile

print("libsndfile", soundfile.__libsndfile_version__)
seen = {}
for subtype in ("IMA_ADPCM", "MS_ADPCM"):
    for channels in (1, 2):
        tone = numpy.sin(numpy.arange(44_100 * 4) * 0.05) * 0.3
        soundfile.write("a.wav", numpy.stack([tone] * channels, axis=1), 44_100, subtype=subtype)
        with open("a.wav", "rb") as file:
            head = file.read(4096)
        at = head.index(b"fact") + 8
        (fact,) = struct.unpack("<I", head[at : at + 4])
        seen[subtype, channels] = (fact, soundfile.info("a.wav").frames)
        print(f"{subtype} {channels} channel(s): wrote {len(tone)}, fact {fact}, reads back {seen[subtype, channels][1]}")
assert seen["IMA_ADPCM", 1] == (179_916, 179_916)
assert seen["IMA_ADPCM", 2] == (88_783, 177_567)
assert seen["MS_ADPCM", 1] == (176_400, 179_696)
assert seen["MS_ADPCM", 2] == (176_400, 177_132)
PY
