#!/usr/bin/env bash
# standardwebhooks 1.1.0 (Python): sign() at a moment given in another time zone.
# Expected: two datetimes that are equal (12:00 UTC, 14:00 at +02:00) give the same signature.
# Seen: sign() relabels the zone as UTC instead of converting it, so the second one is signed for
#       two hours later, while verify() reads the header's Unix time: the sender's own message fails.
# So: pass datetime.now(timezone.utc), never a local time.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check standardwebhooks==1.1.0
"$work/venv/bin/python" - <<'PY'
import base64
from datetime import datetime, timedelta, timezone

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(base64.b64encode(b"a secret of thirty-two bytes!!!!").decode())
utc = datetime.now(timezone.utc).replace(microsecond=0)
local = utc.astimezone(timezone(timedelta(hours=2)))
assert utc == local
body = '{"type":"ping"}'


def is_accepted(moment: datetime) -> bool:
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": webhook.sign("msg_1", moment, body),
    }
    try:
        webhook.verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


print("signed in UTC:", is_accepted(utc), " the same moment at +02:00:", is_accepted(local))
assert is_accepted(utc)
assert not is_accepted(local)
PY
