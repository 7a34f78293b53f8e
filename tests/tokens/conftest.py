import base64
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

import pytest
import tiktoken
import tiktoken.load
import tiktoken_ext.openai_public as stock

from costproxy.tokens.counter import TokenCounter
from costproxy.tokens.encodings import Encodings
from costproxy.tokens.image_table import ImageTable, packaged_images
from costproxy.tokens.part_cache import PartCache
from costproxy.tokens.prompt import PromptReader
from costproxy.tokens.prompt_counter import PromptCounter
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
    """tiktoken's own encodings: it gets our files where it would download, and checks the hash it expects."""

    def download(address: str) -> bytes:
        return originals[address.rpartition("/")[2].removesuffix(".tiktoken")]

    constructors: Mapping[str, Callable[[], dict[str, Any]]] = stock.ENCODING_CONSTRUCTORS
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path_factory.mktemp("tiktoken")))
        patch.setattr(tiktoken.load, "read_file", download)
        return {name: tiktoken.Encoding(**constructors[name]()) for name in originals}


@pytest.fixture(scope="session")
def images() -> ImageTable:
    return packaged_images()


@pytest.fixture(scope="session")
def token_counter() -> Iterator[TokenCounter]:
    counter = TokenCounter()
    yield counter
    counter.close()


@pytest.fixture
def prompts(token_counter: TokenCounter, images: ImageTable) -> PromptCounter:
    """Counts prompts, with an empty memory."""
    return PromptCounter(counter=token_counter, reader=PromptReader(images=images), cache=PartCache(secret=b"s" * 16))
