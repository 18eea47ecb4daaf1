"""The Content-Security-Policy of the pages for the settings of one deployment.

vercel.json has one policy for every deployment: pages may connect to every Supabase project.
bundle/policy.mjs does the same for a deployment on Vercel, as far as a page can say it itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

# As the providers' documentation says.
CAPTCHA_HOSTS = {
    "hcaptcha": ("https://hcaptcha.com", "https://*.hcaptcha.com"),
    "turnstile": ("https://challenges.cloudflare.com",),
}
_PROJECTS = ".supabase.co"
# No other character may reach the policy: a semicolon would begin a directive, and a star would
# allow every host.
_HOST = re.compile(r"[a-z0-9_.-]+", re.ASCII)
_DEFAULT_PORT = {"https": 443, "http": 80}


def page_policy(policy: str, environ: Mapping[str, str]) -> str:
    """Return the policy of vercel.json as this deployment needs it.

    Pages may connect to the configured project and its storage alone. Where a CAPTCHA has a site
    key, its provider is allowed. The provider's script is not written for Trusted Types, so pages
    then go without them.
    """
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    captcha = _captcha_hosts(environ)
    projects = _project_origins(environ)
    if projects or captcha:
        others = projects or directives["connect-src"].split()[1:]
        directives["connect-src"] = " ".join(["'self'", *others, *captcha])
    if captcha:
        hosts = " ".join(captcha)
        scripts = directives.get("script-src", "'self'")
        directives |= {
            "script-src": f"{scripts} {hosts}",
            "style-src": f"'self' {hosts}",
            "frame-src": hosts,
        }
        del directives["require-trusted-types-for"], directives["trusted-types"]
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _project_origins(environ: Mapping[str, str]) -> list[str]:
    """Return the origins of the project and of its storage; none without a project."""
    project = _origin(environ.get("SUPABASE_URL", ""))
    if project is None:
        return []
    host = urlsplit(project).hostname or ""
    storage = _origin(environ.get("STORAGE_S3_ENDPOINT", ""))
    if storage is None and host.endswith(_PROJECTS):
        storage = f"https://{host.removesuffix(_PROJECTS)}.storage{_PROJECTS}"
    return list(dict.fromkeys(filter(None, (project, storage))))


def _origin(address: str) -> str | None:
    """Return an address's origin; None if it has none. A user name or password is left out."""
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORT or not _HOST.fullmatch(host):
        return None
    shown = "" if port in {None, _DEFAULT_PORT[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def _captcha_hosts(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts of the CAPTCHA's provider; none without a site key."""
    if not environ.get("CAPTCHA_SITE_KEY", "").strip():
        return ()
    return CAPTCHA_HOSTS.get(environ.get("CAPTCHA_PROVIDER", "").strip() or "hcaptcha", ())
