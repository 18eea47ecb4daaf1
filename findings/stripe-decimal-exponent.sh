#!/usr/bin/env bash
# stripe 16.1.0 (Python) and stripe 23.1.0 (Node): a price's unit_amount_decimal is sent on to a new price.
# Both give it as a decimal, not as text. The API wrote "0.0000001" (cents for one token, say).
# Expected: it goes out as it came in, 0.0000001, in both.
# Seen: Node sends 0.0000001, Python sends 1E-7. Python writes a Decimal as str() does, with an
#       exponent below a millionth. The same goes for a value that was normalized: 100 becomes 1E+2.
# So: in Python, send f"{amount:f}".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check stripe==16.1.0
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts stripe@23.1.0
cat > server.py <<'PY'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer


class Prices(BaseHTTPRequestHandler):
    """Answer every request with one price; its nickname is the body of the request."""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        price = {"id": "price_1", "object": "price", "unit_amount_decimal": "0.0000001", "nickname": body}
        answer = json.dumps(price).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Prices)
print(server.server_port, flush=True)
server.serve_forever()
PY
coproc SERVER { exec "$work/venv/bin/python" server.py; }
trap 'kill "$SERVER_PID"; rm -rf "$work"' EXIT
read -r port <&"${SERVER[0]}"
export NO_PROXY=127.0.0.1 PORT=$port
in_python=$("$work/venv/bin/python" - <<'PY'
import os
from decimal import Decimal

import stripe

stripe.enable_telemetry = False
client = stripe.StripeClient("sk_test_x", base_addresses={"api": f"http://127.0.0.1:{os.environ['PORT']}"})
amount = client.v1.prices.retrieve("price_1").unit_amount_decimal
assert amount == Decimal("0.0000001")
for value in (amount, f"{amount:f}", Decimal(100).normalize()):
    print(client.v1.prices.create({"currency": "usd", "unit_amount_decimal": value}).nickname)
PY
)
cat > send.mjs <<'JS'
import Stripe from "stripe";

const address = { protocol: "http", host: "127.0.0.1", port: process.env.PORT };
const stripe = new Stripe("sk_test_x", { ...address, telemetry: false });
const { unit_amount_decimal } = await stripe.prices.retrieve("price_1");
console.log((await stripe.prices.create({ currency: "usd", unit_amount_decimal })).nickname);
JS
in_node=$(node send.mjs)
echo "Python, as read, as text and 100 normalized:"
echo "$in_python"
echo "Node, as read:"
echo "$in_node"
[ "$in_python" = "currency=usd&unit_amount_decimal=1E-7
currency=usd&unit_amount_decimal=0.0000001
currency=usd&unit_amount_decimal=1E%2B2" ]
[ "$in_node" = "currency=usd&unit_amount_decimal=0.0000001" ]
