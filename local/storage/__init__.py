"""Stands in for Supabase Storage's S3: moto, behind what moto leaves out.

moto believes every signature and forgets everything at its end. Here a request is judged first, as
strictly as AWS does it (Supabase is no stricter), and objects are kept on disk.
"""

from local.storage.app import create_app

__all__ = ["create_app"]
