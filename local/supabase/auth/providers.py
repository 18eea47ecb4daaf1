"""GET /settings and GET /authorize: no provider but e-mail is enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from local.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    from local.supabase.auth.config import AuthConfig

PROVIDERS = (
    *("apple", "azure", "bitbucket", "discord", "facebook", "snapchat", "figma", "fly", "github"),
    *("gitlab", "google", "keycloak", "kakao", "linkedin", "linkedin_oidc", "notion", "spotify"),
    *("slack", "slack_oidc", "workos", "twitch", "twitter", "zoom"),
)
# Known to /authorize, not shown by /settings.
_UNLISTED = ("vercel_marketplace", "x")


class Providers:
    """Says how people can sign in."""

    def __init__(self, config: AuthConfig) -> None:
        self._config = config

    def register(self, blueprint: Blueprint) -> None:
        """Add the endpoints."""
        blueprint.get("/settings")(self.settings)
        blueprint.get("/authorize")(self.authorize)

    def settings(self) -> Response:
        """Return what the project has enabled."""
        return jsonify(
            {
                "external": {
                    "anonymous_users": self._config.anonymous_users,
                    **dict.fromkeys(PROVIDERS, False),
                    "email": True,
                    "phone": False,
                },
                "disable_signup": self._config.disable_signup,
                "mailer_autoconfirm": self._config.autoconfirm,
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
                "saml_private_key_next_configured": False,
                "passkeys_enabled": False,
            }
        )

    def authorize(self) -> Response:
        """Refuse every provider, in the words for disabled, custom and unknown ones."""
        provider = request.args.get("provider", "").lower()
        if provider.startswith("custom:"):
            reason = "custom OAuth providers are disabled"
        elif provider in {*PROVIDERS, *_UNLISTED}:
            reason = "provider is not enabled"
        else:
            reason = f"Provider {provider} could not be found"
        raise AuthError(400, "validation_failed", f"Unsupported provider: {reason}")
