#!/bin/sh
# Provide Chromium and Firefox for the browser tests where that is possible, and say so where not.
# Debian's packages: Playwright drives this Chromium, and Puppeteer this Firefox, so no browser of
# theirs is downloaded. Most tests run in the headless shell, which is faster; without it they all
# run in Chromium itself.
set -eu
say() { printf 'purse: %s\n' "$1"; }

here() { command -v "$1" >/dev/null 2>&1; }
# Not named as the programs: "command -v" would find the function.
has_chromium() {
    here chromium || here chromium-browser || here google-chrome ||
        [ -d "/Applications/Google Chrome.app" ]
}
has_firefox() { here firefox-esr || here firefox || [ -d "/Applications/Firefox.app" ]; }
install() { apt-get install -y -qq "$@" >/dev/null 2>&1; }

has_chromium && here chromium-headless-shell && has_firefox && exit 0
if [ "$(id -u)" = 0 ] && here apt-get; then
    say "installing chromium and firefox for the browser tests (once)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null 2>&1 || true
    has_chromium || install chromium fonts-noto-color-emoji ||
        say "chromium could not be installed: the browser tests will not run"
    here chromium-headless-shell || install chromium-headless-shell ||
        say "no chromium-headless-shell here: the browser tests take longer"
    has_firefox || install firefox-esr ||
        say "firefox-esr could not be installed: the test in Firefox will not run"
fi
has_chromium || say "no Chromium here: the browser tests will not run (Debian: apt install chromium)"
has_firefox || say "no Firefox here: the test in Firefox will not run (Debian: apt install firefox-esr)"
has_chromium && has_firefox && exit 0
[ -z "${CI:-}" ] || exit 1
