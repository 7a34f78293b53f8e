"""Replies of the Responses API: one whole document, or a stream of events folded into the same facts.

Source: the OpenAI OpenAPI file 2.3.0, `Response` and `ResponseStreamEvent`; recorded replies (2026-08).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from costproxy.errors import WireError
from costproxy.model import ChatReply, ReplyError
from costproxy.wire import errors, jsontext
from costproxy.wire.numbers import token_count
from costproxy.wire.reply_blocks import Kind, ReplyBlocks
from costproxy.wire.responses_item import take_item
from costproxy.wire.usage import UsageMerge, normal_form

_DONE = b"[DONE]"  # of routers; the API itself sends none
_LAST_EVENTS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")
_UNDER_WAY = ("queued", "in_progress")
# Events that bring a piece of what is generated. Others of that kind carry output of tools, or sound.
_DELTAS: Mapping[str, Kind] = MappingProxyType(
    {
        "response.output_text.delta": Kind.TEXT,
        "response.refusal.delta": Kind.TEXT,
        "response.reasoning_text.delta": Kind.ASIDE,
        "response.reasoning_summary_text.delta": Kind.ASIDE,
        "response.audio.transcript.delta": Kind.TEXT,
        "response.function_call_arguments.delta": Kind.CALL,
        "response.custom_tool_call_input.delta": Kind.CALL,
        "response.apply_patch_call_operation_diff.delta": Kind.CALL,
        "response.mcp_call_arguments.delta": Kind.HOSTED,
        "response.code_interpreter_call_code.delta": Kind.HOSTED,
        "response.shell_call_command.delta": Kind.HOSTED,
    }
)
# Why it is not whole, in the words of chat completions; others stay as they are.
_CUT_BY: Mapping[str, str] = MappingProxyType(
    {"max_output_tokens": "length", "max_tokens": "length", "content_filter": "content_filter"}
)


class ResponsesFolder:
    """Fold the events of a stream, or its one document, into a `ChatReply`.

    Nothing raises: what cannot be read is passed over and counted in `unread`.
    """

    __slots__ = (
        "_blocks",
        "_cut_by",
        "_error",
        "_first_at",
        "_id",
        "_last_at",
        "_model",
        "_status",
        "_tier",
        "_usage",
        "done",
        "streamed",
        "unread",
    )

    def __init__(self) -> None:
        self._id: str | None = None
        self._model: str | None = None
        self._status: str | None = None
        self._cut_by: str | None = None  # why it is incomplete
        self._tier: str | None = None
        self._usage = UsageMerge()
        self._error: ReplyError | None = None
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._blocks = ReplyBlocks()
        self.done = False
        self.streamed = False
        self.unread = 0

    def __repr__(self) -> str:
        return f"<ResponsesFolder model={self._model!r} done={self.done} status={self._status}>"

    def event(self, payload: bytes, at: float) -> None:
        """Take in the data of one event that arrived `at` (monotonic seconds)."""
        self.streamed = True
        if payload.strip() == _DONE:
            self.done = True
            return
        try:
            event = jsontext.decode_object(payload)
        except WireError:
            self.unread += 1
            return
        name = _text(event.get("type")) or ""
        if name in _DELTAS:
            self._take_delta(event, _DELTAS[name], at)
        elif name.startswith("response.output_item."):
            self._take_item(event, at)
        elif "response" in event:
            self._take_response(event["response"])
            self.done = self.done or name in _LAST_EVENTS
        elif name == "error" or event.get("error"):
            self._fail(event)

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
        self._take_response(document)
        known = "output" in document or "usage" in document
        self.done = self._error is None and known and self._status not in _UNDER_WAY

    def _take_response(self, response: Any) -> None:
        if not isinstance(response, dict):
            return
        self._id = _text(response.get("id")) or self._id
        self._model = _text(response.get("model")) or self._model
        self._tier = _text(response.get("service_tier")) or self._tier
        self._status = _text(response.get("status")) or self._status
        self._usage.add(response.get("usage"))
        if response.get("error"):
            self._fail(response)
        details = response.get("incomplete_details")
        if isinstance(details, dict):
            self._cut_by = _text(details.get("reason")) or self._cut_by
        output = response.get("output")
        for index, item in enumerate(output if isinstance(output, list) else ()):
            take_item(self._blocks, index, item)

    def _fail(self, event: Mapping[str, Any]) -> None:
        """Keep the first error: a bare `error` says more than the `response.failed` after it."""
        self._error = self._error or errors.read_object(event)

    def _take_item(self, event: Mapping[str, Any], at: float) -> None:
        take_item(self._blocks, event.get("output_index"), event.get("item"))
        if self._first_at is None and self._blocks.has(event.get("output_index")):
            self._first_at = self._last_at = at  # of servers that send no pieces

    def _take_delta(self, event: Mapping[str, Any], kind: Kind, at: float) -> None:
        piece = event.get("delta")
        if isinstance(piece, str) and piece:
            self._blocks.add(event.get("output_index"), kind, piece)
            self._first_at = at if self._first_at is None else self._first_at
            self._last_at = at

    def _finish(self) -> str | None:
        """Return why it ended, in the words of chat completions."""
        if self._status == "incomplete":
            return _CUT_BY.get(self._cut_by or "", self._cut_by or self._status)
        if self._status == "completed" or (self._status is None and self.done and self._error is None):
            return "tool_calls" if self._blocks.calls else "stop"
        return self._status if self._status == "cancelled" else None

    def result(self, *, dialect: str, asked_model: str | None) -> ChatReply:
        """Return the facts as far as they are in."""
        raw = self._usage.value
        usage = normal_form(_with_total(raw), dialect=dialect, model=self._model or asked_model) if raw else None
        finish = self._finish()
        complete = self.done or bool(finish and usage)
        return ChatReply(
            id=self._id,
            model=self._model,
            finish_reasons=(finish,) if finish else (),
            usage=usage,
            error=self._error,
            complete=complete,
            first_token_at=self._first_at,
            last_token_at=self._last_at,
            streamed=self.streamed,
            service_tier=self._tier,
            raw_usage=raw if usage else None,
            seen=None if usage else self._blocks.seen(),
            context=_context(raw) if usage and raw else None,
            deferred=not self.streamed and self._status in _UNDER_WAY and usage is None,
            messages=(self._blocks.message(whole=complete and self._error is None),) if self._blocks or finish else (),
        )


def _with_total(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the usage with a total, so that reasoning is looked for inside the output: under this API it always is."""
    given, made = token_count(raw.get("input_tokens")), token_count(raw.get("output_tokens"))
    if raw.get("total_tokens") is not None or given is None or made is None:
        return raw
    return {**raw, "total_tokens": given + made}


def _context(raw: Mapping[str, Any]) -> int | None:
    """Return the prompt tokens of the last pass, where it says so. Source: recorded replies of xAI."""
    details = raw.get("context_details")
    return token_count(details.get("input_tokens")) if isinstance(details, dict) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
