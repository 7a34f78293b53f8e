import random
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import pytest
import tiktoken
import tiktoken.model

from costproxy.tokens import encodings as module
from costproxy.tokens.encodings import EncodingChoice, Encodings, VocabularyError, encoding_name

SHIPPED = {"o200k_base": "o200k_base", "o200k_harmony": "o200k_base", "cl100k_base": "cl100k_base"}
TEXTS = (
    "hello world",
    "I'll say: WE'VE seen İstanbul's HTTPServer2Go, they'd said.\r\n\r\n\tNo  way —   \n x",
    "def f(x):\n        return {'a': [1234567, 0x1F]}  # trailing   \n\n\n",
    "日本語のテキスト、한국어, العربية, हिन्दी, ไทย, עברית",
    "👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 \u00a0\u2003 \u200b \ufeff \0 \x1b[0m",
    "<|endoftext|><|im_start|>user<|fim_prefix|>",
    "https://example.com/a/b?c=d&e=%20#f ==== ////\n////",
)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4o", "o200k_base"),
        ("gpt-4o-2024-08-06", "o200k_base"),
        ("gpt-4o-audio-preview", "o200k_base"),
        ("gpt-4.1-mini-2025-04-14", "o200k_base"),
        ("gpt-4.5-preview", "o200k_base"),
        ("chatgpt-4o-latest", "o200k_base"),
        ("gpt-5", "o200k_base"),
        ("gpt-5-nano-2025-08-07", "o200k_base"),
        ("gpt-5.2-2025-12-11", "o200k_base"),
        ("o1", "o200k_base"),
        ("o3-mini", "o200k_base"),
        ("o4-mini-2025-04-16", "o200k_base"),
        ("gpt-oss:20b", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo-2024-04-09", "cl100k_base"),
        ("gpt-3.5-turbo-0125", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("text-embedding-3-small", "cl100k_base"),
        ("openai/gpt-4o", "o200k_base"),
        ("openai/gpt-4", "cl100k_base"),
        ("openrouter/openai/gpt-4o-mini:free", "o200k_base"),
        ("openai/gpt-oss-120b", "o200k_base"),
        ("@cf/openai/gpt-oss-120b", "o200k_base"),
        ("accounts/fireworks/models/gpt-oss-20b", "o200k_base"),
        ("openai.gpt-5.6-luna", "o200k_base"),
        ("us.openai.gpt-oss-120b-1:0", "o200k_base"),
        ("azure/gpt-35-turbo", "cl100k_base"),
        ("ft:gpt-4o-mini-2024-07-18:acme::x", "o200k_base"),
        ("ft:gpt-3.5-turbo-0125:acme:a/b:x", "cl100k_base"),
        ("openai/ft:gpt-4.1-2025-04-14:sierra:tau2:Bzr", "o200k_base"),
        ("gpt-4o-mini-2024-07-18.ft-0e208cf33a6a466994aff31a08aba678", "o200k_base"),
    ],
)
def test_a_model_of_openai_counts_with_its_own_vocabulary(model: str, name: str) -> None:
    assert encoding_name(model) == EncodingChoice(name=name, known=True)


@pytest.mark.parametrize(
    "model",
    [
        "",
        "gpt-6-sol",
        "gpt-4.7",
        "gpt-40",
        "o11",
        "claude-sonnet-5",
        "anthropic/claude-haiku-4.5",
        "grok-3",
        "meta-llama/Llama-3.3-70B-Instruct",
        "my-deployment",
        "my-gpt-4",
        "text-davinci-003",
        "gpt-\ud800",
        "../../etc/passwd",
        "o200k_base\n",
        "::::://///",
        "openai/",
        "g" * 100_000,
        "/" * 100_000,
        ":" * 100_000,
    ],
    ids=lambda model: ascii(model[:40]),
)
def test_any_other_name_counts_with_o200k_and_says_that_it_stands_in(model: str) -> None:
    assert encoding_name(model) == EncodingChoice(name="o200k_base", known=False)


@pytest.mark.parametrize(
    ("model", "name"), [("acme/gpt-4-clone", "cl100k_base"), ("somebody/o1-reproduction", "o200k_base")]
)
def test_a_familiar_name_behind_an_unfamiliar_vendor_is_only_a_stand_in(model: str, name: str) -> None:
    assert encoding_name(model) == EncodingChoice(name=name, known=False)


@pytest.mark.parametrize("model", tiktoken.model.MODEL_TO_ENCODING)
def test_the_table_agrees_with_the_installed_tiktoken_on_models(model: str) -> None:
    name = SHIPPED.get(tiktoken.model.MODEL_TO_ENCODING[model])
    expected = EncodingChoice(name=name or "o200k_base", known=name is not None)
    assert encoding_name(model) == expected


@pytest.mark.parametrize("prefix", tiktoken.model.MODEL_PREFIX_TO_ENCODING)
def test_the_table_agrees_with_the_installed_tiktoken_on_families(prefix: str) -> None:
    model = f"{prefix.removesuffix('-')}-2031-01-01"
    name = SHIPPED[tiktoken.model.MODEL_PREFIX_TO_ENCODING[prefix]]
    assert encoding_name(model) == EncodingChoice(name=name, known=True)


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
def test_an_encoder_gives_the_tokens_that_tiktoken_gives(
    name: str, encodings: Encodings, stock_encodings: Mapping[str, tiktoken.Encoding]
) -> None:
    ours, theirs = encodings.get(name), stock_encodings[name]
    noise = random.Random(1)
    texts = [*TEXTS, *("".join(noise.choices("".join(TEXTS), k=2_000)) for _ in range(20))]
    assert [ours.encode_ordinary(text) for text in texts] == [theirs.encode_ordinary(text) for text in texts]


def test_nothing_is_built_before_its_first_use() -> None:
    encodings = Encodings()
    assert encodings.built("cl100k_base") is None
    encodings.get("cl100k_base")
    assert encodings.built("cl100k_base") is not None
    assert repr(encodings) == "<Encodings built=['cl100k_base']>"


def test_threads_that_want_an_encoder_at_once_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []

    def packed(name: str) -> bytes:
        reads.append(name)
        return (resources.files("costproxy.tokens") / "vocabulary" / f"{name}.xz").read_bytes()

    monkeypatch.setattr(module, "_packed", packed)
    encodings, together = Encodings(), threading.Barrier(4, timeout=30)

    def get(_: int) -> int:
        together.wait()
        return id(encodings.get("cl100k_base"))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(get, range(4)))) == 1
    assert reads == ["cl100k_base"]


def test_a_damaged_vocabulary_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_packed", lambda name: b"damaged")
    with pytest.raises(VocabularyError, match=r"vocabulary/o200k_base\.xz: .*expected the packaged file"):
        Encodings().get("o200k_base")


@pytest.mark.parametrize("name", ["p50k_base", "", "../LICENSE"])
def test_a_vocabulary_that_is_not_shipped_is_refused(name: str) -> None:
    with pytest.raises(VocabularyError, match="expected one of"):
        Encodings().get(name)
