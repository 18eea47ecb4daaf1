"""The key that signs access tokens, and its public half as a JWKS."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "signing-key.pem"
ALGORITHM = "ES256"
_COORDINATE_BYTES = 32


@dataclass(frozen=True)
class SigningKey:
    """An ES256 key pair. Its `kid` is its thumbprint (RFC 7638), so only the key is stored."""

    private: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """The public key, which verifies tokens."""
        return self.private.public_key()

    @property
    def kid(self) -> str:
        """The key's id."""
        members = json.dumps(self._members(), separators=(",", ":"), sort_keys=True)
        return _base64url(hashlib.sha256(members.encode()).digest())

    def jwks(self) -> dict[str, list[dict[str, object]]]:
        """Return the JWKS with the public key."""
        return {
            "keys": [
                {
                    "alg": ALGORITHM,
                    "ext": True,
                    "key_ops": ["verify"],
                    "kid": self.kid,
                    "use": "sig",
                    **self._members(),
                }
            ]
        }

    def _members(self) -> dict[str, str]:
        numbers = self.public.public_numbers()
        return {
            "crv": "P-256",
            "kty": "EC",
            "x": _base64url(numbers.x.to_bytes(_COORDINATE_BYTES)),
            "y": _base64url(numbers.y.to_bytes(_COORDINATE_BYTES)),
        }


def load_or_create(state: Path) -> SigningKey:
    """Read the key from the state folder, or create it there, readable by its owner only.

    Raises:
        SystemExit: The file does not contain an ES256 key.
    """
    path = state / FILE_NAME
    if not path.exists():
        _create(path)
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except ValueError:
        private = None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise SystemExit(f"{path} holds no ES256 key. Delete it, and a new key is created.")
    return SigningKey(private)


def _create(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        # A link is created atomically and fails if another process was faster.
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
