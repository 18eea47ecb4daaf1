"""The mails of `/auth/v1`: subject and HTML of each.

Like GoTrue's own, they are HTML only. A project's templates are its own; these have both the link
and the code, which is what the site's pages need.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import quote, urlencode

from local.supabase.auth.redirects import in_link

Purpose = Literal["signup", "invite", "magiclink", "recovery", "email_change", "reauthentication"]


@dataclass(frozen=True)
class Mail:
    """A mail to one address."""

    to: str
    subject: str
    html: str


@dataclass(frozen=True)
class _Text:
    subject: str
    sentence: str
    link: str


_TEXTS: dict[Purpose, _Text] = {
    "signup": _Text(
        "Confirm your address",
        "Open the link to confirm {email} and finish your sign-up.",
        "Confirm this address",
    ),
    "invite": _Text(
        "You are invited",
        "Somebody has created an account for {email}. Open the link to use it.",
        "Accept the invitation",
    ),
    "magiclink": _Text(
        "Sign in",
        "Open the link to sign in as {email}. It works once.",
        "Sign in",
    ),
    "recovery": _Text(
        "Choose a new password",
        "Open the link to choose a new password for {email}. If you did not ask for it, "
        "do nothing: your password stays as it is.",
        "Choose a new password",
    ),
    "email_change": _Text(
        "Confirm your new address",
        "Open the link to change your address from {email} to {new_email}. If you did not ask "
        "for it, do nothing: your address stays as it is.",
        "Change the address",
    ),
    "reauthentication": _Text(
        "Your code is {code}",
        "Somebody who is signed in as {email} wants to change something that matters.",
        "",
    ),
}


def action_link(external_url: str, token_hash: str, purpose: str, redirect_to: str) -> str:
    """Return the link that verifies a token and then leads to an address."""
    query = urlencode({"token": token_hash, "type": purpose}, quote_via=quote)
    return f"{external_url}/verify?{query}&redirect_to={in_link(redirect_to)}"


def compose(
    purpose: Purpose, to: str, code: str, link: str = "", change: tuple[str, str] = ("", "")
) -> Mail:
    """Return the mail for a purpose.

    Args:
        purpose: What the code is for.
        to: The recipient.
        code: The code to type in.
        link: The link to open instead; "" if there is none.
        change: The user's present and new address, where the mail is about them.
    """
    text = _TEXTS[purpose]
    email, new_email = change
    names = {"email": email or to, "new_email": new_email, "code": code}
    subject = text.subject.format(**names)
    parts = [
        f"<h2>{escape(subject)}</h2>",
        f"<p>{escape(text.sentence.format(**names))}</p>",
    ]
    if link:
        parts.append(f'<p><a href="{escape(link)}">{escape(text.link)}</a></p>')
        parts.append(f"<p>Or enter this code: <strong>{escape(code)}</strong></p>")
    else:
        parts.append(f"<p>Enter this code: <strong>{escape(code)}</strong></p>")
    return Mail(to, subject, "\n".join(parts))
