"""/auth/v1/admin/users, for the service role: list, get, create, update and delete users."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request
from psycopg import errors

from local.supabase.auth import passwords, user_changes, user_lists, users
from local.supabase.auth.addresses import valid_email
from local.supabase.auth.admin_access import require_admin
from local.supabase.auth.body import Body
from local.supabase.auth.config import duration_seconds
from local.supabase.auth.errors import AuthError, invalid

if TYPE_CHECKING:
    import psycopg

    from local.supabase.auth.service import Service
    from local.supabase.auth.users import User


class Admin:
    """Administers users."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, blueprint: Blueprint) -> None:
        """Add the endpoints."""
        blueprint.get("/admin/users")(self.list_users)
        blueprint.post("/admin/users")(self.create_user)
        blueprint.get("/admin/users/<user_id>")(self.get_user)
        blueprint.put("/admin/users/<user_id>")(self.update_user)
        blueprint.delete("/admin/users/<user_id>")(self.delete_user)

    def list_users(self) -> Response:
        """Return one page of the users, newest first unless `sort` says otherwise."""
        require_admin(self._service)
        page = user_lists.Page.of(request.args)
        with self._service.transaction() as connection:
            found, total = user_lists.find(connection, page)
        # GoTrue does not load identities for a list.
        shown = [{**user.as_json(), "identities": None} for user in found]
        response = jsonify({"users": shown, "aud": "authenticated"})
        path = request.full_path.removeprefix("/auth/v1")
        response.headers["Link"] = user_lists.link_header(path, page, total)
        response.headers["X-Total-Count"] = str(total)
        return response

    def get_user(self, user_id: str) -> Response:
        """Return a user."""
        require_admin(self._service)
        with self._service.transaction() as connection:
            return jsonify(_existing(connection, user_id).as_json())

    def create_user(self) -> Response:
        """Create a user, who is confirmed if `email_confirm` says so."""
        require_admin(self._service)
        body = Body.of_request()
        if not body.text("email") and not body.text("phone"):
            raise invalid("Cannot create a user without either an email or phone")
        _refuse_phone(body)
        email = valid_email(body.text("email"))
        with self._service.transaction() as connection:
            if users.user_by_email(connection, email) is not None:
                raise users.EMAIL_TAKEN
        password = body.optional_text("password")
        if body.text("password_hash"):
            if password is not None:
                raise invalid("Only a password or a password hash should be provided")
            raise AuthError(
                501, "not_implemented", "The local stack takes passwords, not their hashes"
            )
        if len((password or "").encode()) > passwords.BYTES_AT_MOST:
            raise invalid("bcrypt: password length exceeds 72 bytes")
        banned_until = _banned_until(body)
        # Hashing is slow, so it does not hold a connection.
        encrypted = passwords.encrypt(password or passwords.random_password())
        metadata, user_id = body.object("user_metadata"), _chosen_id(body)
        try:
            with self._service.transaction() as connection:
                user = users.create_user(connection, email, encrypted, metadata, user_id=user_id)
                # Unlike a sign-up, this adds nothing to what the caller sent.
                changes: dict[str, object] = {"raw_user_meta_data": metadata, **banned_until}
                user = users.update_user(connection, user.id, **changes)
                user = _with_role_and_metadata(connection, user, body, {})
                if body.flag("email_confirm"):
                    user = user_changes.confirm(connection, user)
        except errors.UniqueViolation:
            raise AuthError(500, "unexpected_failure", "Database error creating new user") from None
        return jsonify(user.as_json())

    def update_user(self, user_id: str) -> Response:
        """Change a user; a new password ends all sessions."""
        require_admin(self._service)
        with self._service.transaction() as connection:
            user = _existing(connection, user_id)
        body = Body.of_request()
        email, password = body.text("email"), body.optional_text("password")
        if email:
            email = valid_email(email)
        _refuse_phone(body)
        banned_until = _banned_until(body)
        if password is not None:
            passwords.check_strength(password, self._service.config)
        encrypted = passwords.encrypt(password) if password else None
        try:
            with self._service.transaction() as connection:
                user = users.locked(connection, user.id)
                if body.flag("email_confirm"):
                    user = user_changes.confirm(connection, user)
                if password is not None:
                    user = user_changes.set_password(connection, user, encrypted, session_id=None)
                if email:
                    stays_anonymous = user.is_anonymous and not body.flag("email_confirm")
                    user = users.update_user(
                        connection, user.id, email=email, is_anonymous=stays_anonymous
                    )
                metadata = body.object("user_metadata")
                user = _with_role_and_metadata(connection, user, body, metadata)
                user = users.update_user(connection, user.id, **banned_until)
        except errors.UniqueViolation:
            raise AuthError(500, "unexpected_failure", "Error updating user") from None
        return jsonify(user.as_json())

    def delete_user(self, user_id: str) -> Response:
        """Delete a user; softly, if asked, so that the id stays and the address does not."""
        require_admin(self._service)
        with self._service.transaction() as connection:
            user = _existing(connection, user_id)
            softly = bool(request.get_data()) and Body.of_request().flag("should_soft_delete")
            if softly and user.deleted_at is None:
                user_changes.forget(connection, user)
            elif not softly:
                # Sessions, refresh tokens and codes go with it: their foreign keys cascade.
                connection.execute("delete from auth.users where id = %s", [user.id])
        return jsonify({})


def _with_role_and_metadata(
    connection: psycopg.Connection, user: User, body: Body, user_metadata: dict[str, object]
) -> User:
    app_metadata = users.merged(user.raw_app_meta_data, body.object("app_metadata"))
    return users.update_user(
        connection,
        user.id,
        role=body.text("role").strip() or user.role,
        raw_app_meta_data=app_metadata,
        raw_user_meta_data=users.merged(user.raw_user_meta_data, user_metadata),
    )


def _existing(connection: psycopg.Connection, text: str) -> User:
    try:
        user_id = uuid.UUID(text)
    except ValueError:
        raise AuthError(404, "validation_failed", "user_id must be an UUID") from None
    user = users.user_by_id(connection, user_id)
    if user is None:
        raise AuthError(404, "user_not_found", "User not found")
    return user


def _chosen_id(body: Body) -> uuid.UUID | None:
    if not body.text("id"):
        return None
    try:
        user_id = uuid.UUID(body.text("id"))
    except ValueError:
        raise invalid("ID must conform to the uuid v4 format") from None
    if user_id.int == 0:
        raise invalid("ID cannot be a nil uuid")
    return user_id


def _banned_until(body: Body) -> dict[str, object]:
    """Return the change that a ban makes; none if the body has no ban."""
    duration = body.text("ban_duration")
    if not duration:
        return {}
    seconds = 0.0 if duration == "none" else duration_seconds(duration)
    if seconds is None:
        raise invalid(f'invalid format for ban duration: time: invalid duration "{duration}"')
    until = datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None
    return {"banned_until": until}


def _refuse_phone(body: Body) -> None:
    if body.text("phone") or body.flag("phone_confirm"):
        raise AuthError(501, "not_implemented", "The local stack has no phone numbers")
