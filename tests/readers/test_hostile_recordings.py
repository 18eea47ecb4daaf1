"""Recordings made to mislead or to take long: judged by what they hold, in bounded work."""

from __future__ import annotations

import io
import struct
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinytag import TinyTag

from api._lib.files.readers.audio import Audio, read_audio
from api._lib.files.readers.errors import UnreadableFileError
from tests.readers.damage import OPTIONS, box, page, small
from tests.readers.refusals import refusal_by
from tests.readers.rows import MissingProgramError
from tests.samples import FRAME, FRAME_SECONDS, MPEG_2_FRAME, id3, mp3_of
from tests.support import cannot_run

CODES = {"not_audio", "broken_audio", "empty_audio", "unsupported_codec"}
OPUS_HEAD = b"OpusHead\x01\x01" + struct.pack("<HLhB", 312, 48000, 0, 0)


def read(data: bytes) -> Audio:
    return read_audio(io.BytesIO(data))


refusal = partial(refusal_by, read)


def sound(kind: str) -> bytes:
    try:
        return small(kind)
    except MissingProgramError as error:
        cannot_run(str(error))


@pytest.mark.parametrize("kind", OPTIONS)
def test_another_reader_finds_each_container_as_long(kind: str) -> None:
    audio = read(sound(kind))
    assert audio.seconds == pytest.approx(1.0, abs=0.15)
    if kind != "fragments.m4a":  # that reader knows no fragments
        judge = TinyTag.get(file_obj=io.BytesIO(sound(kind)))
        assert judge.duration == pytest.approx(audio.seconds, abs=0.15)
        assert (judge.title or "") == audio.title


@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("keep", [0.05, 0.3, 0.7, 0.99])
def test_a_container_that_is_cut_off_is_refused_or_as_long_as_what_is_left(
    kind: str, keep: float
) -> None:
    whole = sound(kind)
    try:
        audio = read(whole[: int(len(whole) * keep)])
    except UnreadableFileError as error:
        assert error.code in CODES  # noqa: PT017 - either way is right
    else:
        assert audio.seconds <= read(whole).seconds


@pytest.mark.parametrize("kind", OPTIONS)
@settings(deadline=None, max_examples=150)
@given(
    edits=st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=8)), max_size=6)
)
def test_a_damaged_container_is_read_or_refused(kind: str, edits: list[tuple[int, bytes]]) -> None:
    data = bytearray(sound(kind))
    for at, junk in edits:
        data[at : at + len(junk)] = junk
    try:
        assert read(bytes(data)).seconds > 0
    except UnreadableFileError as error:
        assert error.code in CODES  # noqa: PT017 - either way is right


