"""A mailbox for local use: an SMTP server that keeps every mail, and a page that shows them.

| path | what it answers |
|---|---|
| `/` | the page: mails newest first; `?to=` searches the recipients |
| `/mails/ID` | the page with one mail open |
| `/mails/ID/html` | the HTML of a mail, for the page's sandboxed frame |
| `/api/mails` | all mails as JSON, newest first; `?to=ADDRESS` only those to one address |

Loopback only; no authentication.
"""

from local.mail.app import create_app

__all__ = ["create_app"]
