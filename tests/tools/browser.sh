#!/bin/sh
# Provide Chromium for the browser tests where that is possible, and say so where it is not.
# Debian's package: Playwright drives it, so no browser of Playwright's own is downloaded.
set -eu
say() { printf 'purse: %s\n' "$1"; }

for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
[ -d "/Applications/Google Chrome.app" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing chromium for the browser tests (once)"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq >/dev/null 2>&1 &&
        apt-get install -y -qq chromium fonts-noto-color-emoji >/dev/null 2>&1; then
        exit 0
    fi
    say "chromium could not be installed: the browser tests will not run"
else
    say "no Chromium here: the browser tests will not run (Debian: apt install chromium)"
fi
[ -z "${CI:-}" ] || exit 1
