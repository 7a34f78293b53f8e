import asyncio
import base64
import random
import string
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from costproxy.tokens.counting import CAP_CHARS, SLICE_CHARS, Gap, UncountedError, count
from costproxy.tokens.encodings import Encodings

NAMES = ("o200k_base", "cl100k_base")
WORST_CUT = 8  # tokens by which a cut with no space near it may move a count; 6 were seen


class Broken:
    """An encoder that fails as told."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def encode_ordinary(self, text: str, /) -> Sequence[int]:
        raise self.error


class PanicError(BaseException):
    """Like pyo3's PanicException: no Exception."""


def long_texts() -> dict[str, str]:
    """Texts of several slices each."""
    source = random.Random(7)
    code = "".join(path.read_text("utf-8") for path in sorted(Path(asyncio.__file__).parent.glob("*.py")))
    words = ["".join(source.choices(string.ascii_lowercase, k=source.randint(1, 12))) for _ in range(2_000)]
    return {
        "code": code[: 4 * SLICE_CHARS],
        "prose": " ".join(source.choices(words, k=40_000)),
        "logs": "".join(f"2031-05-06T07:08:09Z  WARN [{i}] id={i * i:x}\n" for i in range(4_000)),
        "base64": base64.b64encode(source.randbytes(150_000)).decode(),
        "one word": "".join(source.choices(string.ascii_lowercase, k=200_000)),
        "digits": "".join(source.choices(string.digits, k=200_000)),
        "letter": "a" * 200_000,
        "spaces": " " * 200_000,
        "lines": "\n" * 200_000,
        "rule": "=" * 200_000,
        "han": "".join(chr(source.randrange(0x4E00, 0x9FFF)) for _ in range(140_000)),
        "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 15_000,
    }


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        # published by tiktoken and the OpenAI cookbook
        ("cl100k_base", "hello world", 2),
        ("o200k_base", "hello world", 2),
        ("cl100k_base", "tiktoken is great!", 6),
        ("cl100k_base", "antidisestablishmentarianism", 6),
        ("cl100k_base", "2 + 2 = 4", 7),
        ("cl100k_base", "お誕生日おめでとう", 9),
        ("o200k_base", "antidisestablishmentarianism", 6),
        ("o200k_base", "2 + 2 = 4", 7),
        ("o200k_base", "お誕生日おめでとう", 8),
        # billed: recorded prompt_tokens less 3 for the message, 1 for its role, 3 (gpt-5: 2) for the reply
        ("o200k_base", "Say this is a test", 12 - 7),
        ("o200k_base", "What is 5 + 3?", 14 - 6),
        ("cl100k_base", "When do you use 'whom' instead of 'who'?", 20 - 7),
        ("cl100k_base", "write 10 lines of random text about $colorful socks", 19 - 7),
        # billed: a recorded reply that was cut at max_tokens = 20
        (
            "cl100k_base",
            "I'm sorry, as an AI language model, I do not have real-time information. Please check",
            20,
        ),
        ("o200k_base", "", 0),
        ("cl100k_base", "", 0),
    ],
)
def test_a_count_is_what_is_published_or_billed(name: str, text: str, tokens: int, encodings: Encodings) -> None:
    assert count(encodings.get(name), text) == tokens


def test_tiktokens_published_example_has_its_published_tokens(encodings: Encodings) -> None:
    tokens = encodings.get("cl100k_base").encode_ordinary("tiktoken is great!")
    assert tokens == [83, 1609, 5963, 374, 2294, 0]


@pytest.mark.parametrize("role", ["system", "user", "assistant", "developer", "tool"])
@pytest.mark.parametrize("name", NAMES)
def test_a_role_is_one_token(name: str, role: str, encodings: Encodings) -> None:
    assert count(encodings.get(name), role) == 1


@pytest.mark.parametrize("name", NAMES)
def test_slices_of_words_agree_with_the_whole_exactly(name: str, encodings: Encodings) -> None:
    encoder, texts = encodings.get(name), long_texts()
    for kind in ("prose", "code", "logs"):
        assert count(encoder, texts[kind]) == len(encoder.encode_ordinary(texts[kind])), kind


