#!/bin/sh
# Create .venv and install a requirements file into it, unless that is done already.
#   ops/venv.sh local/requirements.txt
# Uses the first Python that is new enough. pyenv's `python` only runs the version in .python-version
# (the one of the deployed functions), so pyenv's folders are searched as well.
set -eu
cd "$(dirname "$0")/.."
requirements=$1
suits='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'

say() { printf 'purse: %s\n' "$1"; }
fail() { printf 'purse: %s\n' "$1" >&2; exit 1; }

find_python() {
    for candidate in ${PYTHON:-} python3.13 python3.14 python3.12 python3.11 python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python \
        /usr/local/bin/python3 /opt/homebrew/bin/python3 /usr/bin/python3; do
        if "$candidate" -c "$suits" >/dev/null 2>&1; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    return 1
}

if ! .venv/bin/python -c "$suits" >/dev/null 2>&1; then
    python=$(find_python) || fail "No Python 3.11 or newer with the venv module was found. Install one (Debian: apt install python3 python3-venv), or give its path: make PYTHON=/path/to/python3 run"
    say "creating .venv with $("$python" --version)"
    rm -rf .venv 2>/dev/null || fail "The folder .venv cannot be replaced. Give yourself write access to $PWD."
    "$python" -m venv .venv >/dev/null 2>&1 || fail "Cannot write to $PWD. Make the folder writable, or move the checkout."
fi

# The marker is a copy of the installed file, so a changed file is installed again.
done_marker=.venv/installed-$(printf '%s' "$requirements" | tr '/' '-')
cmp -s "$requirements" "$done_marker" && exit 0

say "installing $requirements (once)"
log=.venv/install.log
{
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes \
        -r "$requirements" 2>&1 && touch .venv/install.ok
} | tee "$log" | awk '/^Collecting/ { printf "purse:   %s\n", $2; fflush() } /^Installing collected/ { print "purse:   unpacking"; fflush() }'
if [ ! -e .venv/install.ok ]; then
    tail -n 5 "$log" >&2
    fail "The installation failed. The lines above are the end of $log."
fi
rm .venv/install.ok
cp "$requirements" "$done_marker"
