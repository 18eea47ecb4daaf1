"""Stands in for Supabase Storage and the gateway in front of it: S3, buckets by REST, CORS.

moto is the S3 behind it, as the real server has an S3 behind it. It accepts, refuses and ignores
what the real server does. Two checks are stricter, to find our mistakes: the clock of a request and
the hash of its body. Objects and buckets are kept on disk.
"""

from local.storage.app import create_app

__all__ = ["create_app"]