@settings(deadline=None, max_examples=200)
@given(
    parts=st.lists(
        st.tuples(st.sampled_from([FRAME, MPEG_2_FRAME]), st.integers(3, 40), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
def test_joined_parts_play_as_long_as_the_parts(parts: list[tuple[bytes, int, bool]]) -> None:
    data = b"".join(
        (id3({"TIT2": "x"}) if tag else b"") + frame * count for frame, count, tag in parts
    )
    rates = {FRAME: FRAME_SECONDS, MPEG_2_FRAME: 576 / 22050}
    seconds = sum(rates[frame] * count for frame, count, _ in parts)
    assert read(data).seconds == pytest.approx(seconds, abs=0.002)


def test_a_file_joined_after_a_frame_that_is_cut_off_counts() -> None:
    tag = b"ID3\x03\x00\x00" + bytes((0, 0x3D, 0x09, 0)) + b"\xff\xfb\x90\x00" * 250_000
    data = FRAME * 50 + FRAME[:100] + tag + FRAME * 50
    assert read(data).seconds == pytest.approx(100 * FRAME_SECONDS, abs=0.06)


def test_the_indexes_of_joined_files_are_not_sound() -> None:
    index = FRAME[:36] + b"Xing" + FRAME[40:]
    part = index + FRAME * 100
    assert read(part * 5).seconds == pytest.approx(500 * FRAME_SECONDS, abs=0.001)


def _moov(*, samples: int, sizes: int, each: int = 0) -> bytes:
    stts = box(b"stts", struct.pack(">LLLL", 0, 1, samples, 1024))
    stsz = box(b"stsz", struct.pack(">LLL", 0, each, samples) + struct.pack(">L", 4) * sizes)
    stsd = box(b"stsd", struct.pack(">LLL4s", 0, 1, 16, b"mp4a"))
    mdhd = box(b"mdhd", struct.pack(">LLLLLL", 0, 0, 0, 44100, 0, 0))
    hdlr = box(b"hdlr", struct.pack(">LL4s", 0, 0, b"soun"))
    stbl = box(b"stbl", stsd + stts + stsz)
    trak = box(b"trak", box(b"mdia", mdhd + hdlr + box(b"minf", stbl)))
    return box(b"moov", trak)


FTYP = box(b"ftyp", b"M4A \0\0\0\0")


def test_tables_that_state_more_sound_than_there_is_are_not_believed() -> None:
    honest = FTYP + _moov(samples=100, sizes=100) + box(b"mdat", bytes(400))
    assert read(honest).seconds == pytest.approx(100 * 1024 / 44100, abs=0.001)
    for moov in (
        _moov(samples=2**32 - 1, sizes=100),
        _moov(samples=2**32 - 1, sizes=0, each=1),
        _moov(samples=200, sizes=200),
    ):
        assert refusal(FTYP + moov + box(b"mdat", bytes(400))) == "broken_audio"


@pytest.mark.parametrize(
    "data",
    [
        FTYP + box(b"free") * 600_000,
        FTYP + box(b"moov", box(b"trak") * 600_000),
        FTYP + box(b"moof", box(b"traf", box(b"trun", bytes(4) + b"\xff" * 4)) * 100_000),
        FTYP + box(b"mdat", length=2**32 - 1),
        FTYP + box(b"moov", b"", length=1) + b"\xff" * 8,
        FTYP + box(b"moov", box(b"udta", box(b"meta", bytes(4) + box(b"ilst") * 100_000))),
    ],
    ids=["boxes", "tracks", "fragments", "beyond the end", "64 bits", "tags"],
)
def test_boxes_without_end_are_refused(data: bytes) -> None:
    assert refusal(data) == "broken_audio"


def test_a_protected_track_is_named_as_such() -> None:
    moov = _moov(samples=100, sizes=100).replace(b"mp4a", b"drms")
    with pytest.raises(UnreadableFileError, match="unsupported_codec") as caught:
        read(FTYP + moov + box(b"mdat", bytes(400)))
    assert "protected" in caught.value.message


def test_a_page_that_states_more_samples_than_its_packets_hold_is_not_believed() -> None:
    head = page(OPUS_HEAD, flags=2) + page(b"OpusTags")
    assert read(head + page(b"\0" * 9, granule=960 * 10 + 312)).seconds == pytest.approx(0.2)
    first = page(b"\0" * 9, granule=960)
    assert refusal(head + first + page(b"\0" * 9, granule=2**62)) == "broken_audio"


def test_a_recording_from_the_middle_of_a_stream_begins_at_zero() -> None:
    head = page(OPUS_HEAD, flags=2) + page(b"OpusTags")
    start = 48_000 * 3600
    pages = b"".join(page(b"\0" * 9, granule=start + 960 * n) for n in range(101))
    assert read(head + pages).seconds == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    "data",
    [
        page(b"\x80theora", flags=2) * 100,
        page(b"", flags=2) * 200_000,
        b"OggS" * 200_000,
        b"OggS" + bytes(1_000_000),
    ],
)
def test_ogg_without_sound_is_refused(data: bytes) -> None:
    assert refusal(data) in {"unsupported_codec", "broken_audio"}


@pytest.mark.parametrize(
    "data",
    [
        (id3({}) * 20_000) + FRAME * 100,
        (FRAME * 2 + MPEG_2_FRAME * 2) * 52_000,
        b"APETAGEX" * 100_000,
        mp3_of(100) + b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
        b"fLaC" + b"\x01\x00\x00\x00" * 2_000,
        b"fLaC\x80\x00\x00\x22" + bytes(34) + b"\xff\xf8" * 600_000,
        b"fLaC\x80\x00\x00\x22\x10\x00\x10\x00"
        + bytes(6)
        + b"\x0a\xc4\x40"
        + bytes(23)
        + b"\xff\xf8\x69\x08" * 300_000,
    ],
    ids=["tags", "rates", "ape", "tag beyond the end", "blocks", "no rate", "syncs"],
)
def test_disorder_is_read_or_refused(data: bytes) -> None:
    try:
        read(data)
    except UnreadableFileError as error:
        assert error.code in CODES  # noqa: PT017 - either way is right
