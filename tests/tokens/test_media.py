"""Pictures and recordings are counted from their first bytes; all sizes and bills are worked examples."""

import base64
import io
import struct
import time
import wave
from datetime import date
from decimal import Decimal

import pytest

from costproxy.tokens.audio import audio_tokens
from costproxy.tokens.image_table import ImageRow, ImageTable
from costproxy.tokens.payload import Payload, payload_of
from costproxy.tokens.picture_size import Size, size_of
from costproxy.tokens.prompt_counter import PromptCounter


def png(width: int, height: int, more: bytes = b"") -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0" + more


def jpeg(width: int, height: int, *, before: int = 40_000) -> bytes:
    picture = b"\xff\xd8\xff\xe0\0\x10JFIF" + b"\0" * 10
    for _ in range(3):
        picture += b"\xff\xe1" + struct.pack(">H", before) + b"e" * (before - 2)
    return picture + b"\xff\xff\xc2\0\x11\x08" + struct.pack(">HH", height, width) + b"\x03" * 20


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0" * 20


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + body + b"\0" * 20


def wav(seconds: float, *, open_ended: bool = False) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * int(seconds * 8000))
    data = file.getvalue()
    return data.replace(b"data" + data[40:44], b"data\xff\xff\xff\xff") if open_ended else data


def payload(data: bytes) -> Payload:
    return Payload(text=base64.b64encode(data).decode())


def url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "data",
    [
        png(300, 200),
        jpeg(300, 200),
        gif(300, 200),
        webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 300, 200)),
        webp(b"VP8L", b"\x2f" + struct.pack("<I", 299 | 199 << 14)),
        webp(b"VP8X", b"\0\0\0\0" + (299).to_bytes(3, "little") + (199).to_bytes(3, "little")),
    ],
    ids=["png", "jpeg", "gif", "webp lossy", "webp lossless", "webp extended"],
)
def test_a_pictures_size_is_in_its_first_bytes(data: bytes) -> None:
    assert size_of(payload(data)) == Size(width=300, height=200)


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", png(0, 5), b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\0" * 9, b"\xff\xd8" + b"\xff" * 9999, b"BM" * 40],
)
def test_what_is_no_picture_has_no_size(data: bytes) -> None:
    assert size_of(payload(data)) is None


def test_a_payload_reads_the_same_bytes_anywhere() -> None:
    data = bytes(range(250))
    whole = payload_of("data:;base64," + base64.b64encode(data).decode())
    assert whole is not None
    assert len(whole) == 250
    assert all(whole.read(at, size) == data[at : at + size] for at in range(255) for size in (0, 1, 2, 3, 9))
    assert Payload(text="no base64 at all!").read(0, 9) == b""
    assert payload_of("https://example.com/a.png") is None


@pytest.mark.parametrize(
    ("model", "size", "counted", "billed"),
    [
        ("gpt-4o", (3008, 2000), 1105, 1105),
        ("gpt-4.1", (800, 400), 425, 425),
        ("gpt-4o-mini", (1, 1), 8500, 8500),
        ("gpt-4.1-nano", (540, 360), 502, 503),
        ("gpt-5-mini-2025-08-07", (597, 566), 410, 413),
        ("gpt-5-mini", (400, 301), 156, 158),
        ("gpt-5-nano-2025-08-07", (128, 128), 24, 25),
    ],
)
def test_pictures_cost_what_was_billed_but_for_a_few_tokens(
    images: ImageTable, model: str, size: tuple[int, int], counted: int, billed: int
) -> None:
    row = images.row(model)
    assert row is not None
    assert row.tokens(Size(width=size[0], height=size[1]), low=False) == counted
    assert abs(billed - counted) <= 5


@pytest.mark.parametrize(
    ("model", "low", "one_tile"),
    [("gpt-5", 70, 210), ("gpt-5.1", 70, 210), ("o1", 75, 225), ("o3", 75, 225), ("computer-use-preview", 65, 194)],
)
def test_low_detail_costs_the_base(images: ImageTable, model: str, low: int, one_tile: int) -> None:
    row = images.row(model)
    assert row is not None
    assert [row.tokens(Size(width=400, height=400), low=detail) for detail in (True, False)] == [low, one_tile]


