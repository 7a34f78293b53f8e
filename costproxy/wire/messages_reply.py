"""Replies of the Messages API: one whole document, or a stream of events folded into the same facts.

Source: docs.anthropic.com, streaming and stop reasons; recorded replies (2026-06).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from costproxy.errors import WireError
from costproxy.model import ChatReply, ReplyError
from costproxy.wire import errors, jsontext, messages_usage
from costproxy.wire.reply_blocks import Kind, ReplyBlocks, json_text
from costproxy.wire.usage import UsageMerge

# Why it stopped, in the words of chat completions; others stay as they are.
STOP_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "refusal": "content_filter",
    }
)
# Blocks of a reply, and where their text stands; results of tools were not generated.
_KINDS = MappingProxyType(
    {
        "text": (Kind.TEXT, "text"),
        "thinking": (Kind.ASIDE, "thinking"),
        "compaction": (Kind.ASIDE, "content"),
        "tool_use": (Kind.CALL, "input"),
        "server_tool_use": (Kind.HOSTED, "input"),
        "mcp_tool_use": (Kind.HOSTED, "input"),
    }
)
_DELTAS = MappingProxyType(
    {
        "text_delta": (Kind.TEXT, "text"),
        "thinking_delta": (Kind.ASIDE, "thinking"),
        "compaction_delta": (Kind.ASIDE, "content"),
        "input_json_delta": (Kind.CALL, "partial_json"),
    }
)


class MessagesFolder:
    """Fold the events of a stream, or its one document, into a `ChatReply`.

    Each count of the usage is the last one said: those of `message_delta` are cumulative. Nothing raises: what cannot
    be read is passed over and counted in `unread`.
    """

    __slots__ = (
        "_blocks",
        "_error",
        "_final",
        "_finish",
        "_first_at",
        "_id",
        "_last_at",
        "_model",
        "_usage",
        "done",
        "streamed",
        "unread",
    )

    def __init__(self) -> None:
        self._id: str | None = None
        self._model: str | None = None
        self._finish: str | None = None
        self._usage = UsageMerge()
        self._final = False  # the usage has what was generated: what a stream begins with has not
        self._error: ReplyError | None = None
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._blocks = ReplyBlocks(no_arguments="{}")
        self.done = False
        self.streamed = False
        self.unread = 0

    def __repr__(self) -> str:
        return f"<MessagesFolder model={self._model!r} done={self.done} finish={self._finish}>"

    def event(self, payload: bytes, at: float) -> None:
        """Take in the data of one event that arrived `at` (monotonic seconds)."""
        self.streamed = True
        try:
            event = jsontext.decode_object(payload)
        except WireError:
            self.unread += 1
            return
        kind = event.get("type")
        if kind == "content_block_delta":
            self._take_delta(event, at)
        elif kind == "content_block_start":
            self._take_block(event.get("index"), event.get("content_block"))
        elif kind == "message_start":
            self._take_message(event.get("message"))
        elif kind == "message_delta":
            self._take_end(event)
        elif kind == "message_stop":
            self.done = True
        elif kind == "error" or event.get("error"):
            self._error = errors.read_object(event)

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
        if document.get("error"):
            self._error = errors.read_object(document)
        self._take_message(document)
        self._final = True
        self.done = self._error is None and ("content" in document or "usage" in document)

    def _take_message(self, message: Any) -> None:
        if not isinstance(message, dict):
            return
        self._id = _text(message.get("id")) or self._id
        self._model = _text(message.get("model")) or self._model
        self._usage.add(message.get("usage"))
        self._take_stop(message.get("stop_reason"))
        blocks = message.get("content")
        for index, block in enumerate(blocks if isinstance(blocks, list) else ()):
            self._take_block(index, block)

    def _take_end(self, event: Mapping[str, Any]) -> None:
        delta, usage = event.get("delta"), event.get("usage")
        if isinstance(delta, dict):
            self._take_stop(delta.get("stop_reason"))
        self._usage.add(usage)
        self._final = self._final or isinstance(usage, dict)

    def _take_stop(self, reason: Any) -> None:
        said = _text(reason)
        if said is not None:
            self._finish = STOP_REASONS.get(said, said)

    def _take_block(self, index: Any, block: Any) -> None:
        if not isinstance(block, dict):
            return
        kind, place = _KINDS.get(_text(block.get("type")) or "", (None, ""))
        if kind is not None:
            self._blocks.open(index, kind, block_id=block.get("id"), name=block.get("name"))
            self._blocks.add(index, kind, json_text(block.get(place)))

    def _take_delta(self, event: Mapping[str, Any], at: float) -> None:
        delta = event.get("delta")
        if not isinstance(delta, dict):
            return
        kind, place = _DELTAS.get(_text(delta.get("type")) or "", (None, ""))
        piece = delta.get(place)
        if kind is not None and isinstance(piece, str) and piece:
            self._blocks.add(event.get("index"), kind, piece)
            self._first_at = at if self._first_at is None else self._first_at
            self._last_at = at

    def result(self, *, dialect: str, asked_model: str | None) -> ChatReply:
        """Return the facts as far as they are in."""
        del dialect  # the shape of the usage is the API's own
        raw = self._usage.value or {}
        model = self._model or asked_model
        usage = messages_usage.normal_form(raw, model=model) if self._final or self.done else None
        complete = self.done or bool(self._finish and usage)
        begun = bool(self._blocks) or self._finish is not None
        return ChatReply(
            id=self._id,
            model=self._model,
            finish_reasons=(self._finish,) if self._finish else (),
            usage=usage,
            error=self._error,
            complete=complete,
            first_token_at=self._first_at,
            last_token_at=self._last_at,
            streamed=self.streamed,
            service_tier=_text(raw.get("service_tier")),
            raw_usage=raw if usage else None,
            seen=None if usage else self._blocks.seen(),
            begun=None if usage else messages_usage.begun(raw, model=model),
            context=messages_usage.context(raw) if usage else None,
            messages=(self._blocks.message(whole=complete and self._error is None),) if begun else (),
        )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
