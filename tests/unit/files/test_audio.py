from __future__ import annotations

import io
import struct
import time
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinytag import TinyTag

from api._lib.files.readers.audio import Audio, read_audio
from api._lib.files.readers.errors import UnreadableFileError
from tests.readers.refusals import refusal_by
from tests.samples import (
    FRAME,
    FRAME_SECONDS,
    MPEG_2_FRAME,
    docx_of,
    id3,
    info_chunk,
    mp3_of,
    wav_of,
)

TAGS = {"TIT2": "Hafen \N{MUSICAL NOTE}", "TPE1": "Ada", "TALB": "Sea"}
INDEX = FRAME[:36] + b"Xing" + FRAME[40:]
# MPEG-1 layer III at 64 and 320 kbit/s, as a variable bit rate mixes them.
FRAME_64 = b"\xff\xfb\x50\x00" + bytes(204)
FRAME_320 = b"\xff\xfb\xe0\x00" + bytes(1040)


def read(data: bytes) -> Audio:
    return read_audio(io.BytesIO(data))


refusal = partial(refusal_by, read)


def test_an_mp3_says_how_long_it_is_and_what() -> None:
    audio = read(mp3_of(1000, tags=TAGS))
    assert audio.seconds == round(1000 * FRAME_SECONDS, 3)
    assert audio.summary() == {
        "format": "mp3",
        "duration_seconds": 26.122,
        "title": "Hafen \N{MUSICAL NOTE}",
        "artist": "Ada",
        "album": "Sea",
    }


def test_another_reader_finds_it_as_long() -> None:
    for data in (mp3_of(500), mp3_of(500, tags=TAGS), wav_of(2.5)):
        judge = TinyTag.get(file_obj=io.BytesIO(data))
        assert judge.duration == pytest.approx(read(data).seconds, abs=0.05)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        ((FRAME_64 + FRAME_320) * 50, 100 * FRAME_SECONDS),
        (MPEG_2_FRAME * 100, 100 * 576 / 22050),
        (INDEX + FRAME * 100, 100 * FRAME_SECONDS),
        (FRAME * 100 + FRAME[:200], 100 * FRAME_SECONDS),
        (FRAME * 100 + b"TAG" + bytes(125), 100 * FRAME_SECONDS),
        (bytes(3000) + FRAME * 100, 100 * FRAME_SECONDS),
        (FRAME * 50 + b"\xff\xfb" * 100 + FRAME * 50, 100 * FRAME_SECONDS),
    ],
    ids=["variable", "mpeg-2", "index", "cut off", "old tag", "padding", "junk"],
)
def test_the_frames_decide(data: bytes, seconds: float) -> None:
    assert read(data).seconds == pytest.approx(seconds, abs=0.03)


def test_a_wav_says_how_long_it_is_and_what() -> None:
    tags = info_chunk({b"INAM": b"Harbour", b"IART": b"Ada"})
    audio = read(wav_of(2.5, more=[tags]))
    assert audio == Audio("wav", 2.5, "Harbour", "Ada", "")


def test_a_wav_whose_length_was_not_known_in_advance_is_as_long_as_it_is() -> None:
    data = bytearray(wav_of(2.0))
    data[40:44] = b"\xff\xff\xff\xff"
    assert read(bytes(data)).seconds == 2.0


def test_a_name_decides_nothing() -> None:
    assert read(wav_of()).format == "wav"
    assert read(mp3_of()).format == "mp3"


def test_tags_are_one_printable_line() -> None:
    audio = read(mp3_of(tags={"TIT2": "a\nb\x07\u2028c" + "d" * 5000}))
    assert audio.title.startswith("a b c")
    assert audio.title.isprintable()
    assert len(audio.title) == 200


def test_tags_that_cannot_be_read_do_not_cost_the_sound() -> None:
    tag = bytearray(id3({"TIT2": "Harbour"}))
    tag[14:18] = b"\xff\xff\xff\xff"
    assert read(bytes(tag) + FRAME * 100).seconds > 2


@pytest.mark.parametrize(
    "data", [b"", b"hello", FRAME, FRAME * 2, docx_of((0, "a")), id3(TAGS), bytes(100_000)]
)
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    assert refusal(data) == "not_audio"


def test_a_wav_that_is_cut_off_is_refused() -> None:
    assert refusal(wav_of(2.0)[:-100]) == "broken_audio"


def test_a_wav_without_sound_is_refused() -> None:
    assert refusal(wav_of(0)) == "empty_audio"


@pytest.mark.parametrize(
    ("at", "value"),
    [(20, struct.pack("<H", 0x7777)), (22, b"\0\0"), (24, bytes(4)), (28, bytes(4))],
)
def test_a_wav_that_does_not_say_what_it_holds_is_refused(at: int, value: bytes) -> None:
    data = bytearray(wav_of())
    data[at : at + len(value)] = value
    assert refusal(bytes(data)) == "broken_audio"


def test_a_wav_of_countless_chunks_is_refused() -> None:
    chunks = (b"junk" + bytes(4)) * 2000
    data = wav_of()
    assert refusal(data[:12] + chunks + data[12:]) == "broken_audio"


def test_an_mp3_that_is_mostly_junk_is_refused() -> None:
    assert refusal(FRAME * 10 + b"\x01" * 200_000) == "broken_audio"


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfb" * 5_000_000,
        b"\xff\xfb\x90\x00" * 2_500_000,
        b"\xff" * 10_000_000,
        b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f" + bytes(10_000_000),
        (b"\xff\xf3\x14\x00" + bytes(20)) * 400_000,
    ],
    ids=["syncs", "headers", "ones", "endless tag", "tiny frames"],
)
def test_hostile_sound_is_judged_in_bounded_time(data: bytes) -> None:
    started = time.process_time()
    try:
        read(data)
    except UnreadableFileError as error:
        assert error.code  # noqa: PT017 - either way is right
    assert time.process_time() - started < 10


@given(
    seed=st.sampled_from([mp3_of(20, tags=TAGS), wav_of(0.1, more=[info_chunk({b"INAM": b"x"})])]),
    edits=st.lists(st.tuples(st.integers(0, 300), st.binary(min_size=1, max_size=8)), max_size=6),
)
def test_damaged_sound_is_read_or_refused(seed: bytes, edits: list[tuple[int, bytes]]) -> None:
    data = bytearray(seed)
    for at, junk in edits:
        data[at : at + len(junk)] = junk
    try:
        assert read(bytes(data)).seconds > 0
    except UnreadableFileError as error:
        assert error.code in {  # noqa: PT017 - either way is right
            *("not_audio", "broken_audio", "empty_audio", "unsupported_codec")
        }
