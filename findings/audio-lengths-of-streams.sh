#!/usr/bin/env bash
# tinytag 2.3.2 and mutagen 1.48.1: length of recordings that were streamed, joined or chained.
# ffmpeg 9.0.2 (imageio-ffmpeg 0.8.1) makes them; each is valid and plays to its end.
# Expected: the real length, or none at all.
# Seen: FLAC through a pipe and fragmented M4A are 0.0 s in both; two Ogg Vorbis streams in a chain
#       (40 s) and two MP3s joined (50 s) count once (20 s); an MP3 of varying bit rate without a Xing
#       header (40 s) is 46.0 s in tinytag and 10.9 s in mutagen.
# So: a length from either is an estimate. Where money follows from it, walk the frames or pages.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check tinytag==2.3.2 mutagen==1.48.1 imageio-ffmpeg==0.8.1
cd "$work"
"$work/venv/bin/python" - <<'PY'
import subprocess
from pathlib import Path

import imageio_ffmpeg
import mutagen
from tinytag import TinyTag

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ffmpeg(*options: str) -> bytes:
    command = [FFMPEG, "-v", "error", "-y", *options]
    return subprocess.run(command, check=True, capture_output=True).stdout


def source(kind: str, seconds: int, rate: int) -> list[str]:
    return ["-f", "lavfi", "-i", f"{kind}=duration={seconds}:sample_rate={rate}"]


tone, noise = source("sine", 20, 44100), source("anoisesrc", 30, 44100)
ffmpeg(*tone, "-c:a", "libmp3lame", "-q:a", "4", "tone.mp3")
ffmpeg(*noise, "-c:a", "libmp3lame", "-q:a", "4", "noise.mp3")
Path("joined.mp3").write_bytes(Path("tone.mp3").read_bytes() + Path("noise.mp3").read_bytes())
ffmpeg(
    *tone, *source("anoisesrc", 20, 44100), "-filter_complex", "[0][1]concat=n=2:v=0:a=1",
    "-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0", "bare.mp3",
)
ffmpeg(*source("sine", 20, 48000), "-c:a", "libvorbis", "one.ogg")
Path("chain.ogg").write_bytes(Path("one.ogg").read_bytes() * 2)
Path("pipe.flac").write_bytes(ffmpeg(*source("sine", 20, 48000), "-f", "flac", "-"))
Path("fragments.m4a").write_bytes(
    ffmpeg(*source("sine", 20, 48000), "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-")
)
seen = {}
for name in ("joined.mp3", "bare.mp3", "chain.ogg", "pipe.flac", "fragments.m4a"):
    seen[name] = (round(TinyTag.get(name).duration), round(mutagen.File(name).info.length))
    print(f"{name}: tinytag {seen[name][0]} s, mutagen {seen[name][1]} s")
assert seen == {
    "joined.mp3": (20, 20),
    "bare.mp3": (46, 11),
    "chain.ogg": (20, 20),
    "pipe.flac": (0, 0),
    "fragments.m4a": (0, 0),
}
PY
