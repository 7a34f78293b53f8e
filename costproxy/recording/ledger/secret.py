"""The secret that keys all digests: kept, so that a conversation is recognised after a restart."""

import os
import secrets
from hashlib import blake2b
from pathlib import Path

_SIZE = 32  # bytes


def keep_secret(path: Path) -> bytes:
    """Return the secret in a file that its owner alone can read; a new one where there is none, or a broken one.

    Raises:
        OSError: it can be neither read nor written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = b""
    if len(found) == _SIZE:
        path.chmod(0o600)
        return found
    return _new(path)


def fingerprint(secret: bytes) -> str:
    """Return what tells one secret from another, and nothing else of it."""
    return blake2b(secret, digest_size=16, person=b"costproxy ledger").hexdigest()


def _new(path: Path) -> bytes:
    """Write a new secret beside its place and move it there: another process never reads half of one."""
    secret = secrets.token_bytes(_SIZE)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secret)
        os.fsync(handle)
    finally:
        os.close(handle)
    beside.replace(path)
    return path.read_bytes()
