"""`make admin EMAIL=…`: make somebody an admin at the desk; ROLE=support or ROLE=none changes it.

The role is app_metadata.role in Supabase Auth, which only the secret key may write. It counts from
the next request on.
"""

from __future__ import annotations

import argparse
import os

from supabase_auth.errors import AuthError

from api._lib import database
from api._lib.accounts.auth_user import auth_admin
from api._lib.settings import settings
from ops.command import command

ROLES = ("admin", "support", "none")


def main() -> int:
    """Set the role, and say where the desk is."""
    parser = argparse.ArgumentParser(prog="make admin", description=__doc__)
    parser.add_argument("email", nargs="?", default=os.environ.get("EMAIL"), help="whom")
    parser.add_argument(
        "--role", default=os.environ.get("ROLE") or "admin", help="or support, none"
    )
    asked = parser.parse_args()
    if not asked.email or asked.role not in ROLES:
        print("Name the person: make admin EMAIL=ada@example.com (ROLE=support, ROLE=none)")
        return 2
    user_id: str | None = database.call("find_user", p_address=asked.email)
    if user_id is None:
        print(f"Nobody has signed up as {asked.email}. They sign up first, like everybody.")
        return 1
    # Supabase Auth merges metadata; null removes the role.
    role = None if asked.role == "none" else asked.role
    try:
        auth_admin().update_user_by_id(user_id, {"app_metadata": {"role": role}})
    except AuthError as error:
        print(f"Supabase Auth did not set the role: {error.code}.")
        return 1
    if role is None:
        print(f"{asked.email} has no role at the desk any more.")
    else:
        print(f"{asked.email} has the role {role}. The desk is at {settings().site_url}/admin")
    return 0


if __name__ == "__main__":
    command(main)