@pytest.mark.parametrize("name", NAMES)
def test_slices_without_spaces_agree_with_the_whole_but_for_the_cuts(name: str, encodings: Encodings) -> None:
    encoder = encodings.get(name)
    for kind, text in long_texts().items():
        cuts = (len(text) - 1) // SLICE_CHARS
        assert cuts > 0, kind
        whole = len(encoder.encode_ordinary(text))
        assert abs(count(encoder, text) - whole) <= WORST_CUT * cuts, kind


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "before", ["word", "don't", "(", "x1", "9", "...", "\x1f", "\u00e9", "中", "\u200d", "/"], ids=ascii
)
@pytest.mark.parametrize("after", ["word", "'s", ")", "1", "//", "\x00", "\u0301", "中", "👩", "_"], ids=ascii)
def test_no_token_reaches_across_a_single_space(name: str, before: str, after: str, encodings: Encodings) -> None:
    encoder = encodings.get(name)
    apart = [*encoder.encode_ordinary(before), *encoder.encode_ordinary(f" {after}")]
    assert encoder.encode_ordinary(f"{before} {after}") == apart


@pytest.mark.parametrize("name", NAMES)
def test_a_text_of_one_slice_is_counted_whole(name: str, encodings: Encodings) -> None:
    encoder, text = encodings.get(name), long_texts()["code"][:SLICE_CHARS]
    assert count(encoder, text) == len(encoder.encode_ordinary(text))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("run", [" ", "\t ", "a", "=", "\n", "\ud800"], ids=ascii)
def test_a_million_of_the_same_is_counted_in_bounded_time(name: str, run: str, encodings: Encodings) -> None:
    encoder, text = encodings.get(name), run * (1_000_000 // len(run))
    began = time.perf_counter()
    assert count(encoder, text) > 1_000
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize("name", NAMES)
def test_the_spelling_of_a_special_token_is_ordinary_text(name: str, encodings: Encodings) -> None:
    assert count(encodings.get(name), "<|endoftext|>") > 1


@pytest.mark.parametrize("text", ["\ud83d", "a\udc00b", "\ud83d\ude00", "\ud800" * 70_000], ids=ascii)
def test_a_surrogate_counts_as_a_replacement_character(text: str, encodings: Encodings) -> None:
    encoder = encodings.get("o200k_base")
    replaced = "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
    assert count(encoder, text) == count(encoder, replaced)


def test_a_text_at_the_cap_is_counted_and_one_beyond_it_is_not(encodings: Encodings) -> None:
    encoder = encodings.get("o200k_base")
    assert count(encoder, "word " * 20, cap=100) > 0
    with pytest.raises(UncountedError) as refused:
        count(encoder, "word " * 20 + "!", cap=100)
    assert refused.value.gap is Gap.TOO_LONG


def test_a_text_beyond_the_cap_is_not_even_begun() -> None:
    with pytest.raises(UncountedError) as refused:
        count(Broken(AssertionError("encoded")), "x" * (CAP_CHARS + 1))
    assert refused.value.gap is Gap.TOO_LONG


@pytest.mark.parametrize("error", [PanicError("stack overflow"), ValueError("no"), MemoryError()], ids=repr)
def test_a_failure_of_the_encoder_is_a_gap(error: BaseException) -> None:
    with pytest.raises(UncountedError, match="encoder") as failed:
        count(Broken(error), "text")
    assert failed.value.gap is Gap.ENCODER
    assert failed.value.__cause__ is error


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_what_must_end_the_program_or_the_task_passes(kind: Callable[[], BaseException]) -> None:
    error = kind()
    with pytest.raises(type(error)) as passed:
        count(Broken(error), "text")
    assert passed.value is error


def test_a_count_can_be_given_up_between_slices(encodings: Encodings) -> None:
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) == 3

    with pytest.raises(UncountedError) as stopped:
        count(encodings.get("o200k_base"), "word " * SLICE_CHARS, stop=stop)
    assert stopped.value.gap is Gap.CLOSED
    assert len(asked) == 3
