#!/bin/sh
# Provide the programs that write the samples of the reader tests, and say so where that fails.
set -eu
say() { printf 'purse: %s\n' "$1"; }

missing=""
for name in ffmpeg sox lame mpg123 opusenc opusdec flac oggenc pandoc gst-launch-1.0; do
    command -v "$name" >/dev/null 2>&1 || missing="$missing $name"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing the programs that write samples for the reader tests (once)"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq >/dev/null 2>&1 &&
        apt-get install -y -qq --no-install-recommends ffmpeg sox libsox-fmt-mp3 lame mpg123 \
            opus-tools flac vorbis-tools pandoc gstreamer1.0-tools gstreamer1.0-plugins-base \
            gstreamer1.0-plugins-good >/dev/null 2>&1; then
        exit 0
    fi
    say "not installed:$missing. The tests of the files that they write will not run"
else
    say "no$missing here: the tests of the files that they write will not run"
fi
[ -z "${CI:-}" ] || exit 1
