"""nginx with HTTP/2, TLS and gzip before one build of the site, as a deployment's edge would be."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
import shutil
import socket
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.built import LOOPBACK
from tests.support import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# One process: as root its workers would be another user, who cannot write into our folder.
CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  gzip on;
  gzip_proxied any;
  gzip_min_length 256;
  gzip_types text/css text/javascript application/javascript application/json image/svg+xml;
  large_client_header_buffers 4 20k;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  upstream pages {{ server {pages}; keepalive 64; }}
  upstream functions {{ server {functions}; keepalive 64; }}
  server {{
    listen {address} ssl http2;
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    location / {{ proxy_pass http://pages; }}
    location /api/ {{ proxy_pass http://functions; }}
  }}
}}
"""


def make_certificate(folder: Path) -> str:
    """Write a certificate for this machine and its key.

    Returns:
        The hash of its public key, by which Chromium may be told to trust it. An error that is
        merely ignored would switch the browser's cache off.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, LOOPBACK)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


@contextmanager
def front(folder: Path, port: int, *, pages: str, functions: str) -> Iterator[str]:
    """Run nginx with the certificate in the folder; yield the address of the site.

    Args:
        folder: Where the certificate is; nginx writes there.
        port: Where it listens.
        pages: Host and port of the server of the static files.
        functions: Host and port of the site that answers /api.

    Raises:
        RuntimeError: It did not come up.
    """
    own = folder / str(port)
    own.mkdir()
    for name in ("certificate.pem", "key.pem"):
        shutil.copy(folder / name, own)
    configuration = own / "nginx.conf"
    address = f"{LOOPBACK}:{port}"
    configuration.write_text(
        CONFIGURATION.format(folder=own, pages=pages, functions=functions, address=address)
    )
    # Debian keeps it where only root's PATH leads.
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen(
        [program, "-p", str(own), "-c", str(configuration), "-e", str(own / "error.log")]
    )
    try:
        _wait_until_it_listens(process, port, own)
        yield f"https://{address}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    def listens() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"nginx did not start: {(folder / 'error.log').read_text()}")
        with closing(socket.socket()) as probe:
            return probe.connect_ex((LOOPBACK, port)) == 0

    until(listens, "nginx to listen")
