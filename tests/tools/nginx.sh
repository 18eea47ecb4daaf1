#!/bin/sh
# Provide nginx, which stands before both builds in `make bench-pages`. No service of the system is started.
set -eu
say() { printf 'purse: %s\n' "$1"; }

command -v nginx >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing nginx for the measurement of the pages (once)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null 2>&1 || true
    # Debian's package starts its service unless this file forbids it.
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && ours=1; }
    apt-get install -y -qq --no-install-recommends nginx-light >/dev/null 2>&1 || true
    [ -z "${ours:-}" ] || rm "$policy"
    command -v nginx >/dev/null 2>&1 && exit 0
fi
say "no nginx here: the pages cannot be measured (Debian: apt install nginx-light)"
exit 1
