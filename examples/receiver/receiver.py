"""A receiver of Purse's events, in Python: verify, remember the id, act.

    pip install flask standardwebhooks
    EVENTS_SECRET=whsec_… flask --app receiver run --port 4001

GET / shows what came in. `make run` starts this receiver beside the shop.
"""

from __future__ import annotations

import os
from collections import OrderedDict

from flask import Flask, Response, render_template_string, request
from standardwebhooks import Webhook, WebhookVerificationError

KEPT = 100

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="3">
<title>Events</title>
</head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 720px; margin: 2rem auto; padding: 0 1rem">
<h1>Events</h1>
{% for event in events %}
<h2 style="font-size: 1rem; margin-bottom: 0">{{ event.type }}
  <time style="font-weight: 400; opacity: .7">{{ event.timestamp }}</time></h2>
<dl style="display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .25rem 0 1rem">
{% for name, value in event.data.items() %}
<dt style="opacity: .7">{{ name }}</dt><dd style="margin: 0; overflow-wrap: anywhere">{{ value }}</dd>
{% endfor %}
</dl>
{% else %}
<p>None yet. Buy a pack in the shop: credits.purchased arrives here.</p>
{% endfor %}
</body>
</html>
"""


def create_app() -> Flask:
    """Return the receiver. EVENTS_SECRET holds the secret that the shop signs with."""
    webhook = Webhook(os.environ["EVENTS_SECRET"])
    # A real app keeps the ids in its database, in the transaction that acts on the event.
    seen: OrderedDict[str, dict[str, object]] = OrderedDict()
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024

    @app.post("/events")
    def receive() -> Response:
        try:
            # The bytes as they came: the signature is over them.
            event = webhook.verify(request.get_data(), dict(request.headers))
        except (WebhookVerificationError, ValueError):
            return Response("The signature is not ours.", 401)
        event_id = request.headers["webhook-id"]
        if event_id not in seen:
            seen[event_id] = event
            while len(seen) > KEPT:
                seen.popitem(last=False)
            # Act on event["type"] and event["data"] here.
        return Response(status=204)

    @app.get("/")
    def show() -> str:
        return render_template_string(PAGE, events=list(reversed(seen.values())))

    @app.get("/health")
    def health() -> str:
        return "ok"

    return app
