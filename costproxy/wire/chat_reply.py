"""Chat replies: one whole document, or a stream of chunks folded into the same facts."""

from collections.abc import Mapping
from typing import Any

from costproxy.errors import WireError
from costproxy.model import ChatReply, ReplyError
from costproxy.wire import errors, jsontext
from costproxy.wire.seen import SeenCollector
from costproxy.wire.usage import UsageMerge, is_blank, normal_form

_DONE = b"[DONE]"


class ChatFolder:
    """Fold the payloads of a chat stream, or its one document, into a `ChatReply`.

    Last non-null values win. Nothing raises: what cannot be read is passed over and counted in `unread`.
    """

    __slots__ = (
        "_error",
        "_finish",
        "_first_at",
        "_id",
        "_last_at",
        "_model",
        "_seen",
        "_tier",
        "_usage",
        "done",
        "streamed",
        "unread",
    )

    def __init__(self) -> None:
        self._id: str | None = None
        self._model: str | None = None
        self._finish: dict[int, str] = {}
        self._usage = UsageMerge()
        self._error: ReplyError | None = None
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._tier: str | None = None
        self._seen = SeenCollector()
        self.done = False
        self.streamed = False
        self.unread = 0

    def __repr__(self) -> str:
        return f"<ChatFolder model={self._model!r} done={self.done} finish={self._finish}>"

    def event(self, payload: bytes, at: float) -> None:
        """Take in the data of one event that arrived `at` (monotonic seconds)."""
        self.streamed = True
        if payload.strip() == _DONE:
            self.done = True
            return
        try:
            chunk = jsontext.decode_object(payload)
        except WireError:
            self.unread += 1
            return
        if self._take(chunk):
            self._first_at = at if self._first_at is None else self._first_at
            self._last_at = at

    def document(self, body: bytes, status: int) -> None:
        """Take in a whole reply body with the status it came with."""
        if status >= 400:
            self._error = errors.read(body, status)
            return
        try:
            document = jsontext.decode_object(body.lstrip())
        except WireError:
            self.unread += 1
            return
        self._take(document)
        self.done = self._error is None and ("choices" in document or "usage" in document)

    def _take(self, chunk: Mapping[str, Any]) -> bool:
        """Take in a chunk or a document; return whether a delta in it brought a generated token."""
        if self._model is None:
            self._model = _text(chunk.get("model"))
        if self._id is None:
            self._id = _text(chunk.get("id"))
        self._tier = _text(chunk.get("service_tier")) or self._tier
        if chunk.get("error"):
            self._error = errors.read_object(chunk)
        if usage := chunk.get("usage"):
            self._usage.add(usage)
        x_groq = chunk.get("x_groq")
        if isinstance(x_groq, dict):
            self._usage.add(x_groq.get("usage"))
        choices = chunk.get("choices")
        some = False
        for position, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, dict) and self._take_choice(choice, position):
                some = True
        return some

    def _take_choice(self, choice: Mapping[str, Any], position: int) -> bool:
        index = choice.get("index")
        if not isinstance(index, int):
            index = position
        reason = choice.get("finish_reason")
        if reason and isinstance(reason, str):
            self._finish[index] = reason
        if usage := choice.get("usage"):
            self._usage.add(usage)
        if self.streamed:
            return self._seen.add(choice, index)
        self._seen.add_whole(choice, index)
        return False

    def result(self, *, dialect: str, asked_model: str | None) -> ChatReply:
        """Return the facts as far as they are in."""
        raw = self._usage.value
        if raw is not None and is_blank(raw):
            raw = None  # zeros beside content or an error count nothing
        model = self._model
        usage = normal_form(raw, dialect=dialect, model=model or asked_model) if raw else None
        return ChatReply(
            model=model,
            finish_reasons=tuple(self._finish[index] for index in sorted(self._finish)),
            usage=usage,
            error=self._error,
            complete=self.done or bool(self._finish and usage),
            first_token_at=self._first_at,
            last_token_at=self._last_at,
            streamed=self.streamed,
            service_tier=self._tier or _text((raw or {}).get("service_tier")),  # xAI and Mistral say it there
            raw_usage=raw if usage else None,
            seen=None if usage else self._seen.value(),
            id=self._id,
            messages=self._seen.messages(self._finish, done=self.done and self._error is None),
        )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