@pytest.mark.parametrize(
    ("model", "most"),
    [("gpt-5.2", 1536), ("gpt-5.4", 2500), ("gpt-4.1-mini", 2488), ("o4-mini", 2642), ("gpt-5.4-nano", 3779)],
)
def test_a_large_picture_is_shrunk_to_the_budget(images: ImageTable, model: str, most: int) -> None:
    row = images.row(model)
    assert row is not None
    assert 0.9 * most < row.tokens(Size(width=1800, height=2400), low=False) <= most  # 33 x 44 of 1536 patches
    assert row.tokens(Size(width=60_000, height=1), low=False) <= most


@pytest.mark.parametrize(("model", "most"), [("anthropic/claude-sonnet-4-5", 1568), ("claude-opus-4-7", 4784)])
def test_claude_caps_its_pictures(images: ImageTable, model: str, most: int) -> None:
    row = images.row(model)
    assert row is not None
    assert row.tokens(Size(width=280, height=56), low=False) == 20
    assert 0.95 * most < row.tokens(Size(width=8000, height=6000), low=False) <= most


def test_a_changed_price_of_pictures_does_not_change_the_past() -> None:
    new, old = (
        ImageRow(model="some-model", since=since, scheme="patch", each=Decimal(each), source="made up")
        for since, each in ((date(2026, 5, 11), "1.2"), (date(2025, 8, 7), "1.62"))
    )
    table = ImageTable([old, new])
    days = (date(2020, 1, 1), date(2026, 5, 10), date(2026, 5, 11), None)
    assert [table.row("some-model-2026", at=day) for day in days] == [old, old, new, new]


def test_a_model_that_is_not_in_the_table_has_no_row(images: ImageTable) -> None:
    assert images.row("llama-4") is None


def test_seven_seconds_of_sound_are_ten_tokens_each_begun_ones_left_out() -> None:
    assert audio_tokens(payload(wav(6.96))) == 69
    assert audio_tokens(payload(wav(6.96, open_ended=True))) == 69


@pytest.mark.parametrize("data", [b"", b"ID3" * 50, b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEdata\xff\0\0\0" + b"\0" * 9])
def test_sound_of_unknown_length_is_not_counted(data: bytes) -> None:
    assert audio_tokens(payload(data)) is None


def test_pictures_and_sound_are_part_of_a_prompt(prompts: PromptCounter) -> None:
    def count(item: dict[str, object], model: str = "gpt-4o") -> tuple[int, int, int]:
        text = {"type": "text", "text": "hello"}
        counted = prompts.count_waiting({"messages": [{"role": "user", "content": [text, item]}]}, model)
        return counted.tokens - 8, counted.media, counted.uncounted

    picture = url(png(800, 400))
    sound = base64.b64encode(wav(6.96)).decode()
    assert count({"type": "image_url", "image_url": {"url": picture}}) == (425, 1, 0)
    assert count({"type": "image_url", "image_url": {"url": picture, "detail": "low"}}) == (85, 1, 0)
    assert count({"type": "input_image", "image_url": picture}) == (425, 1, 0)
    assert count({"type": "image", "source": {"type": "base64", "data": picture[22:]}}) == (425, 1, 0)
    assert count({"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}}) == (69, 1, 0)
    assert count({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}) == (0, 0, 1)
    assert count({"type": "input_image", "file_id": "file_1"}) == (0, 0, 1)
    assert count({"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}}) == (0, 0, 1)
    assert count({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE"}}) == (0, 0, 1)
    assert count({"type": "something new", "data": "x" * 1000}) == (0, 0, 1)
    assert count({"type": "image_url", "image_url": {"url": picture}}, "nobody/knows-me") == (0, 0, 1)


def test_ten_megabytes_of_picture_change_the_count_by_its_size_alone_and_take_no_time(prompts: PromptCounter) -> None:
    prompts.count_waiting({"messages": [{"role": "user", "content": "warm up"}]}, "gpt-4o")

    def request(more: bytes) -> dict[str, object]:
        picture = {"type": "image_url", "image_url": {"url": url(png(800, 400, more))}}
        return {"messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}, picture]}]}

    small, large = request(b""), request(b"x" * 10_000_000)
    started = time.perf_counter()
    counted = prompts.count_waiting(large, "gpt-4o")
    assert time.perf_counter() - started < 0.05
    assert counted == prompts.count_waiting(small, "gpt-4o")
