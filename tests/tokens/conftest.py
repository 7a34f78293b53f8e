import base64
import hashlib
import socket
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import tiktoken
import tiktoken_ext.openai_public as stock

from costproxy.tokens.encodings import Encodings
from costproxy.tokens.ranks import unpack


@pytest.fixture(scope="session")
def encodings() -> Encodings:
    return Encodings()


@pytest.fixture(scope="session")
def originals() -> Mapping[str, bytes]:
    """The published `.tiktoken` files, rebuilt from what the package ships."""
    folder = resources.files("costproxy.tokens") / "vocabulary"
    files = {}
    for name in ("o200k_base", "cl100k_base"):
        ranks = unpack((folder / f"{name}.xz").read_bytes())
        lines = (f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in ranks.items())
        files[name] = "".join(lines).encode()
    return MappingProxyType(files)


@pytest.fixture(scope="session")
def stock_encodings(
    originals: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tiktoken.Encoding]:
    """tiktoken's own encodings, read by its own loader, which checks the hash it expects of each file."""
    cache = tmp_path_factory.mktemp("tiktoken")
    for name, content in originals.items():
        _cache_file(cache, name).write_bytes(content)
    constructors: Mapping[str, Callable[[], dict[str, Any]]] = stock.ENCODING_CONSTRUCTORS
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(cache))
        patch.setattr(socket, "getaddrinfo", _no_network)
        return {name: tiktoken.Encoding(**constructors[name]()) for name in originals}


def _cache_file(cache: Path, name: str) -> Path:
    url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
    return cache / hashlib.sha1(url.encode()).hexdigest()


def _no_network(*args: object, **kwargs: object) -> None:
    raise OSError(f"the network was asked for {args}")
