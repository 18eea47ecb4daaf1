"""The CAPTCHA token of a request, where the project asks for one."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from flask import request

from local.supabase.auth.admin_access import is_admin
from local.supabase.auth.body import Body
from local.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    from local.supabase.auth.service import Service

_PATHS = ("/signup", "/recover", "/resend", "/magiclink", "/otp", "/token")
_FREE_GRANTS = {"refresh_token", "pkce", "id_token"}


def check(service: Service) -> None:
    """Check the token of a request that needs one. The switch for it is off by default.

    GoTrue asks the CAPTCHA's provider. Here the token has to be the configured secret.

    Raises:
        AuthError: The token is missing or not good.
    """
    config = service.config
    if not config.captcha or request.method != "POST" or not request.path.endswith(_PATHS):
        return
    if request.path.endswith("/token") and request.args.get("grant_type") in _FREE_GRANTS:
        return
    if is_admin(service):
        return
    token = str(Body.of_request().object("gotrue_meta_security").get("captcha_token") or "").strip()
    if not token:
        raise _refused("no captcha_token found")
    secret = config.captcha_secret
    if secret and not hmac.compare_digest(token.encode(), secret.encode()):
        raise _refused("invalid-input-response")


def _refused(reason: str) -> AuthError:
    return AuthError(400, "captcha_failed", f"captcha protection: request disallowed ({reason})")
