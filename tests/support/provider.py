"""A provider that bills by plain rules, for tests that know what the bill must be."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from costproxy.demo.chat import Chat, usage
from costproxy.demo.counting import prompt_parts, prompt_tokens
from costproxy.demo.plan import Plan, Until
from costproxy.demo.replies import json_reply, stream
from costproxy.demo.seen import SeenRequest
from costproxy.demo.speech import words

Body: TypeAlias = dict[str, Any]
OUTPUT = 20  # tokens of every reply


def counted(body: Body) -> int:
    """Return the prompt tokens of a chat request, by the demo provider's rules."""
    return prompt_tokens(prompt_parts(body))


class Provider:
    """Answers chats, requests of the Responses API and questions for the list of models; a responder.

    Every reply has words of its own and `OUTPUT` tokens, and names the model that was asked for. It keeps the `bodies`
    of the requests that it worked on, and in `bills` the prompt tokens of each.
    """

    def __init__(
        self,
        *,
        bill: Callable[[Body], int] = counted,
        cached: Callable[[Body], int] = lambda _: 0,
        refuse: Callable[[Body], Plan | None] = lambda _: None,
        said: Callable[[int], str] = "This is what I have to say to question number {}.".format,
        calls: Callable[[Body], Sequence[Body]] = lambda _: (),
        models: Sequence[Mapping[str, Any]] = (),
        until: Until | None = None,
    ) -> None:
        """Take the rules: tokens of a prompt, those of them from a cache, who is refused, what is said and called.

        `until` holds every reply back.
        """
        self.bodies: list[Body] = []
        self.bills: list[int] = []
        self._bill = bill
        self._cached = cached
        self._refuse = refuse
        self._said = said
        self._calls = calls
        self._models = models
        self._until = () if until is None else (until,)
        self._stored: dict[str, int] = {}  # id of a response -> tokens that its conversation has by then

    def __repr__(self) -> str:
        return f"<Provider {len(self.bodies)} requests>"

    def __call__(self, request: SeenRequest) -> Plan:
        """Answer one request."""
        if request.path == "/v1/models":
            return json_reply({"object": "list", "data": list(self._models)})
        body = request.json()
        refused = self._refuse(body)
        if refused is not None:
            return refused
        self.bodies.append(body)
        return (*self._until, *(self._response(body) if request.path == "/v1/responses" else self._chat(body)))

    def _chat(self, body: Body) -> Plan:
        prompt, text, calls = self._bill(body), self._said(len(self.bodies)), self._calls(body)
        self.bills.append(prompt)
        spent = usage(prompt, OUTPUT, cached=self._cached(body))
        chat = Chat(id=f"chatcmpl-{len(self.bodies)}", model=body["model"])
        if body.get("stream"):
            return stream(chat.text(*words(text), usage=spent))
        return json_reply(chat.completion(text, spent, tool_calls=calls, finish="tool_calls" if calls else "stop"))

    def _response(self, body: Body) -> Plan:
        number = len(self.bodies)
        new = counted({"messages": [{"role": "user", "content": body["input"]}]})
        prompt = self._stored.get(body.get("previous_response_id") or "", 0) + new
        self._stored[f"resp_{number}"] = prompt + OUTPUT
        self.bills.append(prompt)
        content = [{"type": "output_text", "text": self._said(number), "annotations": []}]
        message = {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed"}
        return json_reply(
            {
                "id": f"resp_{number}",
                "object": "response",
                "status": "completed",
                "model": body["model"],
                "output": [{**message, "content": content}],
                "usage": {"input_tokens": prompt, "output_tokens": OUTPUT, "total_tokens": prompt + OUTPUT},
            }
        )
