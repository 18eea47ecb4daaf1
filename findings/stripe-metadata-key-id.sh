#!/usr/bin/env bash
# stripe 16.1.0 (Python): passing the metadata of one object on to a new one.
# Expected: metadata={"id": "abc", "plan": "gold"} is sent as metadata[id]=abc&metadata[plan]=gold,
#           whether it is a dict or the metadata that an object of Stripe's carries.
# Seen: an object's metadata that has a key "id" is taken for a reference to an object. The request
#       says metadata=abc, and "plan" is gone.
# So: call .to_dict() on metadata before it is sent again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check stripe==16.1.0
cd "$work"
cat > server.py <<'PY'
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Echo(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = json.dumps({"id": "cus_2", "object": "customer", "description": body}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
PY
coproc SERVER { exec "$work/venv/bin/python" server.py; }
trap 'kill "$SERVER_PID"; rm -rf "$work"' EXIT
read -r port <&"${SERVER[0]}"
NO_PROXY=127.0.0.1 PORT=$port "$work/venv/bin/python" - <<'PY'
import os

import stripe

stripe.enable_telemetry = False
client = stripe.StripeClient("sk_test_x", base_addresses={"api": f"http://127.0.0.1:{os.environ['PORT']}"})
known = stripe.Customer.construct_from(
    {"id": "cus_1", "object": "customer", "metadata": {"id": "abc", "plan": "gold"}}, "sk_test_x"
)
as_object = client.v1.customers.create({"metadata": known.metadata}).description
as_dict = client.v1.customers.create({"metadata": known.metadata.to_dict()}).description
print("as the object's metadata:", as_object)
print("as a dict:", as_dict)
assert as_object == "metadata=abc"
assert as_dict == "metadata[id]=abc&metadata[plan]=gold"
PY
