"""Checks the file storage as functions and browsers use it: bucket, object, upload URL, CORS."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING

import httpx

from api._lib.desk.findings import Finding
from api._lib.errors import StorageUnavailableError
from api._lib.files.bucket import make_bucket, read_bucket
from api._lib.files.kinds import KINDS
from api._lib.files.s3 import NoSuchObjectError
from api._lib.files.settings import storage_settings
from api._lib.files.signed_urls import upload_url
from api._lib.files.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.files.settings import StorageSettings
    from api._lib.files.signed_urls import Upload
    from api._lib.settings import Settings

TIMEOUT_SECONDS = 10
UPLOAD_SECONDS = 60
_CONTENT, _TYPE = b"make doctor", "text/plain"
# The results of processing have these types; uploads have those in KINDS.
_RESULT_TYPES = ("application/json", "text/html; charset=utf-8", "application/zip")


def check_storage(config: Settings) -> Iterator[Finding]:
    """Check everything that files need, for a deployment that keeps files."""
    settings = storage_settings(config)
    yield from _check_bucket(config, settings)
    name = f"doctor/{secrets.token_hex(16)}"
    upload = upload_url(
        settings, name, size=len(_CONTENT), content_type=_TYPE, seconds=UPLOAD_SECONDS
    )
    with (
        closing(Storage(settings)) as storage,
        httpx.Client(timeout=TIMEOUT_SECONDS, headers={"Origin": config.site_url}) as browser,
    ):
        try:
            sent = browser.request(
                upload.method, upload.url, content=_CONTENT, headers=upload.headers
            )
            yield _check_object(storage, name, sent)
            yield _check_forbidden_header(settings, storage, browser, upload, name)
            yield _check_cors(config, browser, upload, sent)
        except (StorageUnavailableError, NoSuchObjectError, httpx.HTTPError):
            yield Finding(
                "WRONG",
                f"The bucket {settings.bucket} cannot be written, read and cleared at"
                f" {settings.endpoint}.",
                "Compare STORAGE_S3_ENDPOINT, STORAGE_S3_REGION, STORAGE_S3_ACCESS_KEY_ID and"
                " STORAGE_S3_SECRET_ACCESS_KEY with Supabase > Storage > Settings > S3.",
            )


def _check_bucket(config: Settings, storage: StorageSettings) -> Iterator[Finding]:
    """Make the bucket if it is missing, and check how it is set up."""
    name = storage.bucket
    try:
        bucket = read_bucket(config)
        if bucket is None:
            make_bucket(config)
            yield Finding("ok", f"The private bucket {name} did not exist. It was made.")
            return
    except StorageUnavailableError:
        yield Finding(
            "WRONG",
            f"{config.supabase_url}/storage/v1 could not make or describe the bucket {name}.",
            "Compare SUPABASE_SECRET_KEY with Supabase > Settings > API keys, and"
            " STORAGE_MAX_FILE_MB with Storage > Settings > Global file size limit.",
        )
        return
    edit = f"Supabase > Storage > {name} > Edit bucket:"
    is_right = True
    if bucket.public:
        is_right = False
        yield Finding(
            "WRONG",
            f"The bucket {name} is public: anybody can read a file whose name they know.",
            f"{edit} switch off Public bucket.",
        )
    limit = bucket.file_size_limit
    if limit is not None and limit < storage.max_file_bytes:
        is_right = False
        yield Finding(
            "WRONG",
            f"The bucket {name} accepts {limit:,} bytes a file, STORAGE_MAX_FILE_MB allows"
            f" {storage.max_file_bytes:,}.",
            f"{edit} raise the file size limit, or lower STORAGE_MAX_FILE_MB.",
        )
    if refused := _refused_types(bucket.allowed_mime_types):
        is_right = False
        yield Finding(
            "WRONG",
            f"The bucket {name} refuses types of ours: {', '.join(refused)}.",
            f"{edit} remove the list of allowed types.",
        )
    if is_right:
        yield Finding("ok", f"The bucket {name} is private and accepts our files.")


def _refused_types(allowed: list[str] | None) -> list[str]:
    """Return the types of ours that Supabase refuses by this list. It compares them as text."""
    uploads = [name for kind in KINDS.values() for name in kind.types.values()]
    ours = sorted({*uploads, *_RESULT_TYPES})
    if not allowed:
        return []
    return [name for name in ours if not {name, f"{name.partition('/')[0]}/*"} & set(allowed)]


def _check_object(storage: Storage, name: str, sent: httpx.Response) -> Finding:
    """Read, measure and delete the object that was uploaded as a browser does."""
    if not sent.is_success:
        raise StorageUnavailableError
    try:
        is_same = b"".join(storage.read(name)) == _CONTENT and storage.size(name) == len(_CONTENT)
    finally:
        storage.delete(name)
    if is_same and storage.size(name) is None:
        return Finding("ok", "An object was uploaded, read and deleted.")
    return Finding(
        "WRONG",
        "An object was uploaded, but its content was not what was read, or it was not deleted.",
        "Look at Supabase's status page, and run make doctor again.",
    )


def _check_forbidden_header(
    config: StorageSettings, storage: Storage, browser: httpx.Client, upload: Upload, name: str
) -> Finding:
    """Try to make a copy of an object through an upload URL."""
    source = f"{name}-source"
    storage.write(source, _CONTENT, content_type=_TYPE)
    try:
        headers = {**upload.headers, "x-amz-copy-source": f"/{config.bucket}/{source}"}
        copied = browser.request(upload.method, upload.url, content=_CONTENT, headers=headers)
        is_refused = copied.is_error and storage.size(name) is None
    finally:
        storage.delete(source)
        storage.delete(name)
    if is_refused:
        return Finding("ok", "An upload URL cannot be turned into a copy of another object.")
    return Finding(
        "WRONG",
        "An upload URL can be turned into a copy of another object: a signed-in person who knows"
        " an object's name can read it.",
        "Remove STORAGE_S3_ACCESS_KEY_ID to switch files off, and report this to Purse.",
    )


def _check_cors(
    config: Settings, browser: httpx.Client, upload: Upload, sent: httpx.Response
) -> Finding:
    """Send the preflight that a browser sends before an upload; say what it would do then."""
    asked = {
        "Access-Control-Request-Method": upload.method,
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = browser.options(upload.url, headers=asked)
    faults = [
        *_preflight_faults(preflight, config.site_url),
        # Without this header a browser reports an upload that succeeded as failed.
        *_origin_faults("PUT", sent, config.site_url),
    ]
    if not faults:
        return Finding("ok", f"A browser on {config.site_url} may upload to the storage (CORS).")
    return Finding(
        "WRONG",
        f"A browser on {config.site_url} refuses to upload to the storage (CORS).",
        "The gateway in front of the storage has to answer with these headers. If it is Supabase's,"
        " ask Supabase's support; if it is yours, add them.",
        faults,
    )


def _preflight_faults(preflight: httpx.Response, origin: str) -> Iterator[str]:
    if not preflight.is_success:
        yield f"OPTIONS answers {preflight.status_code}, a browser needs 2xx."
    yield from _origin_faults("OPTIONS", preflight, origin)
    for header, needed in (
        ("Access-Control-Allow-Methods", "put"),
        ("Access-Control-Allow-Headers", "content-type"),
    ):
        listed = [entry.strip().lower() for entry in preflight.headers.get(header, "").split(",")]
        if not {needed, "*"} & set(listed):
            yield f"OPTIONS answers without {needed} in {header}."


def _origin_faults(method: str, answer: httpx.Response, origin: str) -> Iterator[str]:
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    if allowed not in {"*", origin}:
        yield f"{method} answers with Access-Control-Allow-Origin {allowed or 'missing'}."
