"""Recordings as sox, ffmpeg, lame, mpg123, opus-tools, flac and gstreamer write them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.readers.rows import Refused, Row, Sound, shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TONE = (
    "ffmpeg -loglevel error -f lavfi -i sine=frequency=440:duration=39.2:sample_rate=44100 -ac 2"
)
_SOURCE = f"{_TONE} s.wav"
_MP3 = f"{_SOURCE}; lame --quiet s.wav s.mp3"
# A picture as phones make them: one of 1.4 MB whose bytes hold any number of false frames.
_COVER = (
    "head -c {size} /dev/urandom > noise; ffmpeg -loglevel error -f rawvideo -pix_fmt rgb24"
    " -s 600x{height} -i noise -frames:v 1 cover.png"
)


def _encoded(options: str) -> Callable[[Path], None]:
    return shell(f"{_SOURCE}; ffmpeg -loglevel error -i s.wav {options} $OUT")


def _piped(command: str) -> Callable[[Path], None]:
    return shell(f"{_MP3}; {command} | cat > $OUT")


def _covered(seconds: float, name: str, *, rate: int = 44100, height: int = 300) -> str:
    size = 600 * 3 * height
    return (
        f"ffmpeg -loglevel error -f lavfi -i sine=duration={seconds}:sample_rate={rate} -c:a"
        f" libmp3lame plain_{name}.mp3; {_COVER.format(size=size, height=height)} -y;"
        f" ffmpeg -loglevel error -i plain_{name}.mp3 -i cover.png -map 0 -map 1 -c copy"
        f" -id3v2_version 3 -metadata title='Part {name}' {name}.mp3; "
    )


def _above_4_gib(path: Path) -> None:
    """Write what `sox -b 24 -r 96000 -c 2` does for 7600 s; the silence takes no room on disk."""
    rate, block = 96000, 6
    frames = 7600 * rate
    length = frames * block
    header = b"fmt " + struct.pack("<LHHLLHH", 40, 0xFFFE, 2, rate, rate * block, block, 24)
    guid = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
    header += struct.pack("<HHLH", 22, 24, 3, 1) + guid
    header += b"fact" + struct.pack("<LL", 4, frames)
    header += b"data" + struct.pack("<L", length % 2**32)
    with path.open("wb") as file:
        file.write(
            b"RIFF" + struct.pack("<L", (len(header) + 4 + length) % 2**32) + b"WAVE" + header
        )
        file.truncate(file.tell() + length)


def _with_length(data_length: int) -> Callable[[Path], None]:
    """Write a WAV whose header states another length than it has."""

    def make(path: Path) -> None:
        sound = b"\x01\x00\xff\xff" * 8000
        header = struct.pack("<4sLHHLLHH", b"fmt ", 16, 1, 2, 8000, 32000, 4, 16)
        header += b"data" + struct.pack("<L", data_length)
        path.write_bytes(b"RIFF" + struct.pack("<L", 0xFFFFFFFF) + b"WAVE" + header + sound)

    return make


def _tag_between(path: Path) -> None:
    run = shell(f"{_covered(60, 'a')}{_covered(30, 'b', height=170)}cat plain_a.mp3 b.mp3 > $OUT")
    run(path)


def _with_ape(path: Path, *, times: int = 1) -> None:
    """Write an MP3 with a tag of APEv2 after it that holds a cover of 1.4 MB."""
    shell(f"{_SOURCE}; lame --quiet s.wav $OUT")(path)
    # The cover holds what looks like frames.
    cover = b"Cover.png\x00" + b"\xff\xfb\x90\x00\x89PNG" * 175_000
    item = struct.pack("<LL", len(cover), 2) + b"Cover Art (Front)\x00" + cover
    tail = struct.pack("<LLL", 2000, len(item) + 32, 1)
    header = b"APETAGEX" + tail + struct.pack("<L8x", 0xA0000000)
    footer = b"APETAGEX" + tail + struct.pack("<L8x", 0x80000000)
    path.write_bytes((path.read_bytes() + header + item + footer) * times)


WAV_ROWS = (
    Row("above 4 GiB.wav", _above_4_gib, Sound(7600, "wav"), is_large=True),
    Row("ffmpeg adpcm_ima_wav.wav", _encoded("-c:a adpcm_ima_wav"), Sound(39.2, "wav")),
    Row("ffmpeg adpcm_ms.wav", _encoded("-c:a adpcm_ms"), Sound(39.2, "wav")),
    Row("ffmpeg gsm.wav", _encoded("-ar 8000 -ac 1 -c:a gsm_ms"), Sound(39.2, "wav")),
    Row("sox ima-adpcm.wav", shell(f"{_SOURCE}; sox s.wav -e ima-adpcm $OUT"), Sound(39.2, "wav")),
    Row("sox ms-adpcm.wav", shell(f"{_SOURCE}; sox s.wav -e ms-adpcm $OUT"), Sound(39.2, "wav")),
    Row("ffmpeg float.wav", _encoded("-c:a pcm_f32le"), Sound(39.2, "wav")),
    Row("ffmpeg 24 bits.wav", _encoded("-c:a pcm_s24le"), Sound(39.2, "wav")),
    Row("ffmpeg mulaw.wav", _encoded("-c:a pcm_mulaw"), Sound(39.2, "wav")),
    Row("ffmpeg RF64.wav", _encoded("-rf64 always"), Sound(39.2, "wav")),
    Row(
        "pipe of ffmpeg.wav", _piped("ffmpeg -loglevel error -i s.wav -f wav -"), Sound(39.2, "wav")
    ),
    Row("pipe of sox.wav", _piped("sox s.wav -t wav -"), Sound(39.2, "wav")),
    Row("pipe of lame.wav", _piped("lame --quiet --decode s.mp3 -"), Sound(39.2, "wav")),
    Row("pipe of mpg123.wav", _piped("mpg123 -q -w - s.mp3"), Sound(39.2, "wav")),
    Row(
        "pipe of opusdec.wav",
        _piped("opusenc --quiet s.wav s.opus; opusdec --quiet --force-wav s.opus -"),
        Sound(39.2, "wav"),
    ),
    Row(
        "pipe of gstreamer.wav",
        shell(
            # It fails at the end, as it cannot seek back to write the length.
            f"{_SOURCE}; (gst-launch-1.0 -q filesrc location=s.wav ! wavparse ! wavenc ! fdsink"
            " fd=1 2> errors || true) | cat > $OUT"
        ),
        Sound(39.2, "wav"),
    ),
    *(
        Row(f"length 0x{length:x}.wav", _with_length(length), Sound(1.0, "wav"))
        for length in (0, 0x7FFF0000, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
    ),
    *(
        Row(f"{name} in WAV.wav", _encoded(options), Refused("unsupported_codec", name))
        for name, options in {
            "MP3": "-c:a libmp3lame",
            "AC3": "-c:a ac3",
            "AAC": "-c:a aac",
            "G.722": "-ar 16000 -ac 1 -c:a g722",
            "G.726": "-ar 8000 -ac 1 -c:a g726",
        }.items()
    ),
)

MP3_ROWS = (
    Row("lame.mp3", shell(f"{_SOURCE}; lame --quiet s.wav $OUT"), Sound(39.2, "mp3")),
    Row("lame VBR.mp3", shell(f"{_SOURCE}; lame --quiet -V 2 s.wav $OUT"), Sound(39.2, "mp3")),
    Row(
        "VBR without Xing.mp3", _encoded("-c:a libmp3lame -q:a 2 -write_xing 0"), Sound(39.2, "mp3")
    ),
    Row(
        "joined with covers.mp3",
        shell(
            _covered(39.2, "a")
            + _covered(60, "b")
            + _covered(20, "c", height=780)
            + "cat a.mp3 b.mp3 c.mp3 a.mp3 > $OUT"
        ),
        Sound(158.4, "mp3", "Part a", tolerance=0.4),
    ),
    Row(
        "joined, 44.1 then 22.05 kHz.mp3",
        shell(_covered(39.2, "a") + _covered(39.2, "b", rate=22050) + "cat plain_*.mp3 > $OUT"),
        Sound(78.4, "mp3", tolerance=0.3),
    ),
    Row(
        "joined, 22.05 then 44.1 kHz.mp3",
        shell(_covered(39.2, "a", rate=22050) + _covered(39.2, "b") + "cat plain_*.mp3 > $OUT"),
        Sound(78.4, "mp3", tolerance=0.3),
    ),
    Row("60 s, a tag, 30 s.mp3", _tag_between, Sound(90, "mp3", tolerance=0.3)),
    Row(
        "APE tag with a cover.mp3",
        _with_ape,
        Sound(39.2, "mp3"),
    ),
    Row(
        "joined with APE tags.mp3",
        lambda path: _with_ape(path, times=2),
        Sound(78.4, "mp3", tolerance=0.3),
    ),
)


_CHAPTERS = (
    "printf ';FFMETADATA1\ntitle=Harbour\nartist=Ada\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=20\n"
    "title=One\n[CHAPTER]\nTIMEBASE=1/1\nSTART=20\nEND=39\ntitle=Two\n' > chapters.txt"
)
_BOOK = (
    f"{_SOURCE}; {_COVER.format(size=600 * 3 * 300, height=300)}; {_CHAPTERS};"
    " ffmpeg -loglevel error -i s.wav -i chapters.txt -i cover.png -map_metadata 1 -map 0 -map 2"
    " -disposition:v attached_pic -c:v copy -c:a aac {options} -f ipod $OUT"
)

CONTAINER_ROWS = (
    Row(
        "ffmpeg AAC.m4a",
        _encoded("-c:a aac -metadata title=Harbour"),
        Sound(39.2, "m4a", "Harbour"),
    ),
    Row(
        "audiobook with chapters and cover.m4b",
        shell(_BOOK.format(options="")),
        Sound(39.2, "m4a", "Harbour"),
    ),
    Row(
        "audiobook, tables first.m4b",
        shell(_BOOK.format(options="-movflags +faststart")),
        Sound(39.2, "m4a", "Harbour"),
    ),
    Row("ALAC.m4a", _encoded("-c:a alac"), Sound(39.2, "m4a")),
    Row(
        "in fragments.m4a",
        _encoded("-c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -f mp4"),
        Sound(39.2, "m4a"),
    ),
    Row(
        "cut off.m4a",
        shell(
            f"{_SOURCE}; ffmpeg -loglevel error -i s.wav -c:a aac whole.m4a;"
            " head -c 300000 whole.m4a > $OUT"
        ),
        Refused("broken_audio", "cut off"),
    ),
    Row(
        "flac.flac",
        shell(f"{_SOURCE}; flac --silent -T TITLE=Harbour s.wav -o $OUT"),
        Sound(39.2, "flac", "Harbour"),
    ),
    Row(
        "flac with a cover.flac",
        shell(
            f"{_SOURCE}; {_COVER.format(size=600 * 3 * 780, height=780)};"
            " flac --silent --picture=cover.png -T TITLE=Harbour s.wav -o $OUT"
        ),
        Sound(39.2, "flac", "Harbour"),
    ),
    Row(
        "pipe of flac.flac",
        shell(f"{_SOURCE}; flac --silent -c s.wav | cat > $OUT"),
        Sound(39.2, "flac"),
    ),
    Row("ffmpeg.flac", _encoded("-metadata title=Harbour"), Sound(39.2, "flac", "Harbour")),
    Row(
        "cut off.flac",
        shell(f"{_SOURCE}; flac --silent s.wav -o whole.flac; head -c 300000 whole.flac > $OUT"),
        Refused("broken_audio", "cut off"),
    ),
    Row(
        "oggenc.ogg",
        shell(f"{_SOURCE}; oggenc -Q -t Harbour s.wav -o $OUT"),
        Sound(39.2, "ogg", "Harbour"),
    ),
    Row(
        "joined.ogg",
        shell(
            f"{_SOURCE}; oggenc -Q s.wav -o a.ogg; oggenc -Q -s 7 s.wav -o b.ogg;"
            " cat a.ogg b.ogg > $OUT"
        ),
        Sound(78.4, "ogg"),
    ),
    Row("FLAC in Ogg.ogg", _encoded("-c:a flac"), Sound(39.2, "ogg")),
    Row(
        "opusenc.opus",
        shell(f"{_SOURCE}; opusenc --quiet --title Harbour s.wav $OUT"),
        Sound(39.2, "opus", "Harbour"),
    ),
    Row(
        "opus with a cover.opus",
        shell(
            f"{_SOURCE}; {_COVER.format(size=600 * 3 * 780, height=780)};"
            " opusenc --quiet --title Harbour --picture cover.png s.wav $OUT"
        ),
        Sound(39.2, "opus", "Harbour"),
    ),
)

ROWS = WAV_ROWS + MP3_ROWS + CONTAINER_ROWS
