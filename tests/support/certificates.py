"""Certificates that nobody trusts but who is told to, made for one test."""

import ssl
import subprocess
from pathlib import Path

from tests.support.needs import need


def self_signed(folder: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for these host names; return a server's context with it, and the PEM file to trust."""
    key, certificate = folder / f"{names[0]}.key", folder / f"{names[0]}.pem"
    extensions = (
        "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
        "keyUsage=critical,digitalSignature,keyCertSign",
    )
    command = f"req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2 -subj /CN={names[0]}".split()
    added = [word for extension in extensions for word in ("-addext", extension)]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([need("openssl"), *command, *added, *files], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context, certificate
